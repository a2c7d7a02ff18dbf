"""Drawing points in the countries of a published world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.errors import ConfigError
from closedworld.execution import open_worker_pool
from closedworld.execution.events import Observer, Warned
from closedworld.execution.meters import available_memory_bytes
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.kernels.counting import counted
from closedworld.kernels.sampling import (
    CountryShape,
    Keys,
    Points,
    PopulationExhaustedError,
    SamplingDomain,
    TileDescent,
    draw_points,
    stream_keys,
)
from closedworld.kernels.spans import border_tiles
from closedworld.kernels.tiles import outside_share
from closedworld.published.cumulative_weights import CumulativeWeights, without_people
from closedworld.published.lineage import nouns_of
from closedworld.published.polygons import polygons_of
from closedworld.published.tile_index import PublishedIndex
from closedworld.sanitize import byte_size, listed, one_line
from closedworld.stages.tiles.outcome import warn_of_cut
from closedworld.worlds.sample_request import SampleRequest

_SKIPPED_SHOWN = 1000
_POINT_BYTES = 100
"""Of a point: 24 as drawn, and as much again for each of its columns in the table and their making."""


@dataclass(frozen=True, slots=True, eq=False)
class _CountryTask:
    """The points to draw in one country, for some rows of the request: ascending, int64 (n,)."""

    country: Country
    weights: CumulativeWeights
    rows: NDArray[np.int64]
    counts: NDArray[np.int64]
    keys: Keys
    with_replacement: bool


def sample_points(
    index: PublishedIndex,
    weights: Mapping[str, CumulativeWeights],
    request: SampleRequest,
    *,
    seed: int,
    with_replacement: bool,
    countries: CountrySet | Path | str | None,
    workers: int | None,
    observer: Observer,
) -> pa.Table:
    """Return the points of a request; arguments are those of ``PublishedWorld.sample``.

    Raises:
        ConfigError: ``polygons-differ``, ``country-without-tiles``, ``sample-too-many``, ``sample-memory``,
            ``workers``.
        IntegrityError: The files differ from their receipts.
    """
    codes = request.isos.dictionary_encode()
    isos = codes.dictionary.to_pylist()
    refuse_without_tiles(isos, weights)
    _refuse_beyond_memory(int(request.counts.sum()), request.own)
    checked = polygons_of(index.published, countries)
    shares = {iso: outside_share(checked[iso].features, index.grid) for iso in isos}
    if warning := warn_of_cut(shares, nouns_of(index.published)):
        observer.on_event(warning)
    if text := without_people(weights, "points"):
        observer.on_event(Warned("sample-without-people", text))
    if request.skipped:
        more = len(request.skipped) - _SKIPPED_SHOWN
        rest = f"; and {more:,} more" if more > 0 else ""
        shown = "; ".join(request.skipped[:_SKIPPED_SHOWN])
        observer.on_event(
            Warned("sample-rows-skipped", f"rows of the table were left out: {shown}{rest}.")
        )
    if request.left_out:
        names = ", ".join(one_line(name, 40) for name in request.left_out)
        message = (
            f"columns of the table that are left out, because the points have columns of these names: {names}. "
            "Rename them to keep them."
        )
        observer.on_event(Warned("sample-columns-left-out", message))
    texts = request.keys.to_pylist()
    code = codes.indices.to_numpy()
    order = np.argsort(code, kind="stable")
    bounds = np.searchsorted(code[order], np.arange(len(isos) + 1))
    tasks = []
    for number, iso in enumerate(isos):
        rows = order[bounds[number] : bounds[number + 1]]
        keys = stream_keys((texts[row] for row in rows.tolist()), iso, seed)
        counts = request.counts[rows]
        if not with_replacement:
            _refuse_beyond_tiles(iso, int(counts.max(initial=0)), weights[iso].spans.tile_count)
        tasks.append(_CountryTask(checked[iso], weights[iso], rows, counts, keys, with_replacement))
    # The most work first, so that no worker is left with it at the end.
    tasks.sort(key=lambda task: -int(task.counts.sum()))
    with open_worker_pool("threads", workers) as pool:
        return _table(request, tasks, list(pool.executor.map(_draw, tasks)))


def _draw(task: _CountryTask) -> Points:
    weights, features = task.weights, task.country.features
    spans = weights.spans
    border = border_tiles(features, spans.grid)
    descent = TileDescent(spans, weights.before, weights.total, weights.of_runs)
    domain = SamplingDomain(border, descent, CountryShape(features))
    try:
        return draw_points(domain, task.keys, task.counts, with_replacement=task.with_replacement)
    except PopulationExhaustedError as error:
        raise _too_many(task.country.iso, error.tiles, int(task.counts.max())) from error


def _refuse_beyond_tiles(iso: str, asked: int, tiles: int) -> None:
    if asked > tiles:
        raise _too_many(iso, tiles, asked)


def _too_many(iso: str, tiles: int, asked: int) -> ConfigError:
    return ConfigError(
        "sample-too-many",
        f"{iso} has {tiles:,} tiles with a weight, fewer than the {asked:,} different ones asked for.",
        "Ask for fewer, or draw with replacement.",
    )


def _refuse_beyond_memory(points: int, own: pa.Table) -> None:
    """Refuse more points than memory holds with the user's own columns, before any is drawn.

    Raises:
        ConfigError: ``sample-memory``.
    """
    available, needed = (
        available_memory_bytes(),
        points * (_POINT_BYTES + own.nbytes // max(own.num_rows, 1)),
    )
    if available is not None and needed > available:
        raise ConfigError(
            "sample-memory",
            f"{points:,} points take about {byte_size(needed)} of memory; {byte_size(max(available, 0))} "
            "are left.",
            "Ask for fewer points.",
        )


def _table(request: SampleRequest, tasks: list[_CountryTask], drawn: list[Points]) -> pa.Table:
    """Return the points of all countries in the order of the request's rows."""
    counts = request.counts
    first = np.cumsum(counts) - counts
    total = int(counts.sum())
    lons, lats, tile_ids = np.empty(total), np.empty(total), np.empty(total, np.int64)
    for task, points in zip(tasks, drawn, strict=True):
        begins = np.cumsum(task.counts) - task.counts
        at = np.repeat(first[task.rows] - begins, task.counts) + np.arange(len(points.lons))
        lons[at], lats[at], tile_ids[at] = points.lons, points.lats, points.tile_ids
    row = np.repeat(np.arange(len(counts)), counts)
    columns = {} if request.ids is None else {"id": request.ids.take(pa.array(row))}
    order = counted(1, counts)
    columns |= {"point_order": pa.array(order), "lon": pa.array(lons), "lat": pa.array(lats)}
    columns |= {"country_iso": request.isos.take(pa.array(row)), "tile_id": pa.array(tile_ids)}
    fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    own = request.own.take(pa.array(row))
    return pa.table([*columns.values(), *own.columns], schema=pa.schema([*fields, *own.schema]))


def refuse_without_tiles(isos: Iterable[str], found: Mapping[str, object]) -> None:
    """Raise unless all countries asked for have tiles.

    Args:
        isos: Their codes.
        found: Countries that have tiles, by code.

    Raises:
        ConfigError: ``country-without-tiles``.
    """
    without = sorted(set(isos) - set(found))
    if without:
        raise ConfigError(
            "country-without-tiles",
            f"the world has no tiles of {listed(tuple(without))}.",
            f"It has tiles of {listed(tuple(found))}.",
        )
