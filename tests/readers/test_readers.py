"""The oldest supported version of each engine reads every file; ``make readers`` tries many more."""

from __future__ import annotations

import os

import pytest
from files import COUNTRIES, Table, write_files
from matrix import READERS, CannotMakeError, Reader, differences

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Table]:
    return write_files(tmp_path_factory.mktemp("readers"))


@pytest.mark.parametrize("reader", [one for one in READERS if one.is_oldest], ids=str)
def test_the_oldest_supported_version_reads_every_file(
    tables: dict[str, Table], reader: Reader
) -> None:
    try:
        found = reader.read(tables)
    except CannotMakeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    assert differences(tables, found["tables"]) == {}


def test_the_truth_is_what_is_known(tables: dict[str, Table]) -> None:
    weights = tables["tile_weights"]
    assert weights.truth["integers"]["weight_fp"] == str(10**12 * (len(COUNTRIES) - 1))
    assert weights.truth["countries"].keys() == {*COUNTRIES} - {"VA"}
    assert tables["tile_weights without rows"].truth["countries"] == {}


def test_a_misread_value_is_seen(tables: dict[str, Table]) -> None:
    names = ("tile_index", "sample")
    found = {name: dict(tables[name].truth) for name in names}
    asked = {name: tables[name] for name in names}
    assert differences(asked, found) == {}
    found["sample"]["integers"] = {"tile_id": "1"}
    found["tile_index"] = {"error": "no"}
    assert differences(asked, found).keys() == {*names}
