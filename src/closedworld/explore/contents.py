"""What the page of a world holds, as plain data, and what was left out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from closedworld.datasets.parameters import TileParameters, WeightParameters
from closedworld.errors import ConfigError
from closedworld.explore.borders import packed_borders
from closedworld.explore.bounds import bounds_of
from closedworld.explore.lives import packed_lives
from closedworld.explore.places import packed_places
from closedworld.explore.points import packed_homes, packed_sites
from closedworld.explore.tile_runs import packed_runs
from closedworld.explore.weights import packed_cells, packed_overview
from closedworld.inputs.reference.iso import iso_table
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.weights import Basis, basis_in_words
from closedworld.maps.canvas import COUNTRY_COLOURS
from closedworld.maps.colouring import choose_colours, neighbour_weights
from closedworld.published.cumulative_weights import CumulativeWeights, read_cumulative_weights
from closedworld.published.tile_index import PublishedIndex
from closedworld.sanitize import number_of, one_line
from closedworld.stages.weights.outcome import persons_of
from closedworld.store.reading import Published

BUDGET = 3_000_000
"""Bytes of a page without points."""

_KEY_BYTES = 20
"""Of a country beside its packed weights, with a long code."""

_MOST_PLACES = 10_000
_BYTES_PER_TILE = 2.0
_NEAR_DEGREES = 1.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A world to show.

    Attributes:
        index: Its tiles.
        weights: Its weights; None for none.
        countries: The polygons that the tiles were built from; None if they are not at hand.
        later: Its results of sites, people and purchases, as far as there are any, by stage.
    """

    index: PublishedIndex
    weights: Published | None = None
    countries: CountrySet | None = None
    later: Mapping[str, Published] = field(default_factory=dict)


@dataclass(slots=True)
class Contents:
    """The data of a page.

    Attributes:
        data: What the script reads.
        notes: One sentence for each thing that was left out.
    """

    data: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def contents_of(
    world: Shown,
    beside: Shown | None,
    chosen: Sequence[str] | None,
    left: Callable[[Contents], int],
) -> Contents:
    """Return the data of a page.

    Args:
        world: The world.
        beside: Another one to compare it with.
        chosen: Codes of the countries whose cells keep their weights; None for as many as fit, the smallest first.
        left: Bytes that a page of such contents leaves for weights of single tiles.

    Raises:
        ConfigError: ``grids-differ``, ``country-without-tiles``, ``weights-missing``.
        IntegrityError: The files differ from their receipts.
    """
    if beside is not None and not beside.index.grid.is_same_lattice(world.index.grid):
        raise ConfigError(
            "grids-differ",
            f"{world.index.published.folder} and {beside.index.published.folder} have different grids.",
            "Show worlds of one grid side by side.",
        )
    codes = sorted({*world.index.spans, *(beside.index.spans if beside else ())})
    countries = _countries(world, beside, codes)
    contents = Contents({
        "grid": world.index.grid.to_dict(),
        "countries": countries,
        "home": bounds_of(list(world.index.spans.values())),
        "worlds": [_tiles(one, codes) for one in (world, beside) if one is not None],
    })  # fmt: skip
    if beside is not None:
        contents.data["differences"] = packed_runs(_differences(world.index, beside.index))
    _add_borders(contents, world)
    # Codes of other regions may be those of countries elsewhere.
    own_codes = world.index.published.parameters(TileParameters).own_codes
    contents.data["places"] = packed_places(
        codes if own_codes is None else (), countries["names"], _MOST_PLACES
    )
    _say_places(contents)
    _add_weights(contents, world, codes, chosen, left)
    _add_points(contents, world, codes)
    return contents


def _add_points(contents: Contents, world: Shown, codes: Sequence[str]) -> None:
    data, later = contents.data, world.later
    if "sites" in later:
        data["sites"] = packed_sites(later["sites"], codes)
        _say_owners(contents, "sites", "merchants", data["sites"]["owners"])
        without = data["sites"]["without_point"]
        if without:
            contents.notes.append(f"{without:,} sites have no coordinates and are not on the map.")
    if "people" in later:
        data["homes"] = packed_homes(later["people"], codes)
        _say_owners(contents, "homes", "cards", data["homes"]["owners"])
    if "purchases" in later:
        data["lives"] = packed_lives(later["purchases"])
        _say_owners(contents, "purchases", "cards", data["lives"]["owners"])


def _say_owners(contents: Contents, rows: str, owners: str, counts: Sequence[int]) -> None:
    shown, every = counts
    if shown < every:
        contents.notes.append(f"The {rows} are those of {shown:,} of {every:,} {owners}.")


