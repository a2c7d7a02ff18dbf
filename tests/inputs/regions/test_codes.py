"""A row belongs to a country only by a code of the ISO table, and a code reaches nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import shapely

from closedworld.errors import ClosedWorldError, ConfigError, InputError
from closedworld.inputs.regions.code_columns import ISO_COLUMNS, Columns, choose_columns
from closedworld.inputs.regions.country_codes import country_of
from closedworld.inputs.regions.country_reading import (
    check_countries,
    countries_from_features,
    read_countries,
)
from closedworld.inputs.regions.read_options import ReadOptions
from closedworld.inputs.regions.rows import Header, Rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Write = Callable[..., Path]


@dataclass
class SomeColumns:
    """A file whose columns all hold the same text."""

    header: Header

    def rows(
        self, columns: tuple[str, ...], keep: Sequence[int] | None = None, *, geometry: bool = True
    ) -> Rows:
        assert keep is None
        assert not geometry
        return Rows([], {name: ["x"] for name in columns})


def choose(available: list[str], **options: Any) -> Columns:
    return choose_columns(SomeColumns(Header(tuple(available), None)), ReadOptions(**options))


SQUARE = shapely.box(5, 47, 15, 55)
OTHER = shapely.box(20, 47, 25, 55)


@pytest.mark.parametrize(
    ("value", "iso"),
    [("DE", "DE"), (" de ", "DE"), ("DEU", "DE"), ("deu\n", "DE"), ("XK", "XK"), ("XKX", "XK"),
     ("276", "DE"), (276, "DE"), (276.0, "DE"), ("051", "AM"), ("51", "AM"), (8, "AL"), ("004", "AF"),
     ("EL", "GR"), ("uk", "GB"), ("XKO", "XK"), ("KOS", "XK"), ("ROM", "RO"), ("PSX", "PS")],
)  # fmt: skip
def test_every_form_of_a_code_in_any_case(value: object, iso: str) -> None:
    assert country_of(value)[0] == iso


@pytest.mark.parametrize(
    "value",
    [None, "", "-99", "ZZ", "../x", "D E", "DE/", "D\x00E", "DE\x1b[31m", 999, -99, 1000, 2.5,
     float("nan"), float("inf"), True, b"DE", "2 76", "1276", "\u0662\u0667\u0666", "\ufb01", "\u0131s", "i\u017f", "D\u0415"],
)  # fmt: skip
def test_everything_else_is_no_country(value: object) -> None:
    """Letters that ``upper`` turns into ASCII ones and Cyrillic look-alikes included."""
    assert country_of(value) == (None, None)


HOSTILE = ["-99", "../../etc", "D\x1b[31mE", "x" * 5000, ""]


@pytest.mark.parametrize("code", HOSTILE)
def test_an_unknown_code_names_row_and_name_and_shows_nothing_raw(code: str, write: Write) -> None:
    path = write("w.parquet", [("DE", "Germany", SQUARE), (code, "Bad\x1b[2J\nland", OTHER)])
    with pytest.raises(InputError) as caught:
        read_countries(path)
    assert caught.value.code == "code-unknown"
    assert "row 2 'Bad [2J land'" in caught.value.message
    assert "w.parquet" in caught.value.message
    assert repr(code)[:30] in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 200
    assert "--skip-unknown-codes" in caught.value.hint


@pytest.mark.parametrize("code", [*HOSTILE, None])
def test_rows_of_unknown_code_can_be_skipped_and_are_noted(code: str | None, write: Write) -> None:
    invalid = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    path = write("w.parquet", [("DE", "Germany", SQUARE), (code, "Bad\x1bland", invalid)])
    countries = read_countries(path, skip_unknown_codes=True)
    assert countries.isos == ("DE",)
    (note,) = countries.notes
    assert (note.kind, note.iso, dict(note.figures)) == ("skipped", "", {"row": 2})
    assert note.message.isprintable()


def test_a_file_of_nothing_but_unknown_codes_has_no_countries(write: Write) -> None:
    with pytest.raises(InputError) as caught:
        read_countries(write("w.gpkg", [("-99", "A", SQUARE)]), skip_unknown_codes=True)
    assert caught.value.code == "countries-none"


def test_a_column_of_numbers_may_hold_codes(write: Write) -> None:
    assert read_countries(write("w.gpkg", [(276, "Germany", SQUARE)])).isos == ("DE",)
    with pytest.raises(InputError, match="the code 277,") as caught:
        read_countries(write("w.gpkg", [(277, "Germany", SQUARE)]))
    assert caught.value.code == "code-unknown"


def test_a_column_of_lists_is_no_column_of_codes(tmp_path: Path) -> None:
    geometry = json.loads(shapely.to_geojson(SQUARE))
    feature = {"type": "Feature", "properties": {"iso2": ["DE", {}]}, "geometry": geometry}
    path = tmp_path / "w.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert not check_countries(path).ok


@pytest.mark.parametrize("column", [*ISO_COLUMNS, "ISO_A2_EH", "shapeGroup", "GID_0", "ISO3"])
def test_known_columns_are_found_in_any_case(column: str, write: Write) -> None:
    value = "DEU" if "3" in column or column.lower() in ("gid_0", "shapegroup") else "DE"
    countries = read_countries(write("w.parquet", [(value, "", SQUARE)], code_column=column))
    assert countries.isos == ("DE",)


def test_the_better_column_comes_first_whatever_the_order_of_the_file() -> None:
    natural_earth = ["ADM0_A3", "ISO_A3", "ISO_A2", "NAME", "ISO_A2_EH", "ADMIN"]
    chosen = choose(natural_earth)
    assert (chosen.codes, chosen.name) == ("ISO_A2_EH", "ADMIN")
    assert choose(natural_earth, iso_column="ISO_A3", name_column="NAME").codes == "ISO_A3"
    assert choose(["iso2"]).to_read == ("iso2",)


def test_a_file_without_a_known_column_lists_what_it_has(write: Write) -> None:
    path = write("w.gpkg", [("DE", "Germany", SQUARE)], code_column="land")
    with pytest.raises(InputError, match=r"--iso-column.*land, name") as caught:
        read_countries(path)
    assert caught.value.code == "iso-column-missing"
    assert read_countries(path, iso_column="land").isos == ("DE",)


def test_a_misspelt_column_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="Did you mean ISO_A2_EH"):
        choose(["ISO_A2_EH", "NAME"], iso_column="ISO_A2EH")


def test_natural_earths_minus_99_points_to_the_better_column(tmp_path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"ISO_A2": "-99", "ISO_A2_EH": "FR", "NAME": "France"},
            "geometry": json.loads(shapely.to_geojson(SQUARE)),
        }
    ]
    path = tmp_path / "ne.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert read_countries(path).isos == ("FR",)
    with pytest.raises(InputError, match="pass --iso-column ISO_A2_EH") as caught:
        read_countries(path, iso_column="ISO_A2")
    assert caught.value.code == "code-unknown"


def test_a_country_without_a_name_gets_that_of_the_iso_table(write: Write) -> None:
    rows = [("DE", None, SQUARE), ("FR", " \x00 ", OTHER)]
    countries = read_countries(write("w.parquet", rows))
    assert [country.name for country in countries] == ["Germany", "France"]


# Rows of one country -------------------------------------------------------------------------

PARTS = [
    ("FRA", "Clipperton I.", shapely.box(-110, 10, -109, 11)),
    ("FR", "France", shapely.box(0, 42, 8, 51)),
    ("fr", "Corsica", shapely.box(8.5, 41, 9.5, 43)),
]


def test_rows_of_one_country_are_kept_side_by_side_in_an_order_of_their_own() -> None:
    forwards = countries_from_features(PARTS)
    backwards = countries_from_features(reversed(PARTS))
    assert forwards == backwards
    (france,) = forwards
    assert france.name == "France"
    assert [f.bounds for f in france.features] == [
        f.bounds for f in sorted(france.features, key=shapely.to_wkb)
    ]
    assert {feature.bounds for feature in france.features} == {g.bounds for _, _, g in PARTS}
    (note,) = forwards.notes
    assert (note.kind, note.iso, dict(note.figures)) == ("merged", "FR", {"rows": 3})


def test_overlapping_rows_of_one_country_stay_two_features() -> None:
    """No union: that would compute vertices that the file does not have."""
    rows = [("DE", "", shapely.box(0, 0, 2, 2)), ("DE", "", shapely.box(1, 1, 3, 3))]
    (germany,) = countries_from_features(rows)
    assert [shapely.get_num_coordinates(feature) for feature in germany.features] == [5, 5]


def test_a_country_with_one_bad_row_is_not_given_without_it(write: Write) -> None:
    path = write("w.parquet", [*PARTS, ("FR", "Nowhere", None), ("DE", "Germany", SQUARE)])
    check = check_countries(path)
    assert [(p.code, p.row, p.iso) for p in check.problems] == [("geometry-empty", 4, "FR")]
    assert check.countries.isos == ("DE",)


# Selection -----------------------------------------------------------------------------------


def test_selection_keeps_order_and_the_notes_that_matter() -> None:
    rows: list[Any] = [*PARTS, ("DE", "Germany", SQUARE), ("XX", "?", OTHER), ("AT", "", OTHER)]
    countries = countries_from_features(rows, skip_unknown_codes=True)
    assert countries.isos == ("AT", "DE", "FR")
    assert "DE" in countries
    assert countries["DE"].name == "Germany"
    with pytest.raises(KeyError):
        countries["XX"]
    both = countries.select(["fr", "AT", "FR"])
    assert both.isos == ("AT", "FR")
    assert [note.kind for note in both.notes] == ["skipped", "merged"]
    assert [note.kind for note in countries.select(["DE"]).notes] == ["skipped"]


@pytest.mark.parametrize(
    ("asked", "advice"),
    [
        ("DEU", "DEU is DE here"),
        ("Germani", r"did you mean DE \(Germany\)"),
        ("UK", "UK is GB here"),
        ("IT", "IT is Italy, which the file does not have"),
        ("nonsense", "The file has 2: DE, GB"),
        ("../x\x1b", "The file has 2: DE, GB"),
    ],
)
def test_an_unknown_country_is_answered_with_what_may_be_meant(asked: str, advice: str) -> None:
    countries = countries_from_features([("DE", "Germany", SQUARE), ("GB", "", OTHER)])
    with pytest.raises(ConfigError, match=advice) as caught:
        countries.select([asked, "DE"])
    assert caught.value.code == "country-unknown"
    assert str(caught.value).isprintable()


def test_an_empty_selection_is_an_error() -> None:
    with pytest.raises(ConfigError) as caught:
        countries_from_features([("DE", "", SQUARE)]).select([])
    assert caught.value.code == "countries-none-selected"


# Several problems at once --------------------------------------------------------------------


def test_all_problems_are_told_at_once_and_the_list_is_cut() -> None:
    bow = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    rows = [("DE", "Germany", bow), *[("-99", f"Land {i}", SQUARE) for i in range(14)]]
    with pytest.raises(InputError) as caught:
        countries_from_features(rows)
    assert type(caught.value) is InputError
    assert caught.value.code == "countries-unusable"
    lines = caught.value.message.splitlines()
    assert lines[0] == "features has 15 problems:"
    assert lines[1].startswith("  - [geometry-invalid] DE 'Germany' (row 1) is not a valid polygon")
    assert lines[-1] == "  ... and 5 more."
    assert len(lines) == 12
    assert "--repair-geometry" in caught.value.hint


def test_problems_of_one_kind_keep_their_code() -> None:
    rows = [("DE", "", None), ("FR", "", shapely.Polygon())]
    with pytest.raises(ClosedWorldError) as caught:
        countries_from_features(rows)
    assert caught.value.code == "geometry-empty"
    assert type(caught.value).__name__ == "GeometryError"
