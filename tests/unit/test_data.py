"""report.data: typed loading, and errors that say where."""

import json
import re

import pandas as pd
import pytest
from copies import cases

from report import data

BAD = cases("bad_rows")
HEADER, ROW = "day,year,count,share,known,name", "2024-02-29,2024,3,0.5,true,a"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A data folder of one table; returns a function that writes its CSV."""
    types = ["date", "year", "integer", "number", "boolean", "string"]
    pairs = zip(HEADER.split(","), types, strict=True)
    schema = {"fields": [{"name": name, "type": kind} for name, kind in pairs]}
    table = {"name": "things", "path": "things.csv", "title": "Things", "schema": schema}
    descriptor = tmp_path / "datapackage.json"
    descriptor.write_text(json.dumps({"resources": [table]}))
    monkeypatch.setattr(data, "DATA", tmp_path)
    monkeypatch.setattr(data, "PACKAGE", descriptor)
    monkeypatch.setattr(data, "_used", {})
    data.package.cache_clear()

    def write(*rows, header=HEADER):
        (tmp_path / "things.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")

    def describe(*tables):
        descriptor.write_text(json.dumps({"resources": tables}))
        data.package.cache_clear()

    write.table, write.descriptor, write.describe = table, descriptor, describe
    yield write
    data.package.cache_clear()


def test_columns_are_typed_and_empty_cells_missing(package):
    package("2024-02-29,2024,3,0.5,true,Åland", ",,,,,", ",,,,false,")
    frame = data.load("things")
    assert frame["day"][0] == pd.Timestamp("2024-02-29")
    assert (frame["year"][0], frame["count"][0], frame["share"][0]) == (2024, 3, 0.5)
    assert frame["known"].tolist() == [True, pd.NA, False]
    assert frame["name"][0] == "Åland"
    assert frame.iloc[1].isna().all()


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad["says"][0][9:60])
def test_all_that_is_wrong_with_a_file_is_said_with_row_column_and_value(package, bad):
    raw = bad["file"].replace("HEADER", HEADER).replace("ROW", ROW).encode(bad.get("as", "utf-8"))
    (data.DATA / "things.csv").write_bytes(raw)
    frame, problems = data.cells(raw, package.table)
    assert [*map(str, problems or data.typed(frame, package.table)[1])] == bad["says"]
    with pytest.raises(data.DataError, match=re.escape(bad["says"][0])):
        data.load("things")


def test_dates_of_history_load(package):
    package("1648-10-24,,,,,", "1815-06-09,1815,,,,")
    frame = data.load("things")
    assert frame["day"].tolist() == [pd.Timestamp("1648-10-24"), pd.Timestamp("1815-06-09")]
    assert frame["year"].tolist() == [pd.NA, 1815]


def test_a_table_that_is_loaded_again_is_as_in_the_file_until_that_changes(package):
    package(ROW)
    frame = data.load("things")
    frame.loc[0, "count"] = 7
    assert data.load("things")["count"].tolist() == [3]
    package("2024-02-29,2024,4,0.5,true,a")
    assert data.load("things")["count"].tolist() == [4]


def test_a_table_or_file_that_is_not_there_is_named(package):
    with pytest.raises(data.DataError, match=r"no table 'thinks'.*there are: things"):
        data.load("thinks")
    with pytest.raises(data.DataError, match=r"things\.csv: No such file or directory, but"):
        data.load("things")


def test_a_path_that_leaves_the_folder_is_refused(package):
    package.table["path"] = "../../etc/passwd"
    package.describe(package.table)
    with pytest.raises(data.DataError, match="leaves data/"):
        data.load("things")


def test_a_descriptor_that_is_not_json_is_named(package):
    package.descriptor.write_text("{")
    data.package.cache_clear()
    with pytest.raises(data.DataError, match=r"datapackage\.json is not valid JSON"):
        data.tables()


def test_a_digest_follows_rows_and_descriptor(package):
    package(ROW)
    first = data.digest("table things")
    package("2024-02-29,2024,4,0.5,true,a")
    second = data.digest("table things")
    package.table["title"] = "Other things"
    package.describe(package.table)
    assert len({first, second, data.digest("table things")}) == 3
    assert {data.digest("table thinks"), data.digest("description of thinks")} == {""}


def test_what_is_read_is_recorded_with_the_digest_of_what_was_read(package):
    package(ROW)
    data.describe("things")
    described = {"description of things": data.digest("description of things")}
    assert (data.loaded(), data.used()) == ([], described)
    data.load("things")
    read = data.digest("table things")
    package("2024-02-29,2024,4,0.5,true,a")  # saved after the cell that loads it
    assert data.loaded() == ["things"]
    assert data.used() == {"table things": read} != {"table things": data.digest("table things")}
    data.tables()
    assert data.used()["list of tables"] == data.digest("list of tables")
    package.describe()
    assert data.used()["list of tables"] != data.digest("list of tables")


def test_the_data_folder_is_that_of_this_repository():
    assert (data.ROOT / "book/report/data.py").samefile(data.__file__)
    assert data.DATA == data.ROOT / "data"


def test_a_table_is_found_by_its_name_alone(package):
    other = {**package.table, "name": "zebras", "title": "Zebras"}
    package.describe(other, package.table, {**other, "name": "apes", "title": "Apes"})
    titles = [data.describe(name)["title"] for name in ("things", "apes", "zebras")]
    assert titles == ["Things", "Apes", "Zebras"]


def test_a_digest_is_short_and_does_not_follow_the_order_of_keys(package):
    package(ROW)
    keys = ("table things", "description of things")
    first = [data.digest(key) for key in keys]
    package.describe(dict(reversed(package.table.items())))
    assert [data.digest(key) for key in keys] == first
    assert {len(digest) for digest in first} == {16}


def test_a_frame_without_rows_or_a_column_is_refused():
    frame = pd.DataFrame({"a": [1]})
    data.check(frame, ["a"], "tbl-x")
    for rows, columns, says in (
        (frame, ["a", "b"], r"tbl-x: no column \['b'\] in the frame; it has \['a'\]"),
        (frame[:0], ["a"], "tbl-x: the frame has no rows"),
    ):
        with pytest.raises(data.DataError, match=says):
            data.check(rows, columns, "tbl-x")


@pytest.mark.parametrize(
    ("observed", "last"), [(None, "2024-03-01"), ("year", "2025"), ("", ""), ("share", "")]
)
def test_the_last_observation_is_of_the_column_that_says_so(package, observed, last):
    package.describe(package.table | ({} if observed is None else {"observed": observed}))
    package("2024-03-01,2025,,,,", "2024-02-29,2024,,,,")
    with pytest.raises(data.DataError, match="'things' was not loaded here"):
        data.last_observation("things", pd.DataFrame())
    frame = data.load("things")
    assert data.last_observation("things", frame) == last
    assert data.last_observation("things", frame[["name"]]) == ""


def test_without_a_column_of_dates_nothing_says_how_far_rows_reach(package):
    fields = [{"name": "name", "type": "string"}]
    package.describe(package.table | {"schema": {"fields": fields}})
    package("a", header="name")
    assert data.last_observation("things", data.load("things")) == ""


def test_rows_that_were_read_in_the_press_alone_are_counted(package):
    """Sources of a row are known, or those of its tables stand for it."""

    def table(name, *columns):
        fields = [{"name": column, "type": "string"} for column in columns]
        return {"name": name, "path": f"{name}.csv", "title": name, "schema": {"fields": fields}}

    package("a,b", header="name,zone")
    texts = {"sources": "source_key,kind\np,press report\ns,state media\nt,treaty\n"}
    texts["events"] = "source,source_2,name\np,,a\ns,p,b\np,t,c\nt,,d\nt,p,e\n"
    for name, text in texts.items():
        (data.DATA / f"{name}.csv").write_text(text)
    columns = [text.partition("\n")[0].split(",") for text in texts.values()]
    described = [table(n, *c) for n, c in zip(texts, columns, strict=True)]
    package.describe(*described, table("things", "name", "zone"))
    rows = data.load("events")
    counts = {"press": 2, "rows": 5, "of": "rows"}
    assert data.read_in_press(["events", "things"], rows) == counts
    assert data.read_in_press(["events"], rows[2:]) == counts | {"press": 0, "rows": 3}
    summed = data.read_in_press(["events"], rows[["name"]][:1])
    assert summed == counts | {"of": "rows of its tables"}
    assert data.read_in_press(["things"], rows) == {"press": 0, "rows": 0, "of": ""}


@pytest.mark.parametrize(("count", "shown"), [(2, 2), (3, 3), (4, 1)])
def test_of_many_tables_the_first_alone_says_how_it_was_selected(package, count, shown):
    more = {"sources": [{"title": "S"}], "restricted": False}
    tables = [
        package.table | more | {"name": f"t{n}", "title": f"T{n}", "selection": "some"}
        for n in range(count)
    ]
    package.describe(*tables)
    line = data.source_line([table["name"] for table in tables])
    assert line["selections"] == {f"T{n}": "some" for n in range(shown)}
    assert line["sources"] == [{"title": "S", "url": ""}] and len(line["tables"]) == count
