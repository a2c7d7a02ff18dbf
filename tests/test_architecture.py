"""The house: imports point down only, files and functions stay short enough to read."""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "closedworld"

# What each package or module of the top level may import of closedworld, besides itself: upper
# floors first. The run draws pictures, so report is below it and knows only sets of tiles; the page
# over finished runs is above both.
BELOW = {
    "__main__": {"cli"},
    "__init__": {"_version", "config", "countries", "datasets", "errors", "fetching", "grid", "reference", "run", "spans", "tiles", "validation", "weights", "worlds"},
    "cli": {"_version", "config", "countries", "datasets", "errors", "execution", "fetching", "grid", "inputlock", "page", "reference", "run", "text", "validation", "worlds"},
    "worlds": {"comparing", "config", "countries", "datasets", "errors", "execution", "grid", "reference", "report", "run", "sampling", "spans", "text", "tiles"},
    "page": {"_version", "countries", "datasets", "errors", "grid", "reference", "report", "run", "spans", "text"},
    "validation": {"countries", "datasets", "digests", "errors", "grid", "reference", "spans", "testing", "text"},
    "run": {"_version", "config", "countries", "datasets", "digests", "errors", "execution", "grid", "inputlock", "parquet", "reference", "report", "spans", "text", "tiles", "weights"},
    "testing": {"countries", "errors", "grid", "spans"},
    "report": {"errors", "grid", "spans", "text"},
    "weights": {"config", "digests", "errors", "grid", "parquet", "spans", "text", "tiles"},
    "sampling": {"grid", "spans"},
    "comparing": {"grid", "spans"},
    "tiles": {"countries", "digests", "errors", "grid", "parquet", "spans"},
    "spans": {"errors", "grid"},
    "countries": {"crs", "errors", "reference", "text"},
    "grid": {"crs", "errors", "text"},
    "config": {"errors", "smallfiles", "text"},
    "inputlock": {"digests", "errors", "reference", "smallfiles", "text"},
    "datasets": {"digests", "errors", "parquet", "smallfiles", "text"},
    "execution": {"config", "errors"},
    "fetching": {"_version", "digests", "errors", "smallfiles", "text"},
    "reference": {"digests", "errors", "text"},
    "crs": {"errors", "text"},
    "parquet": set(),
    "text": set(),
    "digests": set(),
    "smallfiles": set(),
    "errorcodes": {"errors"},
    "errors": set(),
    "_version": set(),
}  # fmt: skip

# Kernels take and return arrays, sets of tiles or record batches, and know nothing of these.
WORLDLY = {"asyncio", "concurrent", "io", "logging", "multiprocessing", "os", "pathlib", "shutil",
           "socket", "subprocess", "sys", "tempfile", "threading", "time"}  # fmt: skip
KERNELS = (
    "comparing",
    "parquet",
    "sampling",
    "spans",
    "tiles",
    "weights",
    "grid/affine.py",
    "grid/area.py",
    "grid/doubledouble.py",
)

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

FILES = sorted(SOURCE.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def floor_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports anywhere, also in functions and for types."""
    modules: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            assert node.module is not None
            modules.add(node.module)
    return modules


def own_imports(path: Path) -> set[str]:
    """Return the floors of closedworld that a file imports, other than its own."""
    parts = [module.split(".") for module in imported(path)]
    floors = {
        part[1] if len(part) > 1 else "__init__" for part in parts if part[0] == "closedworld"
    }
    return floors - {floor_of(path)}


def without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function from its ``def``, its docstring not counted."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        assert first.end_lineno is not None
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_every_floor_is_known() -> None:
    assert {floor_of(path) for path in FILES} == set(BELOW)


def test_the_floors_have_an_order() -> None:
    """No two of them import each other, directly or round a corner."""
    left = {floor: set(below) for floor, below in BELOW.items()}
    while left:
        lowest = {floor for floor, below in left.items() if not below & set(left)}
        assert lowest, f"in a circle: {sorted(left)}"
        left = {floor: below for floor, below in left.items() if floor not in lowest}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_down_only(path: Path) -> None:
    if path == SOURCE / "__init__.py":
        assert own_imports(path) <= BELOW["__init__"]
        return
    assert own_imports(path) <= BELOW[floor_of(path)]


@pytest.mark.parametrize(
    "path", [path for path in FILES if name_of(path).startswith(KERNELS)], ids=name_of
)
def test_kernels_know_nothing_of_paths_logs_executors_or_the_environment(path: Path) -> None:
    assert not {module.split(".")[0] for module in imported(path)} & WORLDLY


def test_only_the_command_line_knows_of_click_and_rich() -> None:
    for path in FILES:
        if floor_of(path) != "cli":
            assert not {module.split(".")[0] for module in imported(path)} & {"click", "rich"}


def test_the_package_needs_nothing_that_only_its_tests_need() -> None:
    for path in FILES:
        if floor_of(path) != "testing":
            roots = {module.split(".")[0] for module in imported(path)}
            assert not roots & {
                "pytest",
                "hypothesis",
                "exactextract",
                "pandas",
                "duckdb",
                "polars",
            }


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_functions_stay_short(path: Path) -> None:
    """Docstrings do not count: they are there to be long where it helps."""
    long = {
        node.name: without_docstring(node)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and without_docstring(node) > MAX_FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_broad_is_caught_and_users_input_is_not_asserted(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}"
        if isinstance(node, ast.ExceptHandler):
            caught = "everything" if node.type is None else ast.unparse(node.type)
            if caught in {"everything", "Exception", "BaseException"}:
                # The serial executor hands every failure to the future, as executors do; a run
                # writes its report, whatever ended it, and raises again.
                assert name_of(path) in {"execution/serial.py", "run/pipeline.py"}


def test_the_standard_library_s_names_are_not_taken() -> None:
    """A module called like one of Python's own would hide it in tools that put src on the path."""
    tops = {floor_of(path) for path in FILES} - {"__init__", "__main__"}
    assert not tops & set(sys.stdlib_module_names)
