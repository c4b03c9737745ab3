"""report.data: typed loading, and errors that say where."""

import json

import pandas as pd
import pytest
from copies import cases

from report import data

TABLES, FILES, QUESTIONS = cases("small_package").values()
HEADER, ROW, OTHER = [*TABLES[0]["fields"]], "2024-02-29,2024,3,0.5,true,a", ",,4,,,"


def described(table):
    """What the descriptor says of a table of the small package."""
    fields = [{"name": name, "type": kind} for name, kind in table["fields"].items()]
    usual = {"path": f"{table['name']}.csv", "title": table["name"].upper(), "restricted": False}
    return usual | {"sources": [{"title": "Own count"}]} | table | {"schema": {"fields": fields}}


THINGS = described(TABLES[0])


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The small package; returns a function that writes the rows of its first table."""
    monkeypatch.setattr(data, "DATA", tmp_path)
    monkeypatch.setattr(data, "PACKAGE", tmp_path / "datapackage.json")
    monkeypatch.setattr(data, "_used", {})
    for table in TABLES:
        if "text" in table:
            (tmp_path / f"{table['name']}.csv").write_text(table["text"])

    def write(*rows):
        text = "\n".join([",".join(HEADER), *rows]) + "\n"
        (tmp_path / "things.csv").write_text(text, encoding="utf-8")

    def describe(*resources):
        data.PACKAGE.write_text(json.dumps({"resources": resources}))
        data.package.cache_clear()

    write.describe = describe
    describe(*map(described, TABLES))
    yield write
    data.package.cache_clear()


def test_columns_are_typed_and_empty_cells_missing(package):
    package("2024-02-29,2024,-3,0.5,true,Åland", ",,,,,", ",,,,false,")
    frame = data.load("things")
    kinds = ["datetime64[us]", "Int64", "Int64", "float64", "boolean", "string"]
    assert frame.dtypes.astype("str").to_dict() == dict(zip(HEADER, kinds, strict=True))
    assert frame.loc[0].tolist() == [pd.Timestamp("2024-02-29"), 2024, -3, 0.5, True, "Åland"]
    assert frame["known"].tolist() == [True, pd.NA, False]
    assert frame.loc[1].isna().all()


@pytest.mark.parametrize("case", FILES, ids=lambda case: case["says"][0])
def test_all_that_is_wrong_with_a_file_is_said_and_where(package, case):
    text = case["file"].replace("HEADER", ",".join(HEADER)).replace("ROW", ROW)
    (data.DATA / "things.csv").write_bytes(raw := text.encode(case.get("in", "utf-8")))
    frame, problems = data.cells(raw, THINGS)
    assert [*frame] == HEADER
    assert [*map(str, problems or data.typed(frame, THINGS)[1])] == case["says"]
    with pytest.raises(data.DataError) as error:
        data.load("things")
    assert str(error.value) == f"{case['says'][0]}. To list all errors: python -m publish check"


@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: case["ask"])
def test_a_question_is_answered_or_refused(package, case):
    if "package" in case:
        data.PACKAGE.write_text(case["package"], encoding=case.get("in"))
    if case.get("missing"):
        data.PACKAGE.unlink()
    data.package.cache_clear()
    try:
        said = {"answer": eval(case["ask"], {**vars(data)})}
    except data.DataError as error:
        said = {"refused": str(error).removeprefix(f"{data.DATA}/")}
    assert case | said == case


def test_a_table_that_is_loaded_again_is_as_in_the_file_until_that_changes(package):
    package(ROW)
    frame = data.load("things")
    frame.loc[0, "count"] = 7
    assert data.load("things")["count"].tolist() == [3]
    package(OTHER)
    assert data.load("things")["count"].tolist() == [4]


def test_a_digest_follows_rows_and_description_not_the_order_of_keys(package):
    def digests():
        return data.digest("table things"), data.digest("description of things")

    found = [digests()]  # there is no file yet
    for row in (ROW, OTHER):
        package(row)
        found.append(digests())
    package.describe(dict(reversed(THINGS.items())))
    assert digests() == found[-1]
    package.describe(THINGS | {"title": "Other things"})
    found.append(digests())
    assert [len({*each}) for each in zip(*found, strict=True)] == [4, 2]
    assert {len(digest) for pair in found for digest in pair} == {16}


def test_what_is_read_is_recorded_with_the_digest_of_what_was_read(package):
    package(ROW)
    keys = ["description of apes", "description of things", "list of tables", "table things"]
    read = {key: data.digest(key) for key in keys}
    data.tables(), data.describe("things"), data.describe("apes")
    assert (data.loaded(), data.used()) == ([], {key: read[key] for key in keys[:3]})
    data.load("things")
    del read["description of things"]
    package(OTHER)  # saved after the cell that loads it
    package.describe(THINGS)
    assert (data.loaded(), [*data.used().items()]) == (["things"], [*read.items()])
    assert [key for key in read if read[key] == data.digest(key)] == []


def test_the_data_folder_is_that_of_this_repository():
    assert (data.ROOT / "book/report/data.py").samefile(data.__file__)
    assert data.DATA == data.ROOT / "data"
