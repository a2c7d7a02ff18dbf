"""Datasets: their columns, what these mean and how they are encoded; the parameters they follow from."""

from closedworld.datasets.cards import CARDS
from closedworld.datasets.dataset import Column, Dataset
from closedworld.datasets.partition import Partition
from closedworld.datasets.purchases import PURCHASES, STAYS, TRUTH
from closedworld.datasets.sites import MERCHANTS, SITES
from closedworld.datasets.tiles import (
    TILE_BOUNDS,
    TILE_COVERAGE,
    TILE_INDEX,
    TILE_INDEX_WITH_COVERAGE,
    TILE_SPANS,
)
from closedworld.datasets.weights import SPAN_WEIGHTS, TILE_WEIGHTS

DATASETS = {
    dataset.name: dataset
    for dataset in (
        TILE_INDEX,
        TILE_BOUNDS,
        TILE_SPANS,
        TILE_COVERAGE,
        TILE_WEIGHTS,
        SPAN_WEIGHTS,
        SITES,
        MERCHANTS,
        CARDS,
        PURCHASES,
        STAYS,
        TRUTH,
    )
}


__all__ = [
    "CARDS",
    "DATASETS",
    "MERCHANTS",
    "PURCHASES",
    "SITES",
    "SPAN_WEIGHTS",
    "STAYS",
    "TILE_BOUNDS",
    "TILE_COVERAGE",
    "TILE_INDEX",
    "TILE_INDEX_WITH_COVERAGE",
    "TILE_SPANS",
    "TILE_WEIGHTS",
    "TRUTH",
    "Column",
    "Dataset",
    "Partition",
]
