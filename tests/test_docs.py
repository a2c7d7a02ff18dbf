"""README and documentation: commands and snippets run as they stand, links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from closedworld.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
ENVIRONMENT = Path(sys.prefix)


def blocks(language: str) -> list[str]:
    """Return the README's blocks of one language, in order."""
    return [text for kind, text in BLOCK.findall(README) if kind == language]


def commands(program: str) -> list[str]:
    """Return the README's commands of one program, in order, without comments."""
    lines = [line for text in blocks("console") for line in text.splitlines()]
    typed = [line.removeprefix("$ ").split("  #")[0].strip() for line in lines]
    return [line for line in typed if line.split()[0] == program]


def type_in(command: str, folder: Path) -> str:
    """Run a command in a shell as a user would, with the environment's programs at hand."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    # As diff(1), the program's diff says by status 1 that it found a difference.
    fine = {0, 1} if command.startswith("closedworld diff ") else {0}
    assert done.returncode in fine, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the README's commands are typed, one after another."""
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize("command", commands("closedworld"))
def test_commands_of_the_readme_run(command: str, folder: Path) -> None:
    """Each `closedworld` command of the README succeeds, in the order they stand, and answers."""
    assert type_in(command, folder).strip()


def test_snippets_of_the_readme_run(folder: Path) -> None:
    """The Python snippets run in order, as one program, and print what they say they print."""
    program = folder / "readme.py"
    program.write_text("\n".join(blocks("python")), encoding="utf-8")
    said = type_in(f"{sys.executable} -W error readme.py", folder)
    assert "tiles, " in said
    assert "'country_iso': 'MT'" in said
    assert "IT" in said


@pytest.mark.skipif(
    not (ENVIRONMENT / ".installed").exists(), reason="the environment was not made by make"
)
def test_make_world_builds_the_bundled_world(tmp_path: Path) -> None:
    """`make world` on a checkout builds the bundled world into ./world."""
    assert "make world" in commands("make")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy2(ROOT / name, tmp_path / name)
    # The environment is there already, as after the first `make`; nothing is installed twice.
    (tmp_path / ".venv").symlink_to(ENVIRONMENT)
    said = type_in("make world", tmp_path)
    assert "tiles of 236 countries" in said
    assert list(tmp_path.glob("world/tiles/parameter_hash=*/_receipt.json"))
    assert list(tmp_path.glob("world/reports/*/world_map.png"))


def test_make_test_runs_pytest() -> None:
    """`make test`, the README's second command, runs this suite."""
    assert "make test" in commands("make")
    plan = subprocess.run(
        ["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "-m pytest" in plan.stdout


def test_every_command_is_in_the_readme() -> None:
    """The README shows each command of the program at work."""
    shown = {command.split()[1] for command in commands("closedworld")}
    assert set(main.commands) <= shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_figure_is_left_to_fill_in(page: Path) -> None:
    """No page holds a place for a figure that was never measured."""
    assert "@@" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page exists."""
    missing = [
        link
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert not missing