def _countries(world: Shown, beside: Shown | None, codes: Sequence[str]) -> dict[str, Any]:
    """Return code, name and colour of each country, and what one and several of them are called."""
    known = iso_table().by_alpha_2
    own_names = world.index.published.parameters(TileParameters).own_codes is not None
    polygons = world.countries
    names = []
    for iso in codes:
        if polygons is not None and iso in polygons:
            names.append(one_line(polygons[iso].name))
        else:
            names.append(iso if own_names or iso not in known else known[iso].name)
    spans = dict(beside.index.spans if beside else {}) | dict(world.index.spans)
    sets = [spans[iso] for iso in codes]
    reach = max(1, round(_NEAR_DEGREES / world.index.grid.cell_width))
    sizes = np.array([one.tile_count for one in sets], np.int64)
    colours = choose_colours(neighbour_weights(sets, reach), sizes, len(COUNTRY_COLOURS))
    words = ("region", "regions") if own_names else ("country", "countries")
    return {
        "codes": list(codes),
        "names": names,
        "words": words,
        "colours": colours.tolist(),
        "bounds": [bounds_of([one]) for one in sets],
    }


def _tiles(world: Shown, codes: Sequence[str]) -> dict[str, str]:
    none = RowSpans.empty(world.index.grid)
    return packed_runs([world.index.spans.get(iso, none) for iso in codes])


def _differences(a: PublishedIndex, b: PublishedIndex) -> list[RowSpans]:
    """Return the tiles that a country has in A alone, then those in B alone, the countries together."""
    found = []
    for own, other in ((a, b), (b, a)):
        none = RowSpans.empty(own.grid)
        lost = [
            RowSpans(own.grid, one.rows, one.col_starts, one.col_stops)
            - RowSpans.from_runs(own.grid, *_runs_of(other.spans.get(iso, none)))
            for iso, one in own.spans.items()
        ]
        runs = (np.concatenate([_runs_of(one)[i] for one in lost] or [none.rows]) for i in range(3))
        found.append(RowSpans.from_runs(own.grid, *runs))
    return found


def _runs_of(spans: RowSpans) -> tuple[Any, Any, Any]:
    return spans.rows, spans.col_starts, spans.col_stops


def _add_borders(contents: Contents, world: Shown) -> None:
    if world.countries is None:
        contents.notes.append(
            "Borders are left out: the polygons are not at hand; give them with --polygons."
        )
        return
    grid = world.index.grid
    contents.data["borders"] = packed_borders(
        world.countries, min(grid.cell_width, grid.cell_height)
    )


def _say_places(contents: Contents) -> None:
    places = contents.data["places"]
    left = places["known"] - _MOST_PLACES
    if left > 0:
        contents.notes.append(
            f"The search knows the {_MOST_PLACES:,} largest of {places['known']:,} places."
        )


def _add_weights(
    contents: Contents,
    world: Shown,
    codes: Sequence[str],
    chosen: Sequence[str] | None,
    left: Callable[[Contents], int],
) -> None:
    if world.weights is None:
        if chosen:
            raise ConfigError(
                "weights-missing",
                f"{world.index.published.folder} has no weights.",
                "Make them with `closedworld weights`.",
            )
        return
    by_country = read_cumulative_weights(world.weights, world.index)
    basis = world.weights.parameters(WeightParameters).basis
    is_people = basis == Basis.POPULATION.value
    persons = persons_of(world.weights) if is_people else {}
    scales = {iso: persons.get(iso, 1.0) / own.total for iso, own in by_country.items()}
    overview = packed_overview(by_country, scales, world.index.grid)
    weights: dict[str, Any] = {
        "basis": basis_in_words(basis),
        "is_people": is_people,
        "total": 10 ** world.weights.parameters(WeightParameters).dp,
        "scales": [scales.get(iso, 0.0) for iso in codes],
        "overview": overview,
        "cells": {},
    }
    contents.data["weights"] = weights
    cells = weights["cells"] = _cells(by_country, chosen, left(contents))
    if not cells:
        contents.notes.append("Weights are shown as a picture of the world, not by single tile.")
    elif missing := len(by_country) - len(cells):
        verb = "has" if missing == 1 else "have"
        contents.notes.append(
            f"Single tiles have their weights in {number_of(len(cells), 'country', 'countries')}; "
            f"{missing:,} {'other' if missing == 1 else 'others'} {verb} only the picture of the world."
        )


def _cells(
    by_country: Mapping[str, CumulativeWeights], chosen: Sequence[str] | None, left: int
) -> dict[str, str]:
    if chosen is not None:
        return {iso: packed_cells(by_country[iso]) for iso in chosen}
    found: dict[str, str] = {}
    for own in sorted(by_country.values(), key=lambda one: (one.spans.tile_count, one.country_iso)):
        # Not worked out where it would hardly fit.
        if own.spans.tile_count * _BYTES_PER_TILE / 4 > left:
            break
        text = packed_cells(own)
        left -= len(text) + _KEY_BYTES
        if left < 0:
            break
        found[own.country_iso] = text
    return found
