"""Weights for the page: the world in blocks of tiles, and the cells' own values where they fit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closedworld.explore.packing import packed_bytes
from closedworld.kernels.grid import Grid, tile_areas_m2
from closedworld.maps.block_sums import block_sums
from closedworld.published.cumulative_weights import CumulativeWeights

MOST_BLOCKS = 720
"""Blocks round the globe in the picture of the world at most: half a degree, 2 px of a screen."""

_CODES = 255
_DECADES = 8
_MOST_TICKS = 5
_USUAL = 0.99
_BATCH = 1 << 20
CELL_CODES = 65_535
"""Codes of a cell's weight: 0 for none, then evenly by logarithm from 1 to the country's total."""


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """Means over the tiles of blocks.

    Attributes:
        block: Tiles along the side of a block.
        densities: What a tile has per km2, float64, rows of blocks from the north, columns from the west of the grid.
    """

    block: int
    densities: NDArray[np.float64]


def overview_of(
    by_country: Mapping[str, CumulativeWeights], scales: Mapping[str, float], grid: Grid
) -> Overview:
    """Return the mean over the tiles of each block of what a tile has per km2.

    Args:
        by_country: Weights of every country.
        scales: What a weight of 1 is in each country, such as persons.
        grid: The lattice.
    """
    block = max(1, -(-grid.n_cols // MOST_BLOCKS))
    shape = -(-grid.n_rows // block), -(-grid.n_cols // block)
    sums, tiles = np.zeros(shape), np.zeros(shape)
    for iso, own in by_country.items():
        for row, col, weight in block_sums([own.spans], own.tile_weights(), block):
            np.add.at(sums.reshape(-1), row * shape[1] + col, weight.astype(float) * scales[iso])
        for row, col, count in block_sums([own.spans], _ones(own.spans.tile_count), block):
            np.add.at(tiles.reshape(-1), row * shape[1] + col, count.astype(float))
    middle = np.minimum(np.arange(shape[0]) * block + block // 2, grid.n_rows - 1)
    km2 = tile_areas_m2(grid)[middle] / 1e6
    return Overview(
        block, np.divide(sums, tiles * km2[:, None], out=np.zeros(shape), where=tiles > 0)
    )


def packed_overviews(overviews: Sequence[Overview]) -> list[dict[str, Any]]:
    """Return overviews on one scale of colours, from and to whole powers of ten.

    Returns:
        For each, ``block``: tiles along its side; ``lowest`` and ``highest``: log10 of the quantity at codes 1 and 255;
        ``top``: where a linear scale ends, since few blocks have more; ``ticks``: numbers to write along the scale;
        ``codes``: a byte per block, row by row, 0 for no quantity.
    """
    some = np.concatenate([one.densities[one.densities > 0] for one in overviews])
    highest = math.ceil(math.log10(some.max())) if some.size else 0
    lowest = math.floor(math.log10(some.min())) if some.size else -1
    span = min(max(1, highest - lowest), _DECADES)
    if span > _MOST_TICKS:
        span += span % 2
    scale = {
        "lowest": highest - span,
        "highest": highest,
        "top": _round_up(float(np.quantile(some, _USUAL))) if some.size else 1.0,
        "ticks": 1 + (span // 2 if span > _MOST_TICKS else span),
    }
    return [
        {"block": one.block, **scale, "codes": _block_codes(one.densities, highest - span, span)}
        for one in overviews
    ]


def _block_codes(densities: NDArray[np.float64], lowest: int, span: int) -> str:
    logs = np.log10(densities, where=densities > 0, out=np.full(densities.shape, float(lowest)))
    codes = 1 + np.rint(np.clip((logs - lowest) / span, 0, 1) * (_CODES - 1))
    codes[densities == 0] = 0
    return packed_bytes(codes.astype(np.uint8))


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 4 and 8 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 4, 8) if step * power >= value), 10 * power)


def packed_cells(own: CumulativeWeights) -> str:
    """Return the weight of each tile of a country in the order of its tiles, right to 0.03% at dp 12.

    A code is 0 for no weight, else ``1 + 65534 log(weight) / log(total)``; all high bytes come before all low bytes.
    """
    parts = [np.empty(0, np.uint16)]
    parts += [_codes(weights, own.total) for weights in own.tile_weights()]
    codes = np.concatenate(parts)
    return packed_bytes(np.concatenate([codes >> 8, codes & 0xFF]).astype(np.uint8))


def _ones(count: int) -> Iterator[NDArray[np.uint64]]:
    for begin in range(0, count, _BATCH):
        yield np.ones(min(_BATCH, count - begin), np.uint64)


def _codes(weights: NDArray[np.uint64], total: int) -> NDArray[np.uint16]:
    logs = np.log(np.maximum(weights, 1).astype(float)) / math.log(max(total, 2))
    codes = 1 + np.rint(logs * (CELL_CODES - 1))
    codes[weights == 0] = 0
    short: NDArray[np.uint16] = codes.astype(np.uint16)
    return short
