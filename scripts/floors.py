"""Runs pages of the documentation in an environment of the oldest versions that pyproject.toml allows.

    python scripts/floors.py ENVIRONMENT [PAGE ...]

Packages of the tests themselves have the versions of ``constraints.txt``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = ("notebook", "dask", "fetch")
TOOLS = (
    "exactextract",
    "hypothesis",
    "playwright",
    "pytest",
    "pytest-randomly",
    "pytest-xdist",
    "scipy",
    "sybil",
)
_FLOOR = re.compile(r"([\w-]+)>=([\d.]+)")


def floors() -> list[str]:
    """Return the dependencies, each pinned to the oldest version that is allowed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [one for name in EXTRAS for one in project["optional-dependencies"][name]]
    found = [_FLOOR.match(one) for one in (*project["dependencies"], *extras)]
    return [f"{one[1]}=={one[2]}" for one in found if one]


def tools() -> list[str]:
    """Return what the tests need besides, as ``constraints.txt`` pins it."""
    pins = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line
    )
    return [f"{name}=={pins[name]}" for name in TOOLS]


def main() -> None:
    """Make the environment, anew if a floor has changed, and run the pages."""
    environment, *pages = sys.argv[1:]
    folder = ROOT / environment
    wanted, made = "\n".join(floors()), folder / "floors.txt"
    programs = folder / "bin"
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    if not made.exists() or made.read_text() != wanted:
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([*pip, *floors(), *tools()], check=True)
        subprocess.run(
            [
                str(programs / "python"),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--editable",
                str(ROOT),
            ],
            check=True,
        )
        made.write_text(wanted)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    command = [str(programs / "python"), "-m", "pytest", "-q", "-p", "no:randomly", *pages]
    sys.exit(
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode
    )


if __name__ == "__main__":
    main()
