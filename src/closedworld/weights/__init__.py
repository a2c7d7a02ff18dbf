"""Weights: what a tile's mass is, and exact apportionment of a country's units by mass."""

from closedworld.weights.apportion import Cut, CutSearch, Probe, Tally, apportion, award, tally
from closedworld.weights.basis import Basis, Mixture
from closedworld.weights.batches import span_weights_batch, weight_chunks
from closedworld.weights.masses import (
    FULL_SHARE,
    MAX_PERSONS,
    Masses,
    MassSource,
    coverage_shares,
    covered_total,
    exact_sum,
    micro_persons,
    population_masses,
)
from closedworld.weights.summary import BasisSummary, WeightSummary
from closedworld.weights.values import BLOCK_TILES, weight_values

__all__ = [
    "BLOCK_TILES",
    "FULL_SHARE",
    "MAX_PERSONS",
    "Basis",
    "BasisSummary",
    "Cut",
    "CutSearch",
    "MassSource",
    "Masses",
    "Mixture",
    "Probe",
    "Tally",
    "WeightSummary",
    "apportion",
    "award",
    "coverage_shares",
    "covered_total",
    "exact_sum",
    "micro_persons",
    "population_masses",
    "span_weights_batch",
    "tally",
    "weight_chunks",
    "weight_values",
]
