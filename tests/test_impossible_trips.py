"""The worked example, typed in as its page has it: what it claims is what comes out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

import closedworld

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial" / "impossible-trips.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)

AS_IN_FILE, ANEW, ONE_SITE, NEAR, FAR = range(5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands are typed: a folder with the examples of the checkout."""
    folder = tmp_path_factory.mktemp("trips")
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    """What the last command prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "error::UserWarning"}
    for command in COMMANDS:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def table(printed: str) -> pd.DataFrame:
    """The printed table as numbers; percent as shares."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in printed.splitlines()
        if line.startswith("| ")
    ]
    frame = pd.DataFrame(rows[2:], columns=rows[0])
    for name in frame.columns[1:]:
        number = frame[name].str.extract(r"([\d.,]+)")[0].str.replace(",", "").astype(float)
        frame[name] = number.where(~frame[name].str.endswith("%"), number / 100)
    return frame


def test_the_page_has_the_table_that_is_printed(printed: str) -> None:
    for line in printed.splitlines():
        if line.startswith("| "):
            assert line in PAGE
    assert printed.splitlines()[-1] in " ".join(PAGE.split())


def test_the_file_is_in_the_style_that_the_page_describes(printed: str, folder: Path) -> None:
    """Offsets of up to a degree from home, a merchant hardly ever twice at one location."""
    assert printed
    rows = pd.read_csv(folder / "cards.csv")
    assert f"{len(rows):,} made-up purchases of {rows['cc_num'].nunique()} cards" in PAGE
    for name in rows.columns:
        if name != "state":
            assert f"`{name}`" in PAGE
    for home, shop in (("lat", "merch_lat"), ("long", "merch_long")):
        assert (rows[home] - rows[shop]).abs().max() <= 1.000001
    assert not rows.duplicated(["merchant", "merch_lat", "merch_long"]).any()


def test_the_file_comes_out_again_byte_for_byte(printed: str, folder: Path, tmp_path: Path) -> None:
    assert printed
    script = ROOT / "examples" / "impossible_trips" / "make.py"
    subprocess.run(
        [sys.executable, script, tmp_path / "again.csv"], check=True, capture_output=True
    )
    assert (tmp_path / "again.csv").read_bytes() == (folder / "cards.csv").read_bytes()


def test_the_snippet_gives_the_outlets_of_the_script(
    printed: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merchant has the same sites alone as among all others."""
    assert printed
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(snippet, names)  # noqa: S102 -- our own page
    among = pa.table({"id": ["Elm Fuel", "Alder Market"], "country": ["US"] * 2, "n": [10, 3000]})
    drawn = closedworld.open_world("us").sample(among, seed=7).table.slice(10)
    assert names["outlets"].table.select(["lon", "lat"]).equals(drawn.select(["lon", "lat"]))


def test_offsets_say_nothing_about_fraud(table: pd.DataFrame) -> None:
    """Nearly all impossible trips are between legitimate purchases."""
    assert table["precision"][AS_IN_FILE] < 0.1
    assert 0.01 < table["legitimate"][AS_IN_FILE] < 0.05


def test_neither_random_sites_nor_one_site_make_believable_trips(table: pd.DataFrame) -> None:
    for way in (ANEW, ONE_SITE):
        assert table["legitimate"][way] > 10 * table["legitimate"][AS_IN_FILE]
    assert table["sites each"][ONE_SITE] == 1


def test_fixed_outlets_nearby_make_legitimate_trips_possible(table: pd.DataFrame) -> None:
    for way in (NEAR, FAR):
        assert table["legitimate"][way] <= 0.002
        assert table["median trip"][way] < 10
        assert 1 < table["sites each"][way] < table["sites each"][AS_IN_FILE] / 3


def test_what_speed_says_of_fraud_is_what_the_maker_of_the_world_chose(table: pd.DataFrame) -> None:
    assert table["with fraud"][NEAR] < 0.01
    assert table["with fraud"][FAR] > 0.1
    assert table["precision"][FAR] > 0.7


def test_the_picture_is_drawn_and_the_one_of_the_page_is_such_a_one(
    printed: str, folder: Path
) -> None:
    assert printed
    with (
        Image.open(folder / "trips.png") as drawn,
        Image.open(ROOT / "docs" / "images" / "impossible-trips.png") as kept,
    ):
        assert drawn.size == kept.size
        assert len(drawn.convert("RGB").getcolors() or ()) > 8
