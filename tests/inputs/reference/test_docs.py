"""docs/data-sources.md says what the files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from closedworld.inputs.reference.registry import bundled_files

Rows = list[dict[str, str]]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "data-sources.md"


@pytest.fixture(scope="module")
def table_rows() -> set[tuple[str, ...]]:
    """Every table row of the page, as stripped cells without code marks."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return {
        tuple(cell.strip().strip("`") for cell in line.strip("|").split("|"))
        for line in lines
        if line.startswith("|")
    }


def test_every_file_stands_with_its_size_and_licence(table_rows: set[tuple[str, ...]]) -> None:
    told = {(row[0], row[2], row[3]) for row in table_rows if len(row) == 4}
    for entry in bundled_files():
        assert (entry.name, f"{entry.size_bytes:,}", entry.licence) in told
    total = sum(entry.size_bytes for entry in bundled_files())
    assert ("together", f"{total:,}", "") in told


def test_every_source_stands_with_its_address() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for entry in bundled_files():
        assert f"<{entry.source_url}>" in page


def test_carved_codes_are_those_of_the_provenance(
    table_rows: set[tuple[str, ...]], provenance: Rows, population_rows: Rows
) -> None:
    persons = {row["country_iso"]: f"{int(row['population']):,}" for row in population_rows}
    carved = {
        (row["code"], row["name"], row["steps"].removeprefix("carved from "), persons[row["code"]])
        for row in provenance
        if row["steps"].startswith("carved from ")
    }
    told = {
        (row[0], row[1], row[2], row[6]) for row in table_rows if len(row) == 7 and len(row[0]) == 2
    }
    assert told == carved
    assert len(carved) == 11


def test_every_box_of_the_provenance_stands_in_the_page(
    table_rows: set[tuple[str, ...]], provenance: Rows
) -> None:
    boxes = {
        (row[0], f"{row[3]}, parts", *row[4].split(" to "), *row[5].split(" to "))
        for row in table_rows
        if len(row) == 7 and len(row[0]) == 2
    }
    for code, place, west, east, south, north in boxes:
        note = next(row["note"] for row in provenance if row["code"] == code)
        assert place in note
        assert f"box: west {west} south {south} east {east} north {north}" in note


def test_merged_repaired_and_left_out_are_those_of_the_provenance(
    table_rows: set[tuple[str, ...]], provenance: Rows
) -> None:
    for row in provenance:
        if "merged" in row["steps"]:
            assert (row["code"], row["source_features"].replace("; ", ", ")) in table_rows
        if "repaired" in row["steps"]:
            areas = (row["area_before_repair_deg2"], row["area_deg2"])
            assert (row["code"], row["note"], *areas) in table_rows
        if row["outcome"] == "left out":
            area = f"{float(row['area_deg2']):.6f}"
            assert (row["name"], row["parts"], area, row["note"]) in table_rows


def test_parents_stand_with_what_they_keep(
    table_rows: set[tuple[str, ...]], population_rows: Rows
) -> None:
    rows = {row["country_iso"]: row for row in population_rows}
    for code in ("AU", "FR", "NL", "NO", "NZ"):
        told = next(row for row in table_rows if len(row) == 4 and row[0] == code and row[2] != "")
        source, left = (f"{int(rows[code][k]):,}" for k in ("source_population", "population"))
        assert (told[1], told[3]) == (source, left)


def test_world_sum_is_told(population_rows: Rows) -> None:
    total = sum(int(row["population"]) for row in population_rows)
    assert f"{total:,} persons" in PAGE.read_text(encoding="utf-8")
