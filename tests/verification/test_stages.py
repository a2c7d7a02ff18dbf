"""A new stage or dataset does not go unchecked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from closedworld.datasets import DATASETS
from closedworld.datasets.parameters import (
    PARAMETERS,
    Parameters,
    PeopleParameters,
    PurchaseParameters,
    SiteParameters,
    TileParameters,
    WeightParameters,
)
from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.inclusion import Rule
from closedworld.stages import STAGES
from closedworld.testing import tiny_grid
from closedworld.verification.verify import CHECKS, verify

if TYPE_CHECKING:
    from pathlib import Path


def test_every_stage_has_its_checks_after_those_of_the_stages_that_it_needs() -> None:
    assert list(CHECKS) == [stage.name for stage in STAGES]
    for position, stage in enumerate(STAGES):
        assert set(stage.needs) <= set(list(CHECKS)[:position])


def test_every_dataset_belongs_to_a_stage() -> None:
    grid, rule = tiny_grid(), Rule.ANY_OVERLAP
    results: list[Parameters] = [
        TileParameters(1, grid, rule, False, ("FR",), "", coverage=True),  # noqa: FBT003
        WeightParameters(1, "", "area_m2", 9, False, None),  # noqa: FBT003
        SiteParameters(1, "", 0, ("FR",), "", (), "", {}),
        PeopleParameters(1, "", 0, ("FR",), "", "", {}),
        PurchaseParameters(1, "", 0, "2026-01-01", 1, {}, FraudMix(), 1.0, "", {}),
    ]
    assert [type(one) for one in results] == list(PARAMETERS.values())
    assert {dataset.name for one in results for dataset in one.datasets} == set(DATASETS)


def test_the_content_of_a_stage_that_is_not_known_is_reported_as_not_checked(
    world: Any, people: Path
) -> None:
    """As of a later version: its files are checked all the same."""
    folder = world.folder("tile_weights")
    world.reseal(folder, stage="journeys")
    world.part("tile_weights", "FR").unlink()
    outcome = verify(world.root, raster=people)
    assert {one.code for one in outcome.findings} == {"file-missing"}
    (left,) = [one for one in outcome.not_checked if one.folder == str(folder)]
    assert (left.what, left.reason) == ("content", "no stage that this version knows")
