"""Figures as people read them."""

from __future__ import annotations

import math

import pytest

from closedworld.html_report import figures


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (1234567, "1,234,567"), (443.66, "444"), (1.3125, "1.31"), (None, figures.NONE), (math.nan, figures.NONE)],
)  # fmt: skip
def test_numbers(value: float | None, expected: str) -> None:
    assert figures.thousands(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0%"), (1, "100%"), (0.5, "50.0%"), (0.00001, "< 0.1%"), (0.99999, "> 99.9%")],
)
def test_a_little_is_not_nothing_and_almost_all_is_not_all(value: float, expected: str) -> None:
    assert figures.share(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0005, "0.5 ms"), (0.289, "289 ms"), (1.0, "1 s"), (8.6, "8.6 s"), (3725, "62 min 05 s")],
)
def test_seconds(value: float, expected: str) -> None:
    assert figures.seconds(value) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (2**30, "bytes", "1.1 GB"),
        (12, "files", "12 files"),
        (1.25, "ratio", "1.25"),
        (None, "files", figures.NONE),
        (math.inf, "bytes", figures.NONE),
    ],
)
def test_figures_have_their_unit(value: float | None, unit: str, expected: str) -> None:
    assert figures.figure(value, unit) == expected


def test_options_are_put_in_words() -> None:
    said = [figures.setting(value) for value in (None, True, False, [], ["DE", "FR"], 5)]
    assert said == ["default", "yes", "no", "all", "DE, FR", "5"]
