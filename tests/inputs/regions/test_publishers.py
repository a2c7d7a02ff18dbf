"""Codes and columns as publishers write them, wrong columns, and codes that are not those of countries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import shapely

from closedworld.errors import ConfigError, InputError
from closedworld.inputs.regions.country_reading import (
    check_countries,
    countries_from_features,
    read_countries,
)

if TYPE_CHECKING:
    from pathlib import Path

GREECE, BRITAIN, KOSOVO, FRANCE = (
    shapely.box(*bounds) for bounds in ((20, 36, 26, 41), (-6, 50, 1, 58), (20, 42, 21.5, 43), (0, 44, 4, 48))
)  # fmt: skip


def collection(
    path: Path, rows: list[tuple[dict[str, Any], shapely.Geometry]], ids: Any = ()
) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for properties, shape in rows
    ]
    for feature, own in zip(features, ids, strict=False):
        feature["id"] = own
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.mark.parametrize(
    ("publisher", "properties", "column", "iso"),
    [
        ("GISCO", {"CNTR_ID": "EL", "CNTR_NAME": "Ελλάδα", "NAME_ENGL": "Greece", "ISO3_CODE": "GRC"}, "ISO3_CODE", "GR"),
        ("GISCO before 2020", {"CNTR_ID": "UK", "NAME_ENGL": "United Kingdom"}, "CNTR_ID", "GB"),
        ("NUTS", {"NUTS_ID": "EL30", "CNTR_CODE": "EL", "NUTS_NAME": "Attiki"}, "CNTR_CODE", "GR"),
        ("GADM", {"GID_0": "XKO", "COUNTRY": "Kosovo"}, "GID_0", "XK"),
        ("GADM 3", {"GID_0": "GRC", "NAME_0": "Greece"}, "GID_0", "GR"),
        ("datahub", {"name": "Greece", "ISO3166-1-Alpha-3": "GRC", "ISO3166-1-Alpha-2": "GR"}, "ISO3166-1-Alpha-2", "GR"),
        ("datahub before 2024", {"ADMIN": "Greece", "ISO_A3": "GRC"}, "ISO_A3", "GR"),
        ("mledoze", {"cca2": "gr"}, "cca2", "GR"),
        ("mledoze, numbers", {"ccn3": "300"}, "ccn3", "GR"),
        ("Natural Earth", {"ADM0_A3": "GRC", "ISO_A2": "-99", "ISO_A2_EH": "GR", "ADMIN": "Greece"}, "ISO_A2_EH", "GR"),
        ("Natural Earth, numbers", {"ISO_N3": "300"}, "ISO_N3", "GR"),
        ("geoBoundaries", {"shapeName": "Greece", "shapeGroup": "GRC"}, "shapeGroup", "GR"),
        ("UN", {"iso3cd": "GRC", "m49_cd": 300, "nam_en": "Greece"}, "iso3cd", "GR"),
        ("World Bank", {"WB_A3": "ROM"}, "WB_A3", "RO"),
        ("OpenDataSoft", {"iso_3166_1_alpha_2_codes": "GR", "name": "Greece"}, "iso_3166_1_alpha_2_codes", "GR"),
    ],
)  # fmt: skip
def test_columns_of_publishers_are_found(
    publisher: str, properties: dict[str, Any], column: str, iso: str, tmp_path: Path
) -> None:
    check = check_countries(collection(tmp_path / "a.geojson", [(properties, GREECE)]))
    assert check.ok, publisher
    assert (check.code_column, check.countries.isos) == (column, (iso,))


@pytest.mark.parametrize("ids", [["300", "826"], ["GRC", "GBR"], ["051", "008"], ["EL", "UK"]])
def test_ids_of_features_are_codes_if_all_are(ids: list[str], tmp_path: Path) -> None:
    """As world-atlas and world.geo.json have them."""
    rows: list[Any] = [({"name": "A"}, GREECE), ({"name": "B"}, BRITAIN)]
    assert len(read_countries(collection(tmp_path / "a.geojson", rows, ids))) == 2
    with pytest.raises(InputError) as caught:
        read_countries(collection(tmp_path / "b.geojson", rows, [ids[0], "zone 2"]))
    assert caught.value.code == "iso-column-missing"


def test_codes_of_publishers_are_mapped_with_a_notice_each(tmp_path: Path) -> None:
    rows = [({"CNTR_ID": code}, shape) for code, shape in (("EL", GREECE), ("UK", BRITAIN), ("UK", KOSOVO), ("FR", FRANCE))]  # fmt: skip
    found = read_countries(collection(tmp_path / "a.geojson", rows))
    assert found.isos == ("FR", "GB", "GR")
    told = {note.iso: note.message for note in found.notes if note.kind == "mapped"}
    assert told == {
        "GB": "UK is taken for GB (United Kingdom).",
        "GR": "EL is taken for GR (Greece).",
    }


def test_a_column_that_holds_only_codes_is_offered(tmp_path: Path) -> None:
    rows = [({"land": code, "note": text}, shape) for code, text, shape in (("GRC", "x", GREECE), ("gb", "FR", BRITAIN))]  # fmt: skip
    path = collection(tmp_path / "a.geojson", rows)
    with pytest.raises(InputError, match="land holds only codes: --iso-column land") as caught:
        read_countries(path)
    assert caught.value.code == "iso-column-missing"
    assert read_countries(path, iso_column="land").isos == ("GB", "GR")


@pytest.mark.parametrize("column", ["NAME", "POP", "NOTHING"])
def test_a_wrong_column_is_one_problem_not_one_for_each_row(column: str, tmp_path: Path) -> None:
    rows = [
        ({"ISO_A2": code, "NAME": f"Land {code}", "POP": 5_000_000, "NOTHING": None}, shape)
        for code, shape in (("GR", GREECE), ("GB", BRITAIN), ("FR", FRANCE))
    ]
    check = check_countries(collection(tmp_path / "a.geojson", rows), iso_column=column)
    (problem,) = check.problems
    assert problem.code == "code-unknown"
    assert f"column {column} has a code of ISO 3166-1 in none of its 3 rows" in problem.message
    assert "Pass --iso-column ISO_A2" in problem.hint


def test_advice_names_another_column_only_if_it_has_more_codes(tmp_path: Path) -> None:
    """datahub marks France -99 in both of its columns: either would lead to the other."""
    rows = [
        ({"ISO3166-1-Alpha-3": "-99", "ISO3166-1-Alpha-2": "-99", "name": "France"}, FRANCE),
        ({"ISO3166-1-Alpha-3": "GRC", "ISO3166-1-Alpha-2": "GR", "name": "Greece"}, GREECE),
    ]
    (problem,) = check_countries(collection(tmp_path / "a.geojson", rows)).problems
    assert "row 1 'France'" in problem.message
    assert "--iso-column" not in problem.hint
    rows[0][0]["ADM0_A3"] = "FRA"
    rows[1][0]["ADM0_A3"] = "GRC"
    (problem,) = check_countries(collection(tmp_path / "b.geojson", rows)).problems
    assert "pass --iso-column ADM0_A3" in problem.hint


STATES = {
    "US": [("DE", "Delaware"), ("CA", "California"), ("NY", "New York"), ("GA", "Georgia")],
    "CA": [("NL", "Newfoundland and Labrador"), ("SK", "Saskatchewan"), ("QC", "Québec")],
    "DE": [("BE", "Berlin"), ("BY", "Bayern"), ("HH", "Hamburg"), ("SH", "Schleswig-Holstein")],
    "CH": [("BE", "Bern"), ("ZH", "Zürich"), ("AG", "Aargau"), ("GE", "Genève")],
    "BR": [("BA", "Bahia"), ("SP", "São Paulo"), ("AL", "Alagoas")],
}


@pytest.mark.parametrize("federation", STATES)
@pytest.mark.parametrize("skip", [False, True])
def test_states_are_not_taken_for_countries(federation: str, *, skip: bool) -> None:
    rows = [
        (code, name, shapely.box(i, 0, i + 1, 1))
        for i, (code, name) in enumerate(STATES[federation])
    ]
    with pytest.raises(InputError) as caught:
        countries_from_features(rows, skip_unknown_codes=skip)
    assert "names contradict the codes" in caught.value.message
    assert "--regions any" in caught.value.hint


@pytest.mark.parametrize(
    "rows",
    [
        [("GE", "Georgia"), ("US", "United States")],
        [("DE", "Deutschland"), ("CA", "Kanada"), ("BE", "Belgique")],
        [("US", "Delaware"), ("US", "California"), ("DE", "Berlin")],
        [("LU", "Luxembourg"), ("MX", "Mexico"), ("JE", "Jersey")],
        [("LR", "Maryland"), *((iso, "Land") for iso in ("AT", "BG", "CY", "CZ", "DK", "EE", "ES", "FI", "FR", "GB"))],
    ],
)  # fmt: skip
def test_names_of_countries_in_any_language_and_their_own_states_are_no_contradiction(
    rows: list[tuple[str, str]],
) -> None:
    given = [(code, name, shapely.box(i, 0, i + 1, 1)) for i, (code, name) in enumerate(rows)]
    assert countries_from_features(given).isos == tuple(sorted({code for code, _ in rows}))


def states(**options: Any) -> Any:
    rows = [
        (code, name, shapely.box(i, 0, i + 1, 1))
        for i, (code, name) in enumerate([*STATES["US"], ("US.TX", "Texas"), ("01001", "A town")])
    ]
    return countries_from_features(rows, regions="any", **options)


def test_regions_have_codes_of_their_own_and_the_same_laws() -> None:
    found = states()
    assert found.isos == ("01001", "CA", "DE", "GA", "NY", "US.TX")
    assert found["DE"].name == "Delaware"
    assert (found.regions, found.own_codes) == ("any", found.isos)
    assert found.select("de,US.TX").isos == ("DE", "US.TX")
    assert states(countries="NY,us.tx".upper()).isos == ("NY", "US.TX")
    assert "CA" not in states(except_countries=["CA"])
    with pytest.raises(ConfigError) as caught:
        states(countries="TX")
    assert caught.value.code == "country-unknown"


@pytest.mark.parametrize(
    "code", ["", None, "a b", "São Paulo", "../x", "x/y", "-x", "x.", "y" * 65, 2.5]
)
def test_codes_that_cannot_name_files_are_refused_or_skipped(code: Any) -> None:
    rows = [("DE11", "Stuttgart", FRANCE), (code, "B", GREECE)]
    with pytest.raises(InputError) as caught:
        countries_from_features(rows, regions="any")
    assert caught.value.code == "code-unusable"
    found = countries_from_features(rows, regions="any", skip_bad_rows=True)
    assert found.isos == ("DE11",)
    assert [note.kind for note in found.notes] == ["skipped"]


def test_codes_that_differ_in_case_alone_are_refused() -> None:
    """Some file systems would see one name."""
    with pytest.raises(InputError, match="in letter case alone: DE11 and de11") as caught:
        countries_from_features([("DE11", "", FRANCE), ("de11", "", GREECE)], regions="any")
    assert caught.value.code == "code-unusable"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"regions": "any"}, "regions-codes"),
        ({"code_column": "x"}, "regions-codes"),
        ({"regions": "any", "code_column": "x", "iso_column": "x"}, "regions-codes"),
        ({"regions": "nuts"}, "regions-unknown"),
    ],
)
def test_options_of_regions_come_together(options: Any, code: str, tmp_path: Path) -> None:
    path = collection(tmp_path / "a.geojson", [({"x": "EL30"}, GREECE)])
    with pytest.raises(ConfigError) as caught:
        read_countries(path, **options)
    assert caught.value.code == code
    assert read_countries(path, regions="any", code_column="x").isos == ("EL30",)
