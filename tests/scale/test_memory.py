"""Memory is arithmetic: what is forecast is what a run takes, and a limit caps the workers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from closedworld.config.run import RunConfig
from closedworld.errors import ConfigError
from closedworld.run.forecast import SAMPLED, forecast
from closedworld.stages.memory import StageMemory, capped
from closedworld.stages.tiles.plan import memory_of

MEBIBYTE = 1 << 20


def test_each_worker_adds_its_share_and_processes_their_libraries() -> None:
    stage = StageMemory(shared=10, per_worker=3)
    assert stage.total(100, 4, in_processes=False) == 100 + 10 + 4 * 3
    one = 170 * MEBIBYTE + 10 + 3
    assert stage.total(100, 1, in_processes=True) == 100 + one
    assert stage.total(100, 4, in_processes=True) == 100 + 4 * one
    assert StageMemory(0, 0).total(100, 4, in_processes=False) == 100


def test_a_task_of_another_kind_takes_the_place_of_a_worker() -> None:
    assert StageMemory(0, 3, beside=10).total(100, 4, in_processes=False) == 100 + 3 * 3 + 10
    assert StageMemory(0, 3, beside=2).total(100, 4, in_processes=False) == 100 + 4 * 3


@pytest.mark.parametrize(
    ("limit", "workers"), [(122, 4), (121, 3), (116, 2), (115, 1), (113, 1), (10**9, 4)]
)
def test_as_many_workers_as_a_limit_lets_in(limit: int, workers: int) -> None:
    stage = StageMemory(shared=10, per_worker=3)
    assert capped(stage, 4, limit, 100, in_processes=False) == workers


def test_without_a_limit_all_that_are_asked_for_work() -> None:
    assert capped(StageMemory(1, 1), 7, None, 100, in_processes=False) == 7
    assert capped(StageMemory(1, 1), None, None, 100, in_processes=False) is None


@pytest.mark.parametrize(("limit", "workers"), [(200, 5), (110, 5), (109, 4), (106, 1)])
def test_a_limit_lets_in_one_worker_per_core_at_most(
    monkeypatch: pytest.MonkeyPatch, limit: int, workers: int
) -> None:
    monkeypatch.setattr("closedworld.stages.memory.usable_cores", lambda: 5)
    assert capped(StageMemory(5, 1), None, limit, 100, in_processes=False) == workers


def test_a_limit_below_one_worker_is_refused_with_what_it_takes() -> None:
    stage = StageMemory(shared=0, per_worker=30 * MEBIBYTE)
    with pytest.raises(ConfigError) as caught:
        capped(stage, 4, 100 * MEBIBYTE, 80 * MEBIBYTE, in_processes=False)
    assert caught.value.code == "memory-limit"
    assert "115 MB" in caught.value.message


def test_a_small_world_takes_less_than_a_large_one_and_no_more_than_a_row_group() -> None:
    small, large, larger = (memory_of([n]).per_worker for n in (1000, 1 << 20, 1 << 30))
    assert small < large == larger


def measured(out: Path, *options: str) -> dict[str, Any]:
    """Return the report of a run in a process of its own, so that its peak is its own."""
    command = [sys.executable, "-m", "closedworld", "run", "--out", str(out), "--quiet", *options]
    subprocess.run(command, check=True, capture_output=True)
    (report,) = (out / "reports").glob("*/run_report.json")
    content: dict[str, Any] = json.loads(report.read_text())
    return content


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3])
def test_the_peak_of_a_run_is_within_a_quarter_of_the_forecast(
    tmp_path: Path, workers: int
) -> None:
    """Of millions of tiles, so that row groups and parts are full."""
    options = ("--resolution", "30s", "--countries", "FR,ES,SE,FI,UA,TR", "--basis", "area_m2")
    # In a process of its own, too: what the tests hold would count.
    planned = subprocess.run(
        [
            sys.executable,
            "-m",
            "closedworld",
            "plan",
            *options,
            "--workers",
            str(workers),
            "--json",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    stages = json.loads(planned.stdout)["stages"]
    report = measured(tmp_path, *options, "--workers", str(workers))
    peak = report["performance"]["peak_memory_bytes"]
    assert peak == pytest.approx(max(one["peak_memory_bytes"] for one in stages), rel=0.25)


@pytest.mark.slow
def test_a_memory_limit_caps_the_workers_of_a_run_and_is_kept(tmp_path: Path) -> None:
    options = ("--resolution", "30s", "--countries", "FR,ES,SE", "--basis", "area_m2")
    report = measured(tmp_path, *options, "--workers", "8", "--memory-limit", "512MiB")
    assert len({line["worker"] for line in report["workers"]}) < 8
    (total,) = [one for one in report["acceptance"] if one["name"] == "peak_memory_total"]
    assert total["passed"]


def test_a_forecast_counts_what_a_run_would_count() -> None:
    config = RunConfig(resolution="5m", basis="area_m2", countries=("FR", "MT", "VA"), workers=2)
    found = forecast(config)
    assert found.plan.world.without_tiles == ("VA",)
    tiles, weights = found.stages
    assert (tiles.stage, weights.stage) == ("S1", "S2")
    assert tiles.units == weights.units == 2
    assert tiles.workers == weights.workers == 2
    assert tiles.bytes_out is not None
    assert (tiles.measured_in, weights.measured_in) == (SAMPLED, None)
    assert found.minutes(2) is None


def test_temporary_files_of_a_forecast_hold_a_value_for_each_tile() -> None:
    found = forecast(RunConfig(countries=("FR",)))
    weights = found.stages[1]
    assert weights.temporary_bytes == found.plan.row_count * 4


@pytest.mark.parametrize(
    ("cards", "given", "executor"),
    [
        ("LU=1000", {}, "threads"),
        ("LU=100000", {}, "processes"),
        ("LU=100000", {"executor": "serial"}, "serial"),
        ("LU=100000", {"memory_limit": 1 << 40}, "threads"),
    ],
)
def test_many_purchases_are_made_in_processes_unless_something_else_is_asked_for(
    cards: str, given: dict[str, Any], executor: str
) -> None:
    config = RunConfig(
        countries=("LU",), merchants=Path("demo"), cards=Path(cards), days=30, **given
    )
    assert forecast(config, until="purchases").executor == executor


CARDS_SCRIPT = """
import sys
import numpy as np, pyarrow as pa
from closedworld import open_world
from closedworld.execution.events import NullObserver
from closedworld.execution.meters import peak_memory_bytes
from closedworld.inputs.cards import read_cards
from closedworld.stages.people.build import build_people
from closedworld.stages.people.plan import plan_people
from closedworld.stages.placing_inputs import PlacingInputs
world, count = open_world(sys.argv[1]), int(sys.argv[2])
inputs = PlacingInputs.of_world(
    world, "homes", None, seed=0, skip_unplaceable=False, observer=NullObserver(),
)
ids = pa.array(np.random.default_rng(1).permutation(count)).cast(pa.string())
table = pa.table({"card_id": ids, "person_id": ids, "country_iso": pa.repeat("LU", count)})
before = peak_memory_bytes()
cards = read_cards(table)
plan = plan_people(inputs, world.result("sites"), cards)
held = peak_memory_bytes()
build_people(world, sys.argv[3], cards=table, executor="serial")
forecast = plan.memory.total(held, 1, in_processes=False)
print((held - before) / count, forecast, peak_memory_bytes())
"""


@pytest.mark.slow
def test_people_take_what_is_forecast_and_a_table_of_cards_a_few_hundred_bytes_each(
    tmp_path: Path,
) -> None:
    """With lists of Python objects a card took 600 bytes while its table was checked."""
    out, count = str(tmp_path / "out"), 1 << 17
    measured(tmp_path / "out", "--countries", "LU", "--merchants", "demo")
    done = subprocess.run(
        [sys.executable, "-c", CARDS_SCRIPT, out, str(count), out],
        check=True,
        capture_output=True,
        text=True,
    )
    per_card, expected, peak = map(float, done.stdout.split())
    assert per_card < 350
    # The forecast is that of a large country.
    assert 0.6 * expected < peak < 1.05 * expected
