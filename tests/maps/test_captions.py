"""Captions name cells as people do."""

from __future__ import annotations

import pytest

from closedworld.maps.world_map import cell_text


@pytest.mark.parametrize(
    ("degrees", "text"),
    [
        (1 / 1200, "3 arc-seconds"),
        (1 / 120, "30 arc-seconds"),
        (1 / 12, "5 arc-minutes"),
        (0.51 / 60, "30.6 arc-seconds"),
        (2.5, "2.5 degrees"),
    ],
)
def test_the_unit_is_the_largest_that_keeps_the_number_short(degrees: float, text: str) -> None:
    assert cell_text(degrees) == text
