"""A world as rasters: which country each cell belongs to, and its weight."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closedworld.config.options import refuse_file_name
from closedworld.datasets.parameters import TileParameters
from closedworld.inputs.reference.iso import iso_table
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.tiles import Tiles
from closedworld.published.cumulative_weights import CumulativeWeights
from closedworld.store.atomic import replace_file, require_utf8, whole_file
from closedworld.store.paths import COLLECTION_NAME
from closedworld.worlds.cloud_optimized import BLOCK, opened_cog
from closedworld.worlds.export_collection import write_export_collection
from closedworld.worlds.world import PublishedWorld

COUNTRY_NAME, WEIGHT_NAME, KEY_NAME = "country_id.tif", "weight.tif", "country_ids.csv"

_KOSOVO = 983
"""ISO gives XK no number; this one is Unicode CLDR's."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        paths: The files.
        tiles: Cells that belong to a country.
        shared: Those of them that belong to several; they show the first by code.
    """

    paths: tuple[Path, ...]
    tiles: int
    shared: int


def country_id(iso: str) -> int:
    """Return the ISO 3166-1 number of a country, 983 for Kosovo."""
    entry = iso_table().get(iso)
    return int(entry.numeric) if entry is not None and entry.numeric else _KOSOVO


def _ids_of(world: PublishedWorld) -> dict[str, int]:
    """Return the number of each country by code; of regions that are not countries, 1, 2 and so on."""
    parameters = world.index.published.parameters(TileParameters)
    if parameters.own_codes is not None:
        return {code: number for number, code in enumerate(parameters.own_codes, start=1)}
    return {iso: country_id(iso) for iso in parameters.countries}


def export_rasters(world: PublishedWorld, folder: Path, countries: Sequence[str] = ()) -> Exported:
    """Write Cloud Optimized GeoTIFFs of country and weight on the world's grid.

    ``country_id.tif`` (uint16, 0 for no country) holds ISO 3166-1 numbers (of other regions 1, 2 and so on), which
    ``country_ids.csv`` names; ``weight.tif`` (float32, NaN for no country), when the world has weights, the share of its
    country that a cell has. A cell of several countries shows the first by code. ``collection.json`` is
    the STAC collection of the files.

    Args:
        world: The world.
        folder: Where the files go; made when it does not exist, files there are replaced.
        countries: Alpha-2 codes; none for all.

    Raises:
        ConfigError: ``output-format``, ``path-not-utf-8``, ``country-without-tiles``.
        PublishError: ``output-not-writable``.
        IntegrityError: The files differ from their receipts.
    """
    refuse_file_name(folder)
    require_utf8(folder)
    spans, grid, ids = world.spans_of(countries), world.index.grid, _ids_of(world)
    weights = {} if world.weights is None else world.cumulative_weights()
    first, taken = {}, RowSpans.empty(grid)
    for iso, own in spans.items():
        first[iso] = own - taken
        taken |= own
    paths = [folder / COUNTRY_NAME]
    with opened_cog(folder / COUNTRY_NAME, grid, "uint16", 0, "nearest") as write:
        for rows, cells in _bands(grid, np.uint16(0)):
            for iso, own in first.items():
                cells[_flat(own, rows)] = ids[iso]
            write(rows, cells)
    if weights:
        paths.append(folder / WEIGHT_NAME)
        with opened_cog(folder / WEIGHT_NAME, grid, "float32", np.nan, "average") as write:
            for rows, cells in _bands(grid, np.float32(np.nan)):
                # The first by code is written last, so it is the one that shows.
                for iso in reversed(spans):
                    at = _flat(spans[iso], rows)
                    if len(at):
                        cells[at] = _shares(weights[iso], rows)
                write(rows, cells)
    _write_key(folder / KEY_NAME, {iso: ids[iso] for iso in spans})
    shared = sum(own.tile_count for own in spans.values()) - taken.tile_count
    files = (*paths, folder / KEY_NAME)
    write_export_collection(world, files, folder / COLLECTION_NAME)
    return Exported(files, taken.tile_count, shared)


def _bands(grid: Grid, empty: np.generic) -> Iterator[tuple[range, NDArray[Any]]]:
    """Yield rows of the grid from north to south, and their cells, flat and empty."""
    for top in range(0, grid.n_rows, BLOCK):
        rows = range(top, min(top + BLOCK, grid.n_rows))
        yield rows, np.full(len(rows) * grid.n_cols, empty)


def _runs(spans: RowSpans, rows: range) -> slice:
    return slice(*np.searchsorted(spans.rows, (rows.start, rows.stop)).tolist())


def _flat(spans: RowSpans, rows: range) -> NDArray[np.int64]:
    """Return the flat indices of a set's tiles among the cells of some rows, int64 (tiles,)."""
    runs = _runs(spans, rows)
    starts, stops = spans.col_starts[runs], spans.col_stops[runs]
    tiles = Tiles(spans.grid, spans.rows[runs], starts, stops - starts)
    return tiles.counted((tiles.rows - rows.start) * spans.grid.n_cols + starts)


def _shares(weights: CumulativeWeights, rows: range) -> NDArray[np.float32]:
    """Return the share of its country that each tile in some rows has, float32 (tiles,)."""
    runs = _runs(weights.spans, rows)
    first = weights.spans.first_ranks[runs]
    stop = first + (weights.spans.col_stops - weights.spans.col_starts)[runs]
    shares = np.empty(int(stop[-1] - first[0]), np.float32)
    for group in weights.groups(first, stop):
        begin, end = max(group.rank, first[0]), min(group.rank + len(group.weights), stop[-1])
        own = group.weights[begin - group.rank : end - group.rank]
        shares[begin - first[0] : end - first[0]] = own / np.float64(weights.total)
    return shares


def _write_key(path: Path, ids: Mapping[str, int]) -> None:
    names, text = iso_table(), io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("country_id", "country_iso", "name"))
    for iso, number in ids.items():
        is_country = iso in names and number == country_id(iso)
        rows.writerow((number, iso, names[iso].name if is_country else ""))
    with whole_file(path) as staged:
        replace_file(staged, text.getvalue())
