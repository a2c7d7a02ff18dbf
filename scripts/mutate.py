"""Change the program in small ways, one at a time, and see whether a test fails.

    python scripts/mutate.py kernels/weights store --per-file 10

Each change (a *mutant*) is made in a copy of ``src``; the tests of its folder run on it until one fails.
The mutants that no test fails on are listed. ``tests/mutation/equivalent.toml`` names those that change no
result, each with a reason. Mutants are drawn with a fixed seed, so many per file.

Each run of the tests is a fork of this process, which has imported what they need other than closedworld.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shlex
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "closedworld"
EQUIVALENT = ROOT / "tests" / "mutation" / "equivalent.toml"
OTHER_TESTS = {
    "kernels/digests.py": "tests/verification/test_value_digests.py",
    "kernels/inclusion.py": "tests/kernels/spans/test_rowspans.py",
    "kernels/limits.py": "tests/kernels/weights/test_basis.py",
    "kernels/parquet": "tests/kernels/parquet tests/kernels/tiles",
    "kernels/placing": "tests/kernels/placing tests/verification/test_site_law.py -m ''",
    "kernels/records.py": "tests/kernels/test_records.py tests/worlds/test_tables.py",
    "kernels/sizes.py": "tests/store/test_parts.py",
    "kernels/tiles": "tests/kernels/tiles tests/kernels/grid",
    "kernels/weights": "tests/kernels/weights tests/kernels/tiles",
    "published": "tests/published tests/worlds/test_opening.py tests/worlds/test_sampling.py tests/store/test_reading.py tests/cli/test_inspect.py -m ''",
    "store": "tests/store tests/stages/test_resume.py",
    "stages": "tests/stages",
}
TESTS = {
    path.relative_to(PACKAGE).as_posix(): own.relative_to(ROOT).as_posix()
    for path in sorted((PACKAGE / "kernels").iterdir())
    for own in (ROOT / "tests/kernels" / path.name, ROOT / "tests/kernels" / f"test_{path.name}")
    if own.exists() and path.name != "__pycache__"
} | OTHER_TESTS
"""Tests by folder, slow ones left out; by default those of the kernel's own name. What passes those must pass the golden test as well."""

GOLDEN = "tests/golden/test_golden.py::test_every_executor_gives_the_literals[serial]"
HEAVY = ("numpy", "pyarrow.dataset", "rasterio", "scipy.stats", "shapely")
TARGET = 0.95
_SHOWN = 200
"""Letters of a change that are printed."""

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr, ast.Pow: ast.Mult,
    ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
NAMES = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil",
    "ceil": "floor", "any": "all", "all": "any", "left": "right", "right": "left",
}  # fmt: skip
NOT_RUN = {"annotation", "returns", "decorator_list", "bases"}
GUARDS = {"copy", "safe", "strict"}
"""Arguments that change speed, or refuse what cannot be."""


class Mutant(NamedTuple):
    """A change: where, what, and the whole module with it."""

    file: str
    line: int
    change: str
    source: str


def expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield expressions and operators that may stand in the place of one."""
    if type(node) in OPERATORS:
        yield OPERATORS[type(node)]()
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield from (ast.Constant(node.value + 1), ast.Constant(node.value - 1))
    elif isinstance(node, ast.Constant) and node.value in {"left", "right"}:
        yield ast.Constant(NAMES[str(node.value)])
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield ast.Name(NAMES[node.id])
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield ast.Attribute(node.value, NAMES[node.attr])


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield statements that may stand in the place of one."""
    if isinstance(node, ast.If | ast.While):
        new = copy.copy(node)
        new.test = ast.UnaryOp(ast.Not(), node.test)
        yield new
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Compare | ast.BoolOp):
        yield ast.Return(ast.UnaryOp(ast.Not(), node.value))
    is_call = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    is_part = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    if is_call or is_part or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue):
        yield ast.Pass()


