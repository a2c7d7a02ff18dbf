"""What users write has the types that the package declares, as mypy checks it for them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from test_pages import ROOT, RUN_PAGES, blocks, name_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

CALLS = """\
from pathlib import Path
from typing import assert_type

import closedworld as cw

config = cw.RunConfig(
    polygons="mine.gpkg", raster=Path("people.tif"), out="w1", countries=["DE", "FR"], merchants="demo"
)
assert_type(config.out, Path | None)
assert_type(config.countries, tuple[str, ...])
cw.RunConfig(out=Path("w1"), countries=("DE", "FR"), except_countries={"AQ"}, result=None)
cw.RunConfig(result="w1", countries="DE,FR", lock="closedworld.lock")
world = cw.open_world("w1")
world.sample(country=["DE", "FR"], n=3, seed=7).write("points.csv")
world.sample(country="DE", n=3).write(Path("points.csv"))
world.spans_of({"DE"})
world.tiles(("DE", "FR"))
countries = cw.read_countries("mine.gpkg")
cw.build_tile_index(countries, cw.Grid.from_resolution("5m"), "w1")
cw.verify("w1", raster="people.tif", polygons=countries)
cw.world_sql("w1")
"""
WRONG = """\
import closedworld as cw

cw.RunConfig(out=1)
cw.RunConfig(countries=[1, 2])
cw.RunConfig(outt="w1")
cw.open_world(b"w1")
"""


def errors_in(folder: Path) -> list[str]:
    """Return what mypy says of the programs of a folder, with hardly an option."""
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--no-pretty", "."],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if ": error: " in line]


def test_every_page_and_call_is_typed_and_a_wrong_call_is_seen(tmp_path: Path) -> None:
    """The pages import libraries without types, which are taken as they are."""
    (tmp_path / "calls.py").write_text(CALLS)
    (tmp_path / "wrong.py").write_text(WRONG)
    for page in RUN_PAGES:
        program = "\n".join(text for language, text in blocks(page) if language == "python")
        name = name_of(page).removesuffix(".md").replace("/", "_").replace("-", "_")
        (tmp_path / f"page_{name}.py").write_text(program)
    found = errors_in(tmp_path)
    assert [line for line in found if not line.startswith("wrong.py")] == []
    assert {int(line.split(":")[1]) for line in found} == {3, 4, 5, 6}
