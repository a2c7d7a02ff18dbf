"""TOML files of what people buy and of how much fraud there is."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from closedworld.bounded_read import read_toml
from closedworld.config.table import OPTIONS
from closedworld.errors import ConfigError
from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import CATEGORIES, Habits, Period, default_habits
from closedworld.sanitize import listed, quoted

RATE_KEYS = ("per_week", "median")
MOST_FRAUD = 0.1
MOST_PER_WEEK, MOST_MEDIAN = 100.0, 1e5
_EPOCH = date(1970, 1, 1).toordinal()
_EARLIEST, _LATEST = date(1971, 1, 1), date(2200, 1, 1)


def read_rates(path: Path | None) -> dict[str, float]:
    """Return rates as ``<category>.per_week`` and ``<category>.median``; empty for no file.

    Raises:
        ConfigError: ``rates-unclear``, ``config-missing``, ``config-syntax``.
    """
    rates: dict[str, float] = {}
    file = _SettingsFile(path, "rates-unclear")
    for category, own in sorted(file.content().items()):
        file.require_known(category, CATEGORIES, "category")
        if not isinstance(own, dict):
            raise file.unclear(f"{category} is {quoted(own)}, not a table")
        for key, value in sorted(own.items()):
            file.require_known(key, RATE_KEYS, f"key of {category}")
            limits = (0.0, MOST_PER_WEEK) if key == "per_week" else (0.01, MOST_MEDIAN)
            name = f"{category}.{key}"
            rates[name] = file.number(name, value, *limits)
    return rates


def habits_of(rates: Mapping[str, float]) -> Habits:
    """Return the bundled habits with other rates.

    Raises:
        ConfigError: ``rates-unclear``: nothing is left to buy.
    """
    habits = default_habits()
    per_day, median = habits.per_day.copy(), habits.median.copy()
    for name, value in rates.items():
        category, _, key = name.rpartition(".")
        row = CATEGORIES.index(category)
        if key == "median":
            median[row] = value
        else:
            per_day[row] *= value / float(np.cumsum(habits.per_day[row])[-1])
    if not per_day.any():
        raise ConfigError("rates-unclear", "nobody buys anything by these rates.")
    return replace(habits, per_day=per_day, median=median)


def read_fraud(path: Path | None) -> FraudMix:
    """Return how much fraud of which kind; the default for no file.

    Raises:
        ConfigError: ``fraud-unclear``, ``config-missing``, ``config-syntax``.
    """
    known = tuple(one.name for one in fields(FraudMix))
    given: dict[str, float] = {}
    file = _SettingsFile(path, "fraud-unclear")
    for key, value in file.content().items():
        file.require_known(key, known, "key")
        given[key] = file.number(key, value, 0.0, MOST_FRAUD if key == "share" else 1e6)
    mix = FraudMix(**given)
    if mix.share and not mix.clone + mix.skim + mix.lost + mix.testing:
        raise file.unclear(f"share is {mix.share:g}, but all kinds have weight 0")
    return mix


def period_of(first_day: str, days: int) -> Period:
    """Return the days that are asked for.

    Raises:
        ConfigError: ``date-unclear``, ``days-range``.
    """
    try:
        first = date.fromisoformat(first_day)
    except ValueError:
        first = date.min
    if not _EARLIEST <= first <= _LATEST:
        raise ConfigError(
            "date-unclear",
            f"{quoted(first_day)} is no day between {_EARLIEST} and {_LATEST}.",
            "Write it as 2026-01-31.",
        )
    return Period(first.toordinal() - _EPOCH, OPTIONS["days"].number("days", days))


@dataclass(frozen=True, slots=True)
class _SettingsFile:
    """A TOML file, if there is one, and the code of the errors in it."""

    path: Path | None
    code: str

    def content(self) -> dict[str, Any]:
        return {} if self.path is None else read_toml(self.path)

    def require_known(self, name: str, known: Collection[str], what: str) -> None:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = (
                f"; did you mean {close[0]}?" if close else f"; there are {listed(tuple(known))}"
            )
            raise self.unclear(f"there is no {what} {quoted(name)}{meant}")

    def number(self, name: str, value: Any, least: float, most: float) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not least <= value <= most:
            text = f"{name} is {quoted(value)}, not a number in {least:g}..{most:g}"
            raise self.unclear(text)
        return float(value)

    def unclear(self, what: str) -> ConfigError:
        return ConfigError(self.code, f"{self.path}: {what}.".replace("?.", "?"))
