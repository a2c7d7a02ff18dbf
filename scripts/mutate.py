"""Change the program in small ways, one at a time, and see whether a test fails.

    python scripts/mutate.py kernels/weights store --per-file 10

Each change (a *mutant*) is made in a copy of ``src``; the tests of its folder run on it until one fails.
The mutants that no test fails on are listed. ``tests/mutation/equivalent.toml`` names those that change no
result, each with a reason. Mutants are drawn by their text and a seed, so many per file: a change elsewhere in the
file, or an entry in that list, draws no others.

Each run of the tests is a fork of this process, which has imported what they need other than closedworld; a
property that fails is not reduced to a small example.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import resource
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
PLACING_TESTS = "tests/stages/test_placing_plan.py tests/stages/test_checking.py tests/stages/sites tests/stages/people tests/stages/test_stages.py"
OTHER_TESTS = {
    "kernels/comparing.py": "tests/kernels/comparing",
    "kernels/digests.py": "tests/kernels/test_column_digests.py tests/verification/test_value_digests.py",
    "kernels/fraud_mix.py": "tests/kernels/lives/test_planning.py tests/inputs/test_payment_settings.py tests/verification/test_stages.py",
    "kernels/inclusion.py": "tests/kernels/spans/test_rowspans.py tests/kernels/spans/test_fill.py",
    "kernels/limits.py": "tests/kernels/weights/test_basis.py",
    "kernels/lives": "tests/kernels/lives tests/stages/purchases -m '' -k 'not dask and not processes'",
    "kernels/parquet": "tests/kernels/parquet tests/kernels/tiles",
    "kernels/placing": "tests/kernels/placing tests/verification/test_site_law.py -m ''",
    "kernels/records.py": "tests/kernels/test_records.py tests/worlds/test_tables.py",
    "kernels/sampling": "tests/kernels/sampling -m ''",
    "kernels/scoring": "tests/kernels/scoring -m ''",
    "kernels/sizes.py": "tests/kernels/test_sizes.py tests/store/test_parts.py",
    "kernels/spans/coverage.py": "tests/kernels/spans/test_coverage.py tests/kernels/spans/test_border_tiles.py",
    "kernels/spans/filled.py": "tests/kernels/spans/test_fill.py tests/kernels/spans/test_filled_overlap.py",
    "kernels/spans/nearest.py": "tests/kernels/spans/test_cells.py tests/kernels/spans/test_nearest.py",
    "kernels/spans/owners.py": "tests/kernels/spans/test_cells.py",
    "kernels/tiles": "tests/kernels/tiles tests/kernels/grid",
    "kernels/weights": "tests/kernels/weights tests/kernels/tiles",
    "published": "tests/published tests/worlds/test_opening.py tests/worlds/test_sampling.py tests/store/test_reading.py tests/cli/test_inspect.py -m ''",
    "store": "tests/store --ignore=tests/store/test_engines.py tests/stages/test_resume.py",
    "stages": "tests/stages/test_runner.py tests/stages/test_task_runner.py tests/stages/test_placing_plan.py tests/stages/test_resume.py tests/stages/test_stages.py tests/run/test_third_stage.py tests/stages/tiles/test_faults.py -k 'not killed'",
    "stages/alone.py": PLACING_TESTS,
    "stages/asked_areas.py": "tests/stages/test_asked_areas.py tests/stages/sites",
    "stages/checked_results.py": PLACING_TESTS,
    "stages/country_source.py": PLACING_TESTS,
    "stages/people": "tests/stages/people tests/stages/test_stages.py",
    "stages/checking.py": "tests/stages/test_checking.py tests/stages/sites tests/verification/test_damaged_sites.py",
    "stages/memory.py": "tests/scale/test_memory.py tests/stages/test_placing_plan.py",
    "stages/placing_inputs.py": PLACING_TESTS,
    "stages/placing_plan.py": PLACING_TESTS,
    "stages/purchases": "tests/stages/purchases tests/stages/test_stages.py -m '' -k 'not dask and not processes'",
    "stages/sites": "tests/stages/sites tests/stages/test_stages.py tests/verification/test_damaged_sites.py",
    "stages/tiles": "tests/stages/tiles tests/stages/test_resume.py tests/stages/test_stages.py",
    "stages/weights": "tests/stages/weights tests/stages/test_resume.py tests/stages/test_stages.py",
}
TESTS = {
    path.relative_to(PACKAGE).as_posix(): own.relative_to(ROOT).as_posix()
    for path in sorted((PACKAGE / "kernels").iterdir())
    for own in (ROOT / "tests/kernels" / path.name, ROOT / "tests/kernels" / f"test_{path.name}")
    if own.exists() and path.name != "__pycache__"
} | OTHER_TESTS
"""Tests by file or folder, slow ones left out; by default those of the kernel's own name. What passes those must pass the golden test as well."""

GOLDEN = "tests/golden/test_golden.py::test_every_executor_gives_the_literals[serial]"
HEAVY = ("numpy", "pyarrow.dataset", "rasterio", "scipy.stats", "shapely")
TARGET = 0.95
_MOST_WAITING = 5
"""Seconds that tests may take for each second of processor time that they may take."""

_SHOWN = 200
"""Letters of a change that are printed, before and after it."""

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
NO_RESULT = {"ends"}
"""Calls that take the time of a phase."""

GUARDS = {"copy", "safe", "strict", "use_threads"}
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


