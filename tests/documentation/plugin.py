"""Hands the snippets of README and documentation to pytest, and the world that they begin with."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from snippets import SITE
from sybil.integration.pytest import SybilItem

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]

LONGEST = (
    "tests/documentation/test_site.py",
    "tests/faults/test_workers.py",
    "tests/golden/test_golden.py",
    "tests/faults/test_errors.py",
    "tests/cli/test_ends.py",
    "tests/kernels/spans/test_properties.py",
    "tests/explore/test_map_browser.py",
    "tests/readers/test_readers.py",
)
"""What would keep one process busy at the end of a run while the others have nothing left."""

WAITS = ROOT / "docs" / "README.md"
"""The other page that begins with the world of ``make world``, which the first one makes."""

pytest_collect_file = SITE.pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a page from top to bottom whatever the order of tests, and not in ``make quick``: each builds a world.

    Pages come first, then the longest files, then others with slow tests.
    """
    snippets = [item for item in items if isinstance(item, SybilItem)]
    for item in snippets:
        item.add_marker(pytest.mark.slow)
    snippets.sort(key=lambda item: (item.path == WAITS, item.path, item.example.line))
    others = [item for item in items if not isinstance(item, SybilItem)]
    longest = {ROOT / name for name in LONGEST}
    slow = {item.path for item in others if item.get_closest_marker("slow")}
    others.sort(key=lambda item: (item.path not in longest, item.path not in slow))
    items[:] = [*snippets, *others]


@pytest.fixture(scope="session")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[Path, str]]:
    """Return what ``make world`` makes on a checkout, only to be read, and what it prints.

    It is made when it is first asked for, once for all processes of the tests, in an environment that is there
    already, as after the first ``make``; nothing is installed twice.
    """
    base = tmp_path_factory.getbasetemp()
    checkout = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "checkout"

    @cache
    def make() -> tuple[Path, str]:
        checkout.mkdir(exist_ok=True)
        printed = checkout / "printed.txt"
        with (checkout / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not printed.exists():
                for name in ("Makefile", "pyproject.toml", "constraints.txt"):
                    shutil.copy2(ROOT / name, checkout / name)
                (checkout / ".venv").symlink_to(sys.prefix)
                done = subprocess.run(
                    ["make", "--silent", "world", "--assume-old=.venv/.installed"],
                    cwd=checkout,
                    env={**os.environ, "COLUMNS": "100"},
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, done.stderr
                printed.write_text(done.stdout, encoding="utf-8")
        return checkout / "world", printed.read_text(encoding="utf-8")

    return make
