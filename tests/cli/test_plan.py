"""``closedworld plan``: what a run would do, for people and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from closedworld.published.results import open_published

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


def test_a_plan_is_what_the_run_then_does(call: Callable[..., Result], tmp_path: Path) -> None:
    options = ("--resolution", "1deg", "--countries", "FR,NO,FJ", "--basis", "area_m2")
    planned = json.loads(call("plan", *options, "--json").stdout)
    assert call("run", *options, "--out", str(tmp_path / "world")).exit_code == 0
    totals = open_published(tmp_path / "world", "tiles").receipt.totals
    assert {name: planned[name] for name in totals} == dict(totals)
    assert sum(planned["tiles_by_country"].values()) == totals["tiles"]
    assert [stage["stage"] for stage in planned["stages"]] == ["S1", "S2"]


def test_a_plan_writes_nothing_and_tells_tiles_units_memory_and_time(
    call: Callable[..., Result], tmp_path: Path
) -> None:
    done = call(
        "plan", "--resolution", "5m", "--no-weights", "--workers", "3", "--out", str(tmp_path / "w")
    )
    assert done.exit_code == 0
    assert not (tmp_path / "w").exists()
    lines = done.stdout.splitlines()
    assert "tiles of 236 countries" in lines[0]
    (row,) = [line for line in lines if line.startswith("S1")]
    assert row.split()[1:3] == ["236", "3"]
    assert "by number of workers" in done.stdout


def test_a_quiet_plan_says_by_its_status_whether_there_would_be_a_run(
    call: Callable[..., Result],
) -> None:
    words = ("plan", "--resolution", "1deg", "--countries", "MT,IT", "--no-weights", "-q")
    done = call(*words)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "countries-without-tiles" in done.stderr
    assert call(*words, "--rule", "any_overlap", "--coverage", "--dp", "19").exit_code == 2


@pytest.mark.slow
def test_a_plan_refuses_what_a_run_would_refuse(call: Callable[..., Result]) -> None:
    assert call("plan", "--resolution", "7s").exit_code == 2
    assert call("plan", "--resolution", "1deg", "--basis", "population:2,people:1").exit_code == 2
    done = call("plan", "--memory-limit", "1MiB")
    assert done.exit_code == 2
    assert "memory-limit" in done.output
