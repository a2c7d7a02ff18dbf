"""Opening a published world."""

from __future__ import annotations

from pathlib import Path

from closedworld.published.lineage import open_source
from closedworld.published.results import choose_published, open_published
from closedworld.published.tile_index import read_index
from closedworld.stages import STAGES, TILES, WEIGHTS
from closedworld.worlds.later_results import later_results
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
        read_index(open_source(weights, TILES.name, index)), weights, later_results(found, weights)
    )