def places(node: ast.AST) -> Iterator[tuple[ast.AST, Callable[[ast.AST], None], ast.AST]]:
    """Yield each node below one that runs, a function that replaces it, and what it stands in."""
    if isinstance(node, ast.Raise | ast.JoinedStr):
        return
    if isinstance(node, ast.keyword) and node.arg in GUARDS:
        return
    for name, value in ast.iter_fields(node):
        if name in NOT_RUN:
            continue
        if isinstance(value, ast.AST):
            yield value, lambda new, name=name: setattr(node, name, new), node  # type: ignore[misc]
            yield from places(value)
        for i, one in enumerate(value if isinstance(value, list) else []):
            for_types = isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING"
            if isinstance(one, ast.AST) and not for_types:
                yield one, lambda new, value=value, i=i: value.__setitem__(i, new), node  # type: ignore[misc]
                yield from places(one)


def mutants(path: Path) -> list[Mutant]:
    """Return every mutant of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node, replace, parent in places(tree):
        shown = node if isinstance(node, ast.stmt | ast.UnaryOp) else parent
        for new in (*expressions(node), *statements(node)):
            before = ast.unparse(shown).splitlines()[0]
            replace(new)
            after = ast.unparse(new if shown is node else parent).splitlines()[0]
            source = ast.unparse(ast.fix_missing_locations(tree))
            file, line = (
                path.relative_to(PACKAGE).as_posix(),
                getattr(node, "lineno", getattr(parent, "lineno", 0)),
            )
            replace(node)
            found.append(Mutant(file, line, f"{before[-_SHOWN:]} -> {after[-_SHOWN:]}", source))
    return found


def passes(tests: str, copied: Path, seconds: float, *, writes: bool = False) -> bool:
    """Return whether tests pass on the copy of the program; those that take too long do not."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        sys.dont_write_bytecode = not writes
        sys.path.insert(0, str(copied))
        os.environ["PYTHONPATH"] = str(copied)
        own = copied.parent
        options = (
            f"-x -q --tb=no --ff -p no:randomly -o cache_dir={own}/cache --basetemp {own}/temp"
        )
        chosen = [*options.split(), "-m", "not slow", *shlex.split(tests)]
        os._exit(int(pytest.main(chosen)))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def survives(mutant: Mutant, tests: str, copied: Path, seconds: float) -> bool:
    """Return whether no test fails on a mutant."""
    path = copied / "closedworld" / mutant.file
    original = path.read_text(encoding="utf-8")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()
    path.write_text(mutant.source, encoding="utf-8")
    try:
        return passes(tests, copied, seconds) and passes(GOLDEN, copied, seconds)
    finally:
        path.write_text(original, encoding="utf-8")


def main() -> None:
    """Try the mutants of some files or folders and exit with 1 when too many survive."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("modules", nargs="*", default=["kernels", "store", "stages", "published"])
    parser.add_argument("--per-file", type=int, default=8)
    given = parser.parse_args()
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    equivalent = {(one["file"], one["change"]) for one in listed}
    for name in HEAVY:
        import_module(name)
    tried = survived = 0
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "src"
        shutil.copytree(ROOT / "src", copied, ignore=shutil.ignore_patterns("__pycache__"))
        for room, tests in TESTS.items():
            files = [path for path in sorted(PACKAGE.rglob("*.py")) if path.is_relative_to(PACKAGE / room)
                     and any(path.is_relative_to(PACKAGE / one) for one in given.modules)]  # fmt: skip
            began = time.monotonic()
            if files and not passes(f"{tests} {GOLDEN}", copied, 3600, writes=True):
                sys.exit(f"{tests} fail on the program as it is")
            seconds = 2 * (time.monotonic() - began) + 10
            for path in files:
                draw = random.Random(path.name)  # noqa: S311 -- the same ones each time
                every = [one for one in mutants(path) if (one.file, one.change) not in equivalent]
                for mutant in draw.sample(every, min(given.per_file, len(every))):
                    tried += 1
                    if survives(mutant, tests, copied, seconds):
                        survived += 1
                        print(f"{mutant.file}:{mutant.line}: {mutant.change}", flush=True)
    print(f"{tried - survived} of {tried} mutants were noticed")
    sys.exit(int(survived > (1 - TARGET) * tried))


if __name__ == "__main__":
    main()
