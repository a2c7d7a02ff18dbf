"""What the page of a world holds, as plain data, and what was left out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from closedworld.datasets.parameters import TileParameters, WeightParameters
from closedworld.errors import ConfigError
from closedworld.explore.borders import packed_borders
from closedworld.explore.places import packed_places
from closedworld.explore.points import packed_homes, packed_lives, packed_sites
from closedworld.explore.tiles import bounds_of, packed_runs
from closedworld.explore.weights import overview_of, packed_cells, packed_overviews
from closedworld.inputs.reference.iso import iso_table
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.spans import RowSpans, united_tiles
from closedworld.kernels.weights import Basis, basis_in_words
from closedworld.maps.canvas import COUNTRY_COLOURS
from closedworld.maps.colouring import choose_colours, neighbour_weights
from closedworld.published.cumulative_weights import CumulativeWeights, read_cumulative_weights
from closedworld.published.tile_index import PublishedIndex
from closedworld.sanitize import byte_size, number_of, one_line
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
    budget: int,
    left: Callable[[Contents], int],
) -> Contents:
    """Return the data of a page.

    Args:
        world: The world.
        beside: Another one to compare it with.
        chosen: Codes of the countries whose cells keep their weights; None for as many as fit, the smallest first.
        budget: Bytes of a page without points.
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
    worlds = [one for one in (world, beside) if one is not None]
    codes = sorted({*world.index.spans, *(beside.index.spans if beside else ())})
    countries = _countries(world, beside, codes)
    contents = Contents({
        "grid": world.index.grid.to_dict(),
        "countries": countries,
        "home": bounds_of(list(world.index.spans.values())),
        "worlds": [_tiles(one, codes) for one in worlds],
        "weights": [],
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
    _add_weights(contents, worlds, codes, chosen, budget, left)
    _add_points(contents, worlds, codes)
    return contents


def _add_points(contents: Contents, worlds: Sequence[Shown], codes: Sequence[str]) -> None:
    data, later = contents.data, worlds[0].later
    sites = [one.later.get("sites") for one in worlds]
    if any(sites):
        data["sites"] = packed_sites(sites, codes)
        _say_owners(contents, "sites", "merchants", data["sites"]["owners"])
        without = data["sites"]["without_point"]
        if without:
            who = number_of(without, "site has", "sites have")
            where = "is" if without == 1 else "are"
            contents.notes.append(f"{who} no coordinates and {where} not on the map.")
    if "people" in later:
        data["homes"] = packed_homes(later["people"], codes)
        _say_owners(contents, "homes", "cards", data["homes"]["owners"])
    if "purchases" in later:
        data["lives"] = packed_lives(later["purchases"])
        _say_owners(contents, "purchases", "cards", data["lives"]["owners"])
    if len(worlds) > 1 and {"people", "purchases"} & {name for one in worlds for name in one.later}:
        contents.notes.append("People and purchases are those of world A.")


def _say_owners(contents: Contents, rows: str, owners: str, counts: Sequence[int]) -> None:
    shown, every = counts
    if shown < every:
        contents.notes.append(f"The {rows} are those of {shown:,} of {every:,} {owners}.")


def _countries(world: Shown, beside: Shown | None, codes: Sequence[str]) -> dict[str, Any]:
    """Return code, name and colour of each country, and what one and several of them are called."""
    known = iso_table()
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
            one - replace(other.spans.get(iso, none), grid=own.grid)
            for iso, one in own.spans.items()
        ]
        found.append(united_tiles(lost, own.grid))
    return found


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
            f"The search finds the {_MOST_PLACES:,} largest of {places['known']:,} places."
        )


def _add_weights(
    contents: Contents,
    worlds: Sequence[Shown],
    codes: Sequence[str],
    chosen: Sequence[str] | None,
    budget: int,
    left: Callable[[Contents], int],
) -> None:
    """Add the weights of each world, None for one without; nothing if no world has weights of the first's kind."""
    if worlds[0].weights is None and chosen:
        raise ConfigError(
            "weights-missing",
            f"{worlds[0].index.published.folder} has no weights.",
            "Make them with `closedworld weights`.",
        )
    found = [_Weights.of(one) for one in worlds]
    held = [one for one in found if one is not None]
    if not held:
        return
    if len({one.is_people for one in held}) > 1:
        a, b = held
        contents.notes.append(
            f"Weights of world A are by {a.basis}, those of B by {b.basis}: those of B are left out."
        )
        found, held = [a, None], [a]
    elif len(held) < len(worlds):
        contents.notes.append(f"World {'AB'[found.index(None)]} has no weights.")
    grid = worlds[0].index.grid
    overviews = packed_overviews([overview_of(one.by_country, one.scales, grid) for one in held])
    packed: list[dict[str, Any]] = [
        {
            "basis": one.basis,
            "is_people": one.is_people,
            "total": one.total,
            "scales": [one.scales.get(iso, 0.0) for iso in codes],
            "overview": overview,
            "cells": {},
        }
        for one, overview in zip(held, overviews, strict=True)
    ]
    following = iter(packed)
    contents.data["weights"] = [None if one is None else next(following) for one in found]
    known = [one.by_country for one in held]
    for weights, cells in zip(packed, _cells(known, chosen, left(contents)), strict=True):
        weights["cells"] = cells
    shown = len({iso for weights in packed for iso in weights["cells"]})
    missing = len({iso for one in known for iso in one}) - shown
    one, many = contents.data["countries"]["words"]
    smallest = (
        f", the smallest, as many as fit in {byte_size(budget)} (--budget)" if not chosen else ""
    )
    if not shown:
        contents.notes.append(
            "Weights are shown as an overview, not by single tile; closedworld explore --budget makes room for those."
        )
    elif missing:
        contents.notes.append(
            f"Weights of single tiles are included for {number_of(shown, one, many)}{smallest}; "
            f"{number_of(missing, 'other has', 'others have')} only the overview."
        )


@dataclass(frozen=True, slots=True)
class _Weights:
    by_country: Mapping[str, CumulativeWeights]
    basis: str
    is_people: bool
    scales: Mapping[str, float]
    total: int

    @classmethod
    def of(cls, world: Shown) -> _Weights | None:
        if world.weights is None:
            return None
        by_country = read_cumulative_weights(world.weights, world.index)
        parameters = world.weights.parameters(WeightParameters)
        is_people = parameters.basis == Basis.POPULATION.value
        persons = persons_of(world.weights) if is_people else {}
        scales = {iso: persons.get(iso, 1.0) / own.total for iso, own in by_country.items()}
        return cls(
            by_country, basis_in_words(parameters.basis), is_people, scales, 10**parameters.dp
        )


def _cells(
    worlds: Sequence[Mapping[str, CumulativeWeights]], chosen: Sequence[str] | None, left: int
) -> list[dict[str, str]]:
    """Return the packed weights of single tiles by country, for each world: of those that are chosen, or that fit."""
    sizes: Counter[str] = Counter()
    for one in worlds:
        sizes.update({iso: own.spans.tile_count for iso, own in one.items()})
    found: list[dict[str, str]] = [{} for _ in worlds]
    for iso in chosen or sorted(sizes, key=lambda iso: (sizes[iso], iso)):
        # Not worked out where it would hardly fit.
        if not chosen and sizes[iso] * _BYTES_PER_TILE / 4 > left:
            break
        texts = [packed_cells(one[iso]) if iso in one else "" for one in worlds]
        left -= sum(len(text) + _KEY_BYTES for text in texts)
        if not chosen and left < 0:
            break
        for own, text in zip(found, texts, strict=True):
            if text:
                own[iso] = text
    return found
