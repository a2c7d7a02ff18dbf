"""Only what is asked for is read and checked; bad rows may be left out, and are named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import shapely

from closedworld.errors import ClosedWorldError, ConfigError
from closedworld.inputs.regions.country_reading import check_countries, read_countries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]

MALTA = shapely.box(14.2, 35.8, 14.6, 36.1)
FRANCE = shapely.box(0, 44, 4, 48)
BOW = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
ROWS = [
    ("AQ", "Antarctica", BOW),
    ("FJ", "Fiji", shapely.box(-10, 95, 0, 99)),
    ("MT", "Malta", MALTA),
    ("-99", "Nowhere", None),
    ("FR", "France", FRANCE),
]
NAMES = ["w.gpkg", "w.shp", "w.geojson", "w.parquet"]


@pytest.mark.parametrize("name", NAMES)
def test_a_selection_reads_and_checks_the_selected_alone(name: str, write: Write) -> None:
    """All other rows are invalid, off the globe or empty, and nothing is said of them."""
    path = write(name, ROWS)
    found = read_countries(path, countries="mt")
    assert found.isos == ("MT",)
    assert not found.notes
    (feature,) = found["MT"].features
    assert feature.equals(MALTA)
    assert read_countries(path, countries=["MT", "FR"]).isos == ("FR", "MT")
    assert not check_countries(path).ok


@pytest.mark.parametrize("name", ["w.gpkg", "w.parquet"])
def test_exceptions_are_not_checked_and_what_remains_is(name: str, write: Write) -> None:
    path = write(name, ROWS)
    check = check_countries(path, except_countries="AQ,FJ")
    assert [(problem.code, problem.row) for problem in check.problems] == [("code-unknown", 4), ("geometry-empty", 4)]  # fmt: skip
    found = read_countries(path, except_countries=["AQ", "fj"], skip_unknown_codes=True)
    assert found.isos == ("FR", "MT")
    assert [note.kind for note in found.notes] == ["skipped"]


@pytest.mark.parametrize("option", ["countries", "except_countries"])
def test_a_code_that_the_file_does_not_have_is_an_error(option: str, write: Write) -> None:
    options: Any = {option: "MLT,IT"}
    with pytest.raises(ConfigError, match="'MLT', 'IT'") as caught:
        read_countries(write("w.gpkg", ROWS), **options)
    assert caught.value.code == "country-unknown"
    assert "MLT is MT here" in caught.value.hint


def test_selection_and_exception_together(write: Write) -> None:
    path = write("w.gpkg", ROWS)
    assert read_countries(path, countries="MT,FR,AQ", except_countries="AQ").isos == ("FR", "MT")
    with pytest.raises(ClosedWorldError) as caught:
        read_countries(path, countries="MT", except_countries="MT")
    assert caught.value.code == "countries-none"


@pytest.mark.parametrize("name", NAMES)
def test_bad_rows_are_left_out_and_named(name: str, write: Write) -> None:
    found = read_countries(write(name, ROWS), skip_bad_rows=True)
    assert found.isos == ("FR", "MT")
    notes = [note for note in found.notes if note.kind == "skipped"]
    assert sorted(note.figures[0][1] for note in notes) == [1, 2, 4]
    messages = " ".join(note.message for note in notes)
    for part in ("AQ 'Antarctica' (row 1) is not a valid polygon", "not on the globe", "-99"):
        assert part in messages


def test_a_country_loses_only_its_bad_rows(write: Write) -> None:
    rows = [
        ("FR", "France", FRANCE),
        ("FR", "Corsica", BOW),
        ("FR", "", None),
        ("MT", "Malta", None),
    ]
    found = read_countries(write("w.parquet", rows), skip_bad_rows=True)
    assert found.isos == ("FR",)
    assert found["FR"].features == (shapely.MultiPolygon([FRANCE]),)
    assert [note.kind for note in found.notes] == ["skipped"] * 3


def test_nothing_left_is_an_error(write: Write) -> None:
    with pytest.raises(ClosedWorldError) as caught:
        read_countries(write("w.gpkg", [("FR", "", BOW), ("MT", "", None)]), skip_bad_rows=True)
    assert caught.value.code == "countries-none"
