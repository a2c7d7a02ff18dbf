"""Summaries of the weights of a country, and the size of what is digested together."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

from closedworld.kernels.weights import BasisSummary, WeightSummary
from closedworld.kernels.weights.batches import BLOCK_TILES

AREA = BasisSummary("area_m2", 60, 1000, 58, 2, fallback=False)
PEOPLE = BasisSummary("population", 40, 2_500_000, 39, 1, fallback=False)


def test_people_are_whole_from_micro_persons_and_unknown_without_their_basis() -> None:
    assert WeightSummary("AT", 8, 2, 1, (AREA, PEOPLE)).persons == 2.5
    assert WeightSummary("AT", 8, 2, 1, (AREA,)).persons is None


def test_the_share_of_tiles_of_weight_0_is_of_all_tiles() -> None:
    assert WeightSummary("AT", 8, 2, 1, (AREA,)).zero_share == 0.25


def test_one_basis_without_mass_is_a_fallback() -> None:
    empty = BasisSummary("population", 40, 0, 40, 0, fallback=True)
    assert WeightSummary("AT", 8, 2, 1, (AREA, empty)).fallback
    assert not WeightSummary("AT", 8, 2, 1, (AREA, PEOPLE)).fallback


def test_a_sum_of_masses_beyond_64_bits_fits_its_column() -> None:
    bases = WeightSummary.ARROW_SCHEMA.field("bases").type.value_type
    largest = Decimal(10**38 - 1)
    assert pa.scalar(largest, bases.field("mass_sum").type).as_py() == largest


def test_blocks_of_a_digest_are_those_of_the_law() -> None:
    """Other ones give other digests of large countries; no small world shows it."""
    assert BLOCK_TILES == 4_194_304
