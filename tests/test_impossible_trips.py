"""The worked example: the file that it makes, and what relocation does to it. The page itself is run with the others."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import closedworld as cw

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial" / "impossible-trips.md").read_text(encoding="utf-8")


def make(path: Path) -> Path:
    script = ROOT / "examples" / "impossible_trips" / "make.py"
    subprocess.run([sys.executable, script, path], check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("trips") / "cards.csv")


def test_the_file_is_in_the_style_that_the_page_describes(cards: Path) -> None:
    """Offsets of up to a degree from home, a merchant hardly ever twice at one location."""
    rows = pd.read_csv(cards)
    assert f"{len(rows):,} made-up purchases of {rows['cc_num'].nunique()} cards" in PAGE
    assert set(rows.columns) <= set(re.findall(r"`(\w+)`", PAGE))
    for home, shop in (("lat", "merch_lat"), ("long", "merch_long")):
        assert (rows[home] - rows[shop]).abs().max() <= 1.000001
    assert not rows.duplicated(["merchant", "merch_lat", "merch_long"]).any()


def test_the_file_comes_out_again_byte_for_byte(cards: Path, tmp_path: Path) -> None:
    assert make(tmp_path / "again.csv").read_bytes() == cards.read_bytes()


def test_offsets_say_nothing_about_fraud(cards: Path) -> None:
    """Nearly all impossible trips are between legitimate purchases."""
    figures = cw.score(cards).figures
    precision, flight = figures["flight_precision"].value, figures["flight"].value
    assert precision is not None
    assert precision < 0.1
    assert flight is not None
    assert 0.01 < flight < 0.05
