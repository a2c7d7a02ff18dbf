"""How fast the last runs of the program were is kept in the user's cache, and forecasts use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from closedworld.cli import main
from closedworld.config.run import RunConfig
from closedworld.run.forecast import SAMPLED, forecast
from closedworld.run.pipeline import run_world
from closedworld.run.rates import keep_rates, kind_of, rates_path, read_rates

if TYPE_CHECKING:
    from pathlib import Path


def config(out: Path) -> RunConfig:
    return RunConfig(out=out, countries=("LU", "BE"), basis="area_m2")


@pytest.mark.slow
def test_the_rates_of_a_run_are_kept_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closedworld.run.rates.LEAST_ROWS", 1)
    assert forecast(config(tmp_path)).stages[0].measured_in == SAMPLED
    outcome = run_world(config(tmp_path))
    report = outcome.record.to_dict()
    keep_rates(outcome.rates)
    rates = read_rates()
    assert len(rates) == 2
    for own in report["stages"]:
        rate = rates[kind_of(own["parameters"], 1 / 12)]
        size = sum(total["size_bytes"] for total in own["datasets"].values())
        assert rate.run_id == report["run_id"]
        assert rate.rows_per_worker_second > 0
        assert rate.bytes_per_row == pytest.approx(size / own["totals"]["tiles"])
    found = forecast(config(tmp_path))
    assert [one.measured_in for one in found.stages] == [report["run_id"]] * 2
    tiles_rate = rates[kind_of(report["stages"][0]["parameters"], 1 / 12)]
    seconds = [one.worker_seconds for one in found.stages]
    assert seconds[0] == pytest.approx(found.plan.row_count / tiles_rate.rows_per_worker_second)
    assert found.minutes(4) == pytest.approx(sum(filter(None, seconds)) / 4 / 60)


@pytest.mark.slow
@pytest.mark.usefixtures("world_map")
def test_the_map_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes as long for one country as for the world, and of a small run most of the time."""
    monkeypatch.setattr("closedworld.run.rates.LEAST_ROWS", 1)
    outcome = run_world(config(tmp_path), until="tiles")
    report = outcome.record.to_dict()
    lines = (tmp_path / "reports" / report["run_id"] / "units.jsonl").read_text().splitlines()
    units = [json.loads(line) for line in lines]
    assert any(unit["rows"] == 0 for unit in units)
    (rate,) = outcome.rates.values()
    seconds = sum(unit["seconds"] for unit in units if unit["rows"])
    tiles = sum(unit["rows"] for unit in units)
    assert rate.rows_per_worker_second == pytest.approx(tiles / seconds)


def test_a_small_run_says_nothing_of_the_machine(tmp_path: Path) -> None:
    assert run_world(config(tmp_path)).rates == {}


def test_a_reused_result_has_no_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_world(config(tmp_path))
    monkeypatch.setattr("closedworld.run.rates.LEAST_ROWS", 1)
    assert run_world(config(tmp_path)).rates == {}


@pytest.mark.parametrize("content", ["", "[]", "{", '{"S1": 3}', '{"S1": {"run_id": "x"}}', "null"])
def test_a_cache_that_makes_no_sense_counts_as_empty(content: str) -> None:
    rates_path().parent.mkdir(parents=True)
    rates_path().write_text(content)
    assert read_rates() == {}


def test_a_cache_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("closedworld.run.rates.LEAST_ROWS", 1)
    keep_rates(run_world(config(tmp_path)).rates)
    assert read_rates() == {}


def test_only_the_program_writes_to_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever calls ``run_world`` keeps their home as it was."""
    monkeypatch.setattr("closedworld.run.rates.LEAST_ROWS", 1)
    assert run_world(config(tmp_path / "called")).rates
    assert not rates_path().exists()
    words = ["run", "--countries", "LU", "--basis", "area_m2", "--out", str(tmp_path / "typed")]
    assert CliRunner().invoke(main, words).exit_code == 0
    assert len(read_rates()) == 2
    assert set(json.loads(rates_path().read_text())) == set(read_rates())


def test_a_rate_says_nothing_of_other_weights_or_cells() -> None:
    by_area = {"stage": "weights", "basis": "area_m2:1", "dp": 12, "weigh_by_coverage": False}
    kinds = {
        kind_of(by_area, 1 / 12),
        kind_of(by_area, 1 / 120),
        kind_of({**by_area, "basis": "population:1"}, 1 / 12),
        kind_of({**by_area, "dp": 3}, 1 / 12),
    }
    assert len(kinds) == 4
