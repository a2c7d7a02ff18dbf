"""Rates, fraud, days and noise as people write them, and what cannot be meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from closedworld.errors import ConfigError
from closedworld.inputs.payment_settings import (
    habits_of,
    period_of,
    read_fraud,
    read_rates,
)
from closedworld.kernels.fraud_mix import FraudMix
from closedworld.kernels.lives import CATEGORIES, default_habits
from closedworld.stages.purchases.plan import asked_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text)
    return path


def test_rates_change_what_is_named_alone(tmp_path: Path) -> None:
    rates = read_rates(written(tmp_path, "[fuel]\nper_week = 3\n[grocery]\nmedian = 40.5\n"))
    assert rates == {"fuel.per_week": 3.0, "grocery.median": 40.5}
    habits, default = habits_of(rates), default_habits()
    fuel, grocery = CATEGORIES.index("fuel"), CATEGORIES.index("grocery")
    assert habits.per_day[fuel].sum() == pytest.approx(3)
    assert habits.median[grocery] == 40.5
    others = np.arange(len(CATEGORIES)) != fuel
    assert (habits.per_day[others] == default.per_day[others]).all()
    assert read_rates(None) == {}


def test_fraud_has_the_defaults_of_what_is_not_named(tmp_path: Path) -> None:
    assert read_fraud(written(tmp_path, "share = 0.01\nlost = 0\n")) == FraudMix(share=0.01, lost=0)
    assert read_fraud(None) == FraudMix()


@pytest.mark.parametrize(
    ("read", "text", "code", "words"),
    [
        (read_rates, "[grocer]\nmedian = 2", "rates-unclear", "did you mean grocery?"),
        (read_rates, "[grocery]\nmean = 2", "rates-unclear", "there is no key of grocery 'mean'"),
        (read_rates, "[grocery]\nmedian = 'x'", "rates-unclear", "grocery.median is 'x'"),
        (read_rates, "grocery = 1", "rates-unclear", "not a table"),
        (read_rates, "[grocery", "config-syntax", "is not TOML"),
        (read_fraud, "share = 0.2", "fraud-unclear", "0..0.1"),
        (read_fraud, "clone=0\nskim=0\nlost=0\ntesting=0", "fraud-unclear", "weight 0"),
        (read_fraud, "share = true", "fraud-unclear", "not a number"),
        (read_fraud, "clones = 1", "fraud-unclear", "did you mean clone?"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    tmp_path: Path, read: Callable[[Path], object], text: str, code: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(written(tmp_path, text))
    assert caught.value.code == code
    assert words in caught.value.message


def test_days_noise_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    assert period_of("1971-01-02", 3).start == 366 * 86_400
    for text in ("2026-02-30", "1970-01-01", "tomorrow"):
        with pytest.raises(ConfigError, match="date-unclear"):
            period_of(text, 1)
    for days in (0, -1, 2.5, 3661):
        with pytest.raises(ConfigError, match="days-range"):
            period_of("2026-01-01", days)  # type: ignore[arg-type]
    for noise in (-1.0, float("nan"), 101.0):
        with pytest.raises(ConfigError, match="noise-range"):
            asked_of("2026-01-01", 1, None, None, noise, 0)
    with pytest.raises(ConfigError, match="config-missing"):
        read_fraud(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="nobody buys"):
        habits_of({f"{one}.per_week": 0.0 for one in CATEGORIES})
