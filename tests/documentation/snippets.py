"""Runs README and documentation as a reader would type them; ``plugin.py`` hands them to pytest.

A page is one program in a folder of its own, empty but for the examples, from top to bottom:

- ``console``: commands after ``$ `` run in a shell; other lines are what the command before prints. The world of
  ``make world`` is a copy of one that make has built.
- ``python``: runs in one interpreter for the whole page; a ``text`` block right below is what it prints.
- ``sql``: runs in DuckDB; a ``text`` block right below is what comes out.
- ``toml``: is written to the file that its first line names, ``# run.toml``.
- ``text``: shows something, and is compared only where it follows ``python`` or ``sql``.

Neither commands nor Python find optional packages that the page does not tell its reader to install.
A picture that a page makes and that lies in docs/images under the same name is compared with it.
Outputs are compared but for blanks; ``...`` stands for anything. A block whose first line begins with
``# not run by the tests: `` is skipped for the reason it gives; ``test_pages.py`` lists all of these.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.dataset  # noqa: F401 -- looks for pandas once, and would take the None of ``without`` for it
import pytest
from cluster import Cluster
from hidden import OPTIONAL, environment_without
from PIL import Image, ImageChops, ImageStat
from sybil import Region, Sybil

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sybil import Document, Example

ROOT = Path(__file__).parents[2]
LOGGER = logging.getLogger("closedworld")
"""A page may make it louder for the rest of the page."""

NOT_RUN = "# not run by the tests: "
DONE_ELSEWHERE = ("make test", "source .venv/bin/activate")
"""Commands that tests of their own run, or that are done already."""

_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL)
_OUTPUT = re.compile(r"\s*^```text\n(?P<output>.*?)^```$", re.MULTILINE | re.DOTALL)
_INSTALL = re.compile(r"pip install ([^`\n]+)")
_LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

# Of 255, on average; a map of other countries has dozens.
_MOST_DIFFERENCE = 2.0

# The address of the scheduler in the pages; the cluster of the tests listens elsewhere.
_ADDRESS = "tcp://127.0.0.1:8786"


def regions(document: Document) -> Iterator[Region]:
    """Yield the blocks of a page that are run, each with the output that is shown for it."""
    for fence in _FENCE.finditer(document.text):
        language, source = fence["language"], fence["source"]
        if language not in RUNNERS:
            continue
        shown = _OUTPUT.match(document.text, fence.end())
        output = None if shown is None or language == "console" else shown["output"]
        yield Region(fence.start(), fence.end(), (source, output), RUNNERS[language])


def compare(shown: str, printed: str) -> None:
    """Fail when a page shows something else than what was printed."""
    if not doctest.OutputChecker().check_output(
        shown.strip() + "\n", printed.strip() + "\n", _LOOSELY
    ):
        pytest.fail(f"The page shows\n{shown}\nand it is\n{printed}", pytrace=False)


def steps(source: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console block, each with the output that is shown for it."""
    for step in re.split(r"^\$ ", source, flags=re.MULTILINE)[1:]:
        command, *output = re.split(r"(?<!\\)\n", step, maxsplit=1)
        yield command.split("  #")[0].strip(), "".join(output)


def run_console(example: Example) -> None:
    """Type the commands of a block."""
    source, _ = example.parsed
    skip_what_says_so(source)
    for typed, shown in steps(source):
        if typed in DONE_ELSEWHERE:
            continue
        if typed == "make world":
            world, printed = example.namespace["made_world"]()
            shutil.copytree(world, "world")
        else:
            missing = {*OPTIONAL} - packages_of(example.document.text)
            printed = type_in(typed, missing, example.namespace)
        if shown.strip():
            compare(shown, printed)


