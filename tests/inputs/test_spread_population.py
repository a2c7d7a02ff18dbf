"""The warning that the bundled people are spread evenly over cells of another grid."""

from __future__ import annotations

import re

import pytest

from closedworld.errors import ConfigError
from closedworld.execution.events import Event, Warned
from closedworld.inputs.loading import load_spread_population
from closedworld.kernels.grid import Grid


class Warnings:
    """Keeps what is warned of."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def on_event(self, event: Event) -> None:
        if isinstance(event, Warned) and event.code == "population-spread":
            self.messages.append(event.message)


def warned_of(grid: Grid) -> list[str]:
    warnings = Warnings()
    assert load_spread_population(grid, warnings).layout.info.grid.is_same_lattice(grid)
    return warnings.messages


@pytest.mark.parametrize("resolution", ["5m", "10m", "0.25deg", "1deg", "10deg"])
def test_cells_that_add_up_those_of_the_raster_exactly_are_not_warned_of(resolution: str) -> None:
    assert warned_of(Grid.from_resolution(resolution)) == []


@pytest.mark.parametrize(
    ("resolution", "cells"),
    [("3s", "3"), ("7.5s", "7.5"), ("4m", "240"), ("0.12deg", "432"), ("7.2deg", "25,920")],
)
def test_cells_that_cut_those_of_the_raster_are_warned_of_in_plain_numbers(
    resolution: str, cells: str
) -> None:
    (message,) = warned_of(Grid.from_resolution(resolution))
    assert f"cells of 300 arc-seconds are spread evenly over those of {cells}. A raster" in message


def test_a_grid_that_it_cannot_be_spread_over_is_refused_and_the_grids_of_the_advice_work() -> None:
    with pytest.raises(ConfigError) as caught:
        warned_of(Grid.from_resolution("4.5s"))
    assert caught.value.code == "basis-needs-raster"
    grids = re.findall(r"(\d+s)\b", str(caught.value))
    assert grids == ["5s", "10s"]
    for resolution in grids:
        assert len(warned_of(Grid.from_resolution(resolution))) == 1
