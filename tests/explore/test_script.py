"""The script of the page: tested by Node, checked by TypeScript, whole as it is put together, short enough to read."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from closedworld.explore.packing import packed
from closedworld.explore.writing import MODULES, assembled_script

PAGE = Path(str(files("closedworld.explore"))) / "page"
TESTS = Path(__file__).parent / "modules.test.js"
MOST_LINES = 1200


def environment() -> dict[str, str]:
    return {**os.environ, "PAGE_MODULES": str(PAGE)}


@pytest.mark.slow
def test_the_modules_do_what_their_tests_say(node: str) -> None:
    done = subprocess.run(
        [node, "--test", str(TESTS)], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_script_has_the_types_that_it_says() -> None:
    """``npm install`` in the folder of the page brings the compiler; without it, nothing is checked."""
    compiler = PAGE / "node_modules" / ".bin" / "tsc"
    found = str(compiler) if compiler.exists() else shutil.which("tsc")
    if found is None:
        pytest.skip("there is no TypeScript; `make script` brings it")
    done = subprocess.run(
        [found, "--project", str(PAGE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_module_is_in_the_script_once_and_after_those_it_imports() -> None:
    assert sorted(MODULES) == sorted(path.stem for path in PAGE.glob("*.js"))
    before: set[str] = set()
    for name in MODULES:
        imported = re.findall(r'^import .* from "\./(\w+)\.js";$', _text(name), re.MULTILINE)
        assert set(imported) <= before, name
        before.add(name)


def test_the_script_is_its_modules_without_what_links_them() -> None:
    script = assembled_script()
    assert not re.search(r"^(import|export) ", script, re.MULTILINE)
    for name in MODULES:
        own = [line for line in _text(name).splitlines() if not line.startswith("import ")]
        assert "\n".join(line.removeprefix("export ") for line in own).strip() in script
    assert "</script" not in script


@pytest.mark.slow
def test_the_script_is_one_that_runs(node: str, tmp_path: Path) -> None:
    """No name stands in two modules; a strict module would say so."""
    path = tmp_path / "script.mjs"
    path.write_text(assembled_script(), encoding="utf-8")
    subprocess.run([node, "--check", str(path)], check=True)


def test_the_script_stays_short() -> None:
    """Lines of code, without blank lines and comments."""
    lines = [line.strip() for name in MODULES for line in _text(name).splitlines()]
    code = [line for line in lines if line and not line.startswith(("//", "/*", "*"))]
    assert len(code) < MOST_LINES


@pytest.mark.slow
@pytest.mark.parametrize("largest", [0, 1, 100, 40_000, 3_000_000, 2**30 - 1])
def test_integers_come_back(largest: int, node: str) -> None:
    """What ``packed`` writes, ``unpack`` reads."""
    values = np.random.default_rng(largest).integers(-largest, largest, 500, endpoint=True)
    program = (
        f"import {{ unpack }} from {json.dumps((PAGE / 'codec.js').as_uri())};"
        f"console.log(JSON.stringify([...await unpack({json.dumps(packed(values))})]));"
    )
    done = subprocess.run(
        [node, "--input-type=module", "--eval", program], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == values.tolist()


def _text(name: str) -> str:
    return (PAGE / f"{name}.js").read_text(encoding="utf-8")
