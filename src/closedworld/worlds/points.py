"""Drawing points in the countries of a published world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from closedworld.errors import ConfigError
from closedworld.execution import open_worker_pool
from closedworld.kernels.sampling import (
    CountryShape,
    Points,
    PopulationExhaustedError,
    SamplingDomain,
    draw_points,
    stream_keys,
)
from closedworld.kernels.spans import border_tiles
from closedworld.published.polygons import polygons_of
from closedworld.sanitize import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from closedworld.inputs.regions import Country, CountrySet
    from closedworld.kernels.sampling import Keys
    from closedworld.published.cumulative_weights import CumulativeWeights
    from closedworld.worlds.sample_request import Wanted
    from closedworld.worlds.world import PublishedWorld


@dataclass(frozen=True, slots=True, eq=False)
class CountryTask:
    """The points of one country.

    Attributes:
        country: Its polygons.
        line: Its weights.
        rows: Rows of the table that want points there, ascending, int64 (n,).
        counts: Points of each, int64 (n,).
        keys: Key of each, uint32 (n, 4).
        with_replacement: Whether several points of an id may lie on one tile.
    """

    country: Country
    line: CumulativeWeights
    rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    keys: Keys
    with_replacement: bool


def sample_world(
    world: PublishedWorld,
    wanted: Wanted,
    *,
    seed: int,
    with_replacement: bool,
    countries: CountrySet | None,
    workers: int | None,
) -> pa.Table:
    """Return the points that are wanted; see ``PublishedWorld.sample``."""
    lines = world.lines()
    codes = wanted.isos.dictionary_encode()
    isos = codes.dictionary.to_pylist()
    _refuse_without_tiles(isos, lines)
    checked = polygons_of(world.index.published, countries)
    texts = (
        [""] * len(wanted.counts) if wanted.ids is None else wanted.ids.cast("string").to_pylist()
    )
    code = codes.indices.to_numpy()
    order = np.argsort(code, kind="stable")
    bounds = np.searchsorted(code[order], np.arange(len(isos) + 1))
    tasks = []
    for number, iso in enumerate(isos):
        rows = order[bounds[number] : bounds[number + 1]]
        keys = stream_keys((texts[row] for row in rows.tolist()), iso, seed)
        counts = wanted.counts[rows]
        tasks.append(CountryTask(checked[iso], lines[iso], rows, counts, keys, with_replacement))
    # The most work first, so that no worker is left with it at the end.
    tasks.sort(key=lambda task: -int(task.counts.sum()))
    with open_worker_pool("threads", workers) as force:
        return _table(wanted, tasks, list(force.executor.map(_draw, tasks)))


def _draw(task: CountryTask) -> Points:
    """Return the points of one country.

    Raises:
        ConfigError: ``sample-too-many``.
    """
    spans, features = task.line.spans, task.country.features
    ground = SamplingDomain(
        spans,
        border_tiles(features, spans.grid),
        task.line.total,
        task.line,
        CountryShape(features),
    )
    try:
        return draw_points(ground, task.keys, task.counts, with_replacement=task.with_replacement)
    except PopulationExhaustedError as error:
        raise ConfigError(
            "sample-too-many",
            f"{task.country.iso} has {error.tiles:,} tiles with a weight, and {task.counts.max():,} "
            "different ones are asked for.",
            "Ask for fewer, or draw with replacement.",
        ) from error


def _table(wanted: Wanted, tasks: list[CountryTask], drawn: list[Points]) -> pa.Table:
    """Return the points of all countries in the order of the rows that want them."""
    counts = wanted.counts
    first = np.cumsum(counts) - counts
    total = int(counts.sum())
    lons, lats, tile_ids = np.empty(total), np.empty(total), np.empty(total, np.uint64)
    for task, points in zip(tasks, drawn, strict=True):
        begins = np.cumsum(task.counts) - task.counts
        at = np.repeat(first[task.rows] - begins, task.counts) + np.arange(len(points.lons))
        lons[at], lats[at], tile_ids[at] = points.lons, points.lats, points.tile_ids
    row = np.repeat(np.arange(len(counts)), counts)
    columns = {} if wanted.ids is None else {"id": wanted.ids.take(pa.array(row))}
    columns |= {"lon": pa.array(lons), "lat": pa.array(lats)}
    columns |= {"country_iso": wanted.isos.take(pa.array(row)), "tile_id": pa.array(tile_ids)}
    fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    return pa.table(list(columns.values()), schema=pa.schema(fields))


def _refuse_without_tiles(isos: list[str], lines: Mapping[str, CumulativeWeights]) -> None:
    """Raise when points are wanted where there are no tiles."""
    without = [iso for iso in isos if iso not in lines]
    if without:
        raise ConfigError(
            "country-without-tiles",
            f"points are asked for where the world has no tiles: {listed(tuple(without))}.",
            f"It has tiles of {listed(tuple(lines))}.",
        )
