"""Opening a published world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from closedworld.published.lineage import open_source
from closedworld.published.results import choose_published, open_published
from closedworld.published.tile_index import read_index
from closedworld.stages import STAGES, TILES, WEIGHTS
from closedworld.store.reading import Published
from closedworld.worlds.world import PublishedWorld


def open_world(path: Path | str, *, index: Path | str | None = None) -> PublishedWorld:
    """Return the published world at a path.

    Args:
        path: An output folder, for its latest world; a name, ``<out>/names/<name>``; or the
            ``parameter_hash=...`` folder of weights or of a later result, or of tiles to open only these.
        index: Folder of the tile index, if it is not next to the weights.

    Raises:
        ConfigError: ``path-missing``, ``published-several``, ``index-missing``, ``index-differs``.
        IntegrityError: ``receipt-missing``, or the files differ from the receipt.
    """
    found = choose_published(path)
    stages = [stage for stage in STAGES if stage.name in {one.receipt.stage for one in found}]
    if WEIGHTS in stages:
        weights = open_published(path, WEIGHTS.name)
    elif stages and stages[0] is not TILES:
        last = open_published(path, stages[0].name)
        for needed in reversed(stages[0].needs[1:]):
            last = open_source(last, needed)
            found.append(last)
        weights = last
    else:
        return PublishedWorld(read_index(open_published(index or path, TILES.name)), None)
    return PublishedWorld(
        read_index(open_source(weights, TILES.name, index)), weights, _later(found, weights)
    )


def _later(found: Sequence[Published], weights: Published) -> Mapping[str, tuple[Published, ...]]:
    later: dict[str, tuple[Published, ...]] = {WEIGHTS.name: (weights,)}
    for stage in STAGES[STAGES.index(WEIGHTS) + 1 :]:
        before = stage.needs[-1]
        hashes = {one.receipt.parameter_hash for one in later[before]}
        name = f"{before}_parameter_hash"
        later[stage.name] = tuple(
            one
            for one in found
            if one.receipt.stage == stage.name and one.receipt.parameters.get(name) in hashes
        )
    return later
