"""The recipes run as they stand: commands and snippets, in the order of the page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "query.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^    (closedworld .*)$", re.MULTILINE)
SNIPPET = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the page prints when it is typed in from top to bottom."""
    folder = tmp_path_factory.mktemp("recipes")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    for command in COMMAND.findall(PAGE):
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    program = "\n".join(SNIPPET.findall(PAGE))
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_tool_answers(said: str) -> None:
    """Countries by DuckDB, Polars and pandas, boxes by GeoPandas, shops by GDAL."""
    for words in ("tiles_with_half", "centroid_lon", "share of tiles without weight", "m-2"):
        assert words in said
    assert said.count("LU") > 4


def test_places_are_found_on_their_tiles(said: str) -> None:
    """Brussels lies in Belgium, the city of Luxembourg in Luxembourg."""
    lines = [line for line in said.splitlines() if "4.35" in line or "6.13" in line]
    assert ["BE" in lines[0], "LU" in lines[1]] == [True, True]


def test_shops_lie_on_cells_with_weight(said: str) -> None:
    assert "every shop on a cell with weight: True" in said


def test_the_page_has_commands_and_snippets_for_each_tool() -> None:
    assert len(COMMAND.findall(PAGE)) == 4
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    named = {section.split("\n", 1)[0]: section for section in sections}
    for tool in ("DuckDB", "Polars", "pandas", "GeoPandas", "QGIS"):
        assert SNIPPET.search(named[tool])
