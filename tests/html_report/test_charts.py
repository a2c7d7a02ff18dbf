"""What the charts show, as numbers."""

from __future__ import annotations

import pytest

from closedworld.html_report.charts import bars_of, dots_of, timeline_of
from closedworld.html_report.country_rows import CountryRow
from closedworld.run.record.model import TaskRecord


def country(iso: str, tiles: int, zero: int | None) -> CountryRow:
    return CountryRow(iso=iso, name=iso, tiles=tiles, zero_tiles=zero)


def unit(began: float, seconds: float, worker: str = "w", work: str = "writing") -> TaskRecord:
    return TaskRecord(
        stage="S1",
        work=work,
        unit="LU",
        partition="LU",
        rows=5,
        worker=worker,
        process="host/1",
        began_seconds=began,
        seconds=seconds,
        phases={},
    )


def test_bars_are_cut_at_the_tiles_without_weight() -> None:
    """The longest bar is the whole width; countries without tiles have none."""
    bars = bars_of([country("B", 100, 0), country("A", 50, 10), country("C", 0, None)])
    assert [(bar.label, bar.weighted, bar.zero) for bar in bars] == [
        ("B", 100.0, 0.0),
        ("A", 40.0, 10.0),
    ]
    assert bars[1].zero_share == 0.2


def test_countries_beyond_the_twentieth_are_one_bar() -> None:
    bars = bars_of([country(f"C{i}", 100 - i, 1) for i in range(25)])
    assert len(bars) == 21
    assert bars[-1].label == "5 others"
    assert bars[-1].tiles == sum(100 - i for i in range(20, 25))


def test_without_weights_there_are_no_shares_and_no_dots() -> None:
    countries = [country("A", 5, None)]
    assert bars_of(countries)[0].zero_share is None
    assert dots_of(countries)[0] == []


def test_dots_stand_by_the_logarithm_of_tiles_and_by_the_share() -> None:
    dots, ticks = dots_of([country("A", 10, 5), country("B", 100, 0)])
    assert [(dot.x, dot.y, dot.label) for dot in dots] == [(50.0, 50.0, "A"), (100.0, 100.0, "")]
    assert [(tick.at, tick.text) for tick in ticks] == [(0.0, "1"), (50.0, "10"), (100.0, "100")]


def test_units_that_follow_each_other_are_one_block() -> None:
    """A gap that a pixel can show parts them, and so does another kind of work."""
    timeline = timeline_of(
        [unit(0, 2), unit(2, 3), unit(7, 1), unit(8, 2, work="reading"), unit(1, 1, worker="v")]
    )
    assert timeline is not None
    assert [lane.worker for lane in timeline.lanes] == ["v", "w"]
    blocks = timeline.lanes[1].blocks
    assert [(b.x, b.width, b.colour) for b in blocks] == [(0, 50, 1), (70, 10, 1), (80, 20, 2)]
    assert "10 rows, 0.00 to 5.00 s" in blocks[0].title
    assert [tick.text for tick in timeline.ticks] == ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s"]


def test_the_size_of_the_timeline_does_not_follow_the_number_of_units() -> None:
    many = timeline_of([unit(i / 1000, 0.0005) for i in range(100_000)])
    assert many is not None
    assert sum(len(lane.blocks) for lane in many.lanes) <= 700


@pytest.mark.parametrize("units", [[], [unit(0, 0)]])
def test_no_time_is_no_timeline(units: list[TaskRecord]) -> None:
    assert timeline_of(units) is None
