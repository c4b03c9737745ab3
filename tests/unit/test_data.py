"""report.data: typed loading, and errors that say where."""

import json

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


@pytest.mark.parametrize("wrong", BAD["wrong cells"], ids=lambda wrong: wrong["value"])
def test_a_wrong_cell_is_named(package, wrong):
    package("2024-01-01,2023,1,0.1,false,z", wrong["row"])
    with pytest.raises(data.DataError, match=r"things\.csv row 3") as error:
        data.load("things")
    said = [repr(wrong["column"]), repr(wrong["value"]), wrong["expected"]]
    assert [words for words in said if words not in str(error.value)] == []


def test_dates_of_history_load(package):
    package("1648-10-24,,,,,", "1815-06-09,1815,,,,")
    frame = data.load("things")
    assert frame["day"].tolist() == [pd.Timestamp("1648-10-24"), pd.Timestamp("1815-06-09")]
    assert frame["year"].tolist() == [pd.NA, 1815]


@pytest.mark.parametrize("torn", BAD["torn"], ids=lambda torn: torn["says"])
def test_a_torn_file_is_named(package, torn):
    package(*torn["rows"], header=torn["header"])
    with pytest.raises(data.DataError, match=torn["says"]):
        data.load("things")


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
    assert (data.loaded(), [*data.used()]) == ([], ["description of things"])
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
