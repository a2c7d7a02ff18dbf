"""The list of stages: in an order that works, each with what the program asks of it."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from closedworld.config.run import RunConfig
from closedworld.datasets.parameters import PARAMETERS
from closedworld.kernels.sizes import Sizes
from closedworld.stages import STAGES, Stage
from closedworld.stages.people.build import build_people
from closedworld.stages.people.plan import TASK_CARDS
from closedworld.stages.purchases.build import build_purchases
from closedworld.stages.purchases.day_files import GROUP_ROWS
from closedworld.stages.sites.build import build_sites
from closedworld.stages.sites.plan import TASK_SITES
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_stage_comes_after_what_it_needs() -> None:
    for number, stage in enumerate(STAGES):
        assert set(stage.needs) <= {before.name for before in STAGES[:number]}


@pytest.mark.parametrize("field", ["number", "name", "summaries_name"])
def test_no_two_stages_share(field: str) -> None:
    assert len({getattr(stage, field) for stage in STAGES}) == len(STAGES)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_has_a_plan_of_its_own(stage: Stage) -> None:
    module = import_module(f"closedworld.stages.{stage.name}.plan")
    assert callable(module.plan_run)


def test_a_stage_names_the_files_that_it_alone_reads() -> None:
    config = RunConfig(merchants=Path("shops.csv"))
    assert [stage.own_files(config) for stage in STAGES] == [(), (), (Path("shops.csv"),), (), ()]


def test_parameters_are_named_like_their_stages() -> None:
    assert list(PARAMETERS) == [stage.name for stage in STAGES]


def test_the_list_of_stages_loads_no_library() -> None:
    """The command line makes options from it before anything is asked for."""
    code = "import sys, closedworld.stages; print([n for n in ('numpy', 'pyarrow') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_sizes_that_decide_files_are_those_of_the_format() -> None:
    """Other ones give other bytes under the same hash; no small world shows it."""
    assert (TASK_SITES, TASK_CARDS, GROUP_ROWS) == (131_072, 131_072, 262_144)
    assert (Sizes().row_group_tiles, Sizes().part_tiles) == (1_048_576, 4_194_304)


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (build_tile_index, {"rule", "keep_small_countries", "coverage", "workers"}),
        (build_tile_weights, {"dp", "weigh_by_coverage", "workers"}),
        (build_sites, {"seed", "skip_unplaceable", "workers"}),
        (build_people, {"seed", "skip_unplaceable", "workers"}),
        (build_purchases, {"seed", "first_day", "rates", "fraud", "noise", "workers"}),
    ],
)
def test_defaults_are_the_same_from_python_as_from_the_command(
    build: Callable[..., object], names: set[str]
) -> None:
    config, parameters = RunConfig(), signature(build).parameters
    assert {name: parameters[name].default for name in names} == {
        name: getattr(config, name) for name in names
    }


def test_ten_thousand_cards_are_made_unless_others_are_asked_for() -> None:
    assert signature(build_people).parameters["cards"].default == 10_000
