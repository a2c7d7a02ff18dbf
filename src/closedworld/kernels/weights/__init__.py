"""Weights: what the mass of a tile is, and exact apportionment of a country's units by mass."""

from closedworld.kernels.weights.apportion import (
    CutoffSearch,
    HistogramQuery,
    RemainderCutoff,
    RemainderHistogram,
    allocate,
    apportion,
    remainder_histogram,
)
from closedworld.kernels.weights.basis import Basis, Mixture, basis_in_words
from closedworld.kernels.weights.batches import span_weights_batch, weight_chunks, weight_digest
from closedworld.kernels.weights.masses import (
    MAX_PERSONS,
    Masses,
    MassSource,
    coverage_shares,
    covered_total,
    exact_sum,
    micro_persons,
    population_masses,
)
from closedworld.kernels.weights.raster_findings import Largest, RasterFindings
from closedworld.kernels.weights.summary import BasisSummary, WeightSummary

__all__ = [
    "MAX_PERSONS",
    "Basis",
    "BasisSummary",
    "CutoffSearch",
    "HistogramQuery",
    "Largest",
    "MassSource",
    "Masses",
    "Mixture",
    "RasterFindings",
    "RemainderCutoff",
    "RemainderHistogram",
    "WeightSummary",
    "allocate",
    "apportion",
    "basis_in_words",
    "coverage_shares",
    "covered_total",
    "exact_sum",
    "micro_persons",
    "population_masses",
    "remainder_histogram",
    "span_weights_batch",
    "weight_chunks",
    "weight_digest",
]