def type_in(command: str, missing: set[str], namespace: dict[str, Any]) -> str:
    """Run a command in a shell as a user would who has the environment's programs but for some packages."""
    if _ADDRESS in command:
        cluster = namespace.setdefault("_cluster", Cluster())
        command = command.replace(_ADDRESS, cluster.address)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", command],
        env={**environment_without(missing), "PATH": path, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    # As diff(1), the program's diff says by status 1 that it found a difference.
    fine = {0, 1} if command.startswith("closedworld diff ") else {0}
    assert done.returncode in fine, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_python(example: Example) -> None:
    """Run a block in the page's interpreter."""
    source, shown = example.parsed
    skip_what_says_so(source)
    program = compile("\n" * example.line + source, example.path, "exec", dont_inherit=True)
    named = packages_of(example.document.text)
    with contextlib.redirect_stdout(io.StringIO()) as printed, without({*OPTIONAL} - named):
        exec(program, example.namespace)  # noqa: S102 -- our own pages
    if shown is not None:
        compare(shown, printed.getvalue())


def packages_of(text: str) -> set[str]:
    """Return the packages that a page tells its reader to install, those of extras too."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    left = [word for line in _INSTALL.findall(text) for word in line.replace("'", " ").split()]
    found: set[str] = set()
    while left:
        name, _, extra = re.split(r"[<>=]", left.pop())[0].partition("[")
        found.add(name)
        for one in filter(None, extra.rstrip("]").split(",")):
            left += extras["optional-dependencies"][one]
    return found


@contextlib.contextmanager
def without(packages: set[str]) -> Iterator[None]:
    """Let the block find none of some packages."""
    # It takes a pandas that is hidden for one that is there, unless it has been loaded before.
    importlib.import_module("pyarrow.dataset")

    before = {name: sys.modules.get(name) for name in packages}
    sys.modules.update(dict.fromkeys(packages))  # type: ignore[arg-type]  # None: not found
    try:
        yield
    finally:
        for name, module in before.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


def run_sql(example: Example) -> None:
    """Run a block in DuckDB, in the page's folder."""
    import duckdb  # noqa: PLC0415 -- most pages have none

    source, shown = example.parsed
    skip_what_says_so(source)
    answer = str(duckdb.sql(source))
    if shown is not None:
        compare(shown, answer)


def write_file(example: Example) -> None:
    """Write a block to the file that its first line names."""
    source, _ = example.parsed
    name = re.fullmatch(r"# (\w+\.toml)", source.partition("\n")[0])
    assert name is not None, "the first line of a toml block names its file: # run.toml"
    Path(name[1]).write_text(source, encoding="utf-8")


RUNNERS = {
    "console": run_console,
    "python": run_python,
    "sql": run_sql,
    "toml": write_file,
}


def skip_what_says_so(source: str) -> None:
    """Skip a block that says that it is not run, and why."""
    first = source.partition("\n")[0]
    if first.startswith(NOT_RUN):
        pytest.skip(first.removeprefix(NOT_RUN))


def begin(namespace: dict[str, Any]) -> None:
    """Give a page a folder with nothing in it but the examples, as in a checkout."""
    namespace["_before"], namespace["_level"] = Path.cwd(), LOGGER.level
    namespace["_folder"] = Path(tempfile.mkdtemp(prefix="page-"))
    os.chdir(namespace["_folder"])
    Path("examples").symlink_to(ROOT / "examples")


def end(namespace: dict[str, Any]) -> None:
    """Compare the pictures that were made with those that are shown, and take the folder away."""
    os.chdir(namespace["_before"])
    LOGGER.setLevel(namespace["_level"])
    if "_cluster" in namespace:
        namespace["_cluster"].close()
    try:
        for made in namespace["_folder"].glob("*.png"):
            if (shown := ROOT / "docs" / "images" / made.name).exists():
                assert looks_like(made, shown), f"{made.name} is not what the page makes"
    finally:
        shutil.rmtree(namespace["_folder"])


def looks_like(made: Path, shown: Path) -> bool:
    """Return whether two pictures are the same but for what another version of Pillow may change."""
    with Image.open(made) as one, Image.open(shown) as other:
        difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
        return one.size == other.size and max(ImageStat.Stat(difference).mean) < _MOST_DIFFERENCE


SITE = Sybil(
    parsers=[regions],
    path=str(ROOT),
    patterns=["README.md", "docs/*.md", "docs/*/*.md"],
    excludes=["docs/index.md", "docs/decisions/*.md"],
    setup=begin,
    teardown=end,
    fixtures=["own_cache", "made_world"],
)
