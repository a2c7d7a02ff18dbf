"""Summaries of tiles and of weights become rows of one table."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

from closedworld.html_report.country_rows import read_country_rows
from closedworld.kernels.tiles import CountrySummary
from closedworld.kernels.weights import BasisSummary, WeightSummary

if TYPE_CHECKING:
    from pathlib import Path


def built(iso: str, tiles: int, shared: int = 0) -> CountrySummary:
    return CountrySummary(iso, f"The {iso}", 1, tiles, tiles, 0, 0, shared, False, None, None, 2.5)  # noqa: FBT003


def weighted(iso: str, tiles: int, zero: int, *, fallback: bool = False) -> WeightSummary:
    return WeightSummary(iso, tiles, zero, 0, (BasisSummary("area_m2", 1, 1, 1, 0, fallback),))


def write(folder: Path, name: str, *summaries: CountrySummary | WeightSummary) -> None:
    text = "".join(json.dumps(one.to_dict()) + "\n" for one in summaries)
    (folder / name).write_text(text, encoding="utf-8")


def test_rows_hold_both_and_those_with_most_tiles_come_first(tmp_path: Path) -> None:
    write(tmp_path, "country_summaries.jsonl", built("LU", 4), built("MC", 0), built("MT", 8, 2))
    write(
        tmp_path,
        "weight_summaries.jsonl",
        weighted("LU", 4, 1),
        weighted("MT", 8, 8, fallback=True),
    )
    rows = read_country_rows(tmp_path)
    assert [(row.iso, row.name, row.tiles, row.zero_share) for row in rows] == [
        ("MT", "The MT", 8, 1.0),
        ("LU", "The LU", 4, 0.25),
        ("MC", "The MC", 0, None),
    ]
    assert [row.remarks for row in rows] == [
        ("shares tiles", "no mass: uniform"),
        (),
        ("no tiles",),
    ]


def test_a_run_of_weights_alone_has_names_but_no_areas(tmp_path: Path) -> None:
    write(tmp_path, "weight_summaries.jsonl", weighted("LU", 4, 1))
    (row,) = read_country_rows(tmp_path)
    assert (row.name, row.tiles, row.zero_tiles) == ("Luxembourg", 4, 1)
    assert row.area_km2 is row.shared_tiles is None
    assert row.persons is None


def test_people_are_those_of_the_weights(tmp_path: Path) -> None:
    bases = (
        BasisSummary("population", 9, 660_000_500_000, 9, 0, fallback=False),
        BasisSummary("area_m2", 1, 7, 1, 0, fallback=False),
    )
    write(tmp_path, "weight_summaries.jsonl", WeightSummary("LU", 4, 1, 0, bases))
    (row,) = read_country_rows(tmp_path)
    assert row.persons == 660_000.5


def test_people_come_before_tiles_and_cuts_are_remarked(tmp_path: Path) -> None:
    """Antarctica has the most tiles of the world, and nobody."""
    cut = dataclasses.replace(built("DE", 300), outside_share=0.25)
    write(tmp_path, "country_summaries.jsonl", built("AQ", 5000), cut, built("FR", 200))
    assert [row.iso for row in read_country_rows(tmp_path)] == ["AQ", "DE", "FR"]
    people = [
        WeightSummary(iso, 9, 0, 0, (BasisSummary("population", 9, mass, 9, 0, fallback=False),))
        for iso, mass in (("AQ", 0), ("DE", 80_000_000), ("FR", 90_000_000))
    ]
    write(tmp_path, "weight_summaries.jsonl", *people)
    rows = read_country_rows(tmp_path)
    assert [row.iso for row in rows] == ["FR", "DE", "AQ"]
    assert rows[1].remarks == ("25.0% outside",)