def is_timing(node: ast.Call) -> bool:
    """Return whether a call only takes the time of a phase."""
    return isinstance(node.func, ast.Attribute) and node.func.attr in NO_RESULT


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield statements that may stand in the place of one."""
    if isinstance(node, ast.If | ast.While):
        new = copy.copy(node)
        new.test = ast.UnaryOp(ast.Not(), node.test)
        yield new
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Compare | ast.BoolOp):
        yield ast.Return(ast.UnaryOp(ast.Not(), node.value))
    called = node.value if isinstance(node, ast.Expr) else None
    is_call = isinstance(called, ast.Call) and not is_timing(called)
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


def where_they_differ(before: str, after: str) -> str:
    """Return a change as text, of long ones what is round the first difference."""
    pairs = enumerate(zip(before, after, strict=False))
    same = next((i for i, (a, b) in pairs if a != b), 0)
    is_long = max(len(before), len(after)) > _SHOWN
    shown = slice(max(0, same - _SHOWN // 2), same + _SHOWN // 2) if is_long else slice(None)
    return f"{before[shown]} -> {after[shown]}"


def changes(path: Path) -> Iterator[tuple[int, str, ast.Module]]:
    """Yield every change of a file: its line, its text, and the module, which has it until the next one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node, replace, parent in places(tree):
        shown = node if isinstance(node, ast.stmt | ast.UnaryOp) else parent
        for new in (*expressions(node), *statements(node)):
            before = ast.unparse(shown).splitlines()[0]
            replace(new)
            after = ast.unparse(new if shown is node else parent).splitlines()[0]
            line = getattr(node, "lineno", getattr(parent, "lineno", 0))
            yield line, where_they_differ(before, after), tree
            replace(node)


def mutants(path: Path) -> list[Mutant]:
    """Return every mutant of a file."""
    file = path.relative_to(PACKAGE).as_posix()
    return [
        Mutant(file, line, change, ast.unparse(ast.fix_missing_locations(tree)))
        for line, change, tree in changes(path)
    ]


def passes(tests: str, copied: Path, seconds: float, *, writes: bool = False) -> bool:
    """Return whether tests pass on the copy of the program; those that take more processor time do not."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        sys.dont_write_bytecode = not writes
        sys.path.insert(0, str(copied))
        os.environ["PYTHONPATH"] = str(copied)
        own = copied.parent
        options = f"-x -q --tb=no --ff -p no:randomly -W ignore::pytest.PytestAssertRewriteWarning -o cache_dir={own}/cache --basetemp {own}/temp"
        chosen = [*options.split(), "-m", "not slow", *shlex.split(tests)]
        os._exit(int(pytest.main(chosen)))
    end = time.monotonic() + _MOST_WAITING * seconds
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


class Score(NamedTuple):
    """How many mutants were drawn, how many of them are listed as equivalent, and how many no test failed on."""

    drawn: int = 0
    equivalent: int = 0
    survived: int = 0

    def plus(self, other: Score) -> Score:
        """Return the sum of both."""
        return Score(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def told(self) -> str:
        """The score as a line."""
        tried = self.drawn - self.equivalent
        return f"{self.drawn} drawn, {self.equivalent} equivalent, {tried - self.survived} of {tried} noticed"


def room_of(path: Path) -> str:
    """Return the innermost file or folder with tests of its own that a file belongs to."""
    return max((room for room in TESTS if path.is_relative_to(PACKAGE / room)), key=len)


def drawn(path: Path, number: int, seed: int) -> list[Mutant]:
    """Return some mutants of a file, the same ones for the same seed."""
    keys = {one: random.Random(f"{seed} {one.change}").random() for one in mutants(path)}  # noqa: S311
    return sorted(keys, key=lambda one: (keys[one], one.line))[:number]


def try_room(paths: list[Path], tests: str, copied: Path, given: argparse.Namespace) -> Score:
    """Try some mutants of each file of a room and print those that survive."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    equivalent = {(one["file"], change) for one in listed for change in one["changes"]}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    if not passes(f"{tests} {GOLDEN}", copied, 3600, writes=True):
        sys.exit(f"{tests} fail on the program as it is")
    seconds = 2 * (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) + 10
    score = Score()
    for path in paths:
        for mutant in drawn(path, given.per_file, given.seed):
            left_out = (mutant.file, mutant.change) in equivalent
            survived = not left_out and survives(mutant, tests, copied, seconds)
            score = score.plus(Score(1, left_out, survived))
            if survived:
                print(f"{mutant.file}:{mutant.line}: {mutant.change}", flush=True)
    return score


def main() -> None:
    """Try the mutants of some files or folders and exit with 1 when too many survive."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("modules", nargs="*", default=["kernels", "store", "stages", "published"])
    parser.add_argument("--per-file", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rooms: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if any(path.is_relative_to(PACKAGE / one) for one in given.modules) and any(changes(path)):
            rooms.setdefault(room_of(path), []).append(path)
    for name in HEAVY:
        import_module(name)
    os.environ["CLOSEDWORLD_TESTS"] = "mutate"
    total = Score()
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "src"
        shutil.copytree(ROOT / "src", copied, ignore=shutil.ignore_patterns("__pycache__"))
        for room, paths in rooms.items():
            score = try_room(paths, TESTS[room], copied, given)
            total = total.plus(score)
            print(f"{room}: {score.told}", flush=True)
    print(f"All: {total.told}")
    sys.exit(int(total.survived > (1 - TARGET) * (total.drawn - total.equivalent)))


if __name__ == "__main__":
    main()
