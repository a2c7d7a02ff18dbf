"""The house: every file imports from the floors below its own, in no circle, and stays short enough to read."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[1] / "src" / "closedworld"

# From the ground up: a file may import from its own floor and from those above this line of the list,
# for types as well. Kernels stand low because they need nothing: who reads files needs them.
FLOORS = (
    "_version",
    "errors",
    "sanitize",
    "bounded_read",
    "kernels/limits",
    "kernels/inclusion",
    "config",
    "kernels/sizes",
    "kernels/columns",
    "kernels/counting",
    "kernels/sphere",
    "kernels/nearest",
    "kernels/digests",
    "kernels/records",
    "kernels/typed_json",
    "kernels/parquet",
    "kernels/grid",
    "kernels/spans",
    "kernels/tiles",
    "kernels/weights",
    "kernels/sampling",
    "kernels/placing",
    "kernels/comparing",
    "kernels",
    "datasets",
    "store",
    "execution",
    "inputs",
    "published",
    "maps",
    "stages",
    "run/record",
    "run",
    "explore",
    "worlds",
    "verification",
    "html_report",
    "testing",
    "cli",
    "__main__",
    "__init__",
)

TOP_NAMES = 21
"""Names at the top of the package: 19 rooms, the version and what starts the program."""

# Who may import what, whatever the floors say.
ONLY_FOR = {
    "run": {"cli", "__init__"},
    "testing": set[str](),
    "verification": {"cli", "__init__"},
    "html_report": {"cli"},
}

# Kernels take and return arrays, sets of tiles or record batches, and know nothing of these.
WORLDLY = {"asyncio", "concurrent", "io", "logging", "multiprocessing", "os", "pathlib", "shutil",
           "socket", "subprocess", "sys", "tempfile", "threading", "time"}  # fmt: skip

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

FILES = sorted(SOURCE.rglob("*.py"))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree_of(path)))


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def floor_of(path: Path) -> int:
    """Return the number of a file's floor, from the ground up."""
    name = name_of(path)
    floors = [floor for floor in FLOORS if name == f"{floor}.py" or name.startswith(f"{floor}/")]
    return FLOORS.index(max(floors, key=len))


def room_of(path: Path) -> str:
    """Return the package or module of the top that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports anywhere, also in functions and for types."""
    modules: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            assert node.module is not None
            modules.add(node.module)
    return modules


def file_of(module: str) -> Path | None:
    """Return the file of a module, or the ``__init__.py`` of a package."""
    path = SOURCE.joinpath(*module.split(".")[1:])
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.exists():
            return file
    return None


@cache
def reexports(path: Path) -> dict[str, str]:
    """Return the names that a package hands on, and the module that each comes from."""
    return {
        alias.asname or alias.name: str(node.module)
        for node in tree_of(path).body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("closedworld.")
        for alias in node.names
    }


@cache
def own_imports(path: Path) -> frozenset[Path]:
    """Return the files of closedworld whose names a file uses: where they are defined, not handed on."""
    found: set[Path] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "closedworld":
            for alias in node.names:
                home = file_of(f"{node.module}.{alias.name}") or file_of(str(node.module))
                assert home is not None, f"{name_of(path)}: {node.module}"
                if home.name == "__init__.py" and alias.name in reexports(home):
                    home = file_of(reexports(home)[alias.name]) or home
                found.add(home)
    return frozenset(found - {path})


def without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function from its ``def``, its docstring not counted."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        assert first.end_lineno is not None
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_every_file_has_a_floor_and_every_floor_a_file() -> None:
    assert {floor_of(path) for path in FILES} == set(range(len(FLOORS)))


def test_the_top_has_few_names() -> None:
    assert len({room_of(path) for path in FILES} - {"__init__"}) <= TOP_NAMES


def test_imports_point_down_only() -> None:
    above = {
        name_of(path): name_of(one)
        for path in FILES
        for one in own_imports(path)
        if floor_of(one) > floor_of(path)
    }
    assert above == {}


def test_no_files_import_each_other() -> None:
    """Directly or round a corner, for types as well; a package that hands names on does not count."""
    graph = {path: own_imports(path) for path in FILES if path.name != "__init__.py"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(name_of(path) for path in error.args[1]))


def test_some_rooms_are_for_few() -> None:
    """Only ``cli`` runs; the record of a run is open to all above it; tests alone use ``testing``."""
    others = {
        name_of(path): name_of(one)
        for path in FILES
        for one in own_imports(path)
        if not name_of(one).startswith("run/record")
        and room_of(path) not in {room_of(one)} | ONLY_FOR.get(room_of(one), {room_of(path)})
    }
    assert others == {}


def test_kernels_know_nothing_of_paths_logs_executors_or_the_environment() -> None:
    worldly = {
        name_of(path): modules
        for path in FILES
        if room_of(path) == "kernels"
        and (modules := {module.split(".")[0] for module in imported(path)} & WORLDLY)
    }
    assert worldly == {}


def test_verification_trusts_nothing_that_made_the_data() -> None:
    """It works results out again by itself: of kernels it imports the grid alone, and no stage."""
    trusted = {
        name_of(path): name_of(one)
        for path in FILES
        for one in own_imports(path)
        if room_of(path) == "verification"
        and (
            room_of(one) in {"stages", "run", "execution", "testing"}
            or (room_of(one) == "kernels" and not name_of(one).startswith("kernels/grid/"))
        )
    }
    assert trusted == {}


def test_only_the_command_line_knows_of_click_and_rich() -> None:
    for path in FILES:
        if room_of(path) != "cli":
            assert not {module.split(".")[0] for module in imported(path)} & {"click", "rich"}


def test_the_package_needs_nothing_that_only_its_tests_need() -> None:
    for path in FILES:
        if room_of(path) != "testing":
            roots = {module.split(".")[0] for module in imported(path)}
            assert not roots & {
                "pytest",
                "hypothesis",
                "exactextract",
                "pandas",
                "duckdb",
                "polars",
            }


def test_files_stay_short() -> None:
    lines = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_functions_stay_short() -> None:
    """Docstrings do not count: they are there to be long where it helps."""
    long = {
        f"{name_of(path)} {node.name}": without_docstring(node)
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and without_docstring(node) > MAX_FUNCTION_LINES
    }
    assert long == {}


def test_nothing_broad_is_caught_and_users_input_is_not_asserted() -> None:
    # The serial executor hands every failure to the future, as executors do; a run
    # writes its report, whatever ended it, and raises again.
    allowed = {"execution/serial.py", "run/pipeline.py"}
    broad = {"everything", "Exception", "BaseException"}
    for path in FILES:
        for node in nodes_of(path):
            where = f"{name_of(path)}, line {getattr(node, 'lineno', 0)}"
            assert not isinstance(node, ast.Assert), where
            if isinstance(node, ast.ExceptHandler) and name_of(path) not in allowed:
                assert (ast.unparse(node.type) if node.type else "everything") not in broad, where


# Files that do write by themselves, and why.
WRITES_ITSELF = {
    # A download goes on where it was cut off, so its bytes so far stay under a name of their own.
    "inputs/reference/fetching/partial_download.py": {"os.open"},
    # Numbered files that only this run reads; they go with its staging folder.
    "stages/purchases/scratch.py": {"path.write_bytes"},
    # Values of a raster, each written to its place; the file goes with its staging folder.
    "stages/weights/population.py": {"path.open"},
    # Inside ``whole_file``: GDAL fills what takes its place once it is finished.
    "worlds/cloud_optimized.py": {"rasterio.open"},
}


def writes(tree: ast.Module) -> Iterator[str]:
    """Yield the calls by which a file could write or rename a file by itself."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        name = called.rpartition(".")[2]
        words = [*node.args, *(one.value for one in node.keywords)]
        texts = [one.value for one in words if isinstance(one, ast.Constant)]
        modes = [
            text for text in texts if isinstance(text, str) and re.fullmatch("[rwxab+]+", text)
        ]
        if (
            (
                name in {"write_text", "write_bytes", "rename", "renames", "mkstemp"}
                and "." in called
            )
            # ``str.replace`` has two arguments, that of dataclasses names its own.
            or (name == "replace" and "." in called and len(node.args) == 1 and not node.keywords)
            or (name == "open" and any(set(mode) & set("wxa+") for mode in modes))
            or (called == "os.open" and "O_CREAT" in ast.unparse(node))
        ):
            yield called


def test_only_the_store_writes_files_by_itself() -> None:
    """So each appears whole or not at all, whatever ends the program."""
    found = {
        name_of(path): calls
        for path in FILES
        if room_of(path) != "store" and (calls := set(writes(tree_of(path))))
    }
    assert found == WRITES_ITSELF


def test_only_the_store_knows_where_published_files_are() -> None:
    """Others name an entry of the receipt, or a key; a path is for messages."""
    for path in FILES:
        for node in nodes_of(path) if room_of(path) != "store" else ():
            where = f"{name_of(path)}, line {getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                sides = {ast.unparse(node.left), ast.unparse(node.right)}
                assert not any(
                    side.endswith((".folder", "entry.path", "RECEIPT_NAME")) for side in sides
                ), where
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
                assert node.value.attr != "folder" or node.attr in {"resolve", "name"}, where


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.write_text('x')", True),
        ("part.replace(path)", True),
        ("os.rename(a, b)", True),
        ("open('x', 'w')", True),
        ("path.open('ab')", True),
        ("path.open(mode='x')", True),
        ("os.open(path, os.O_RDWR | os.O_CREAT)", True),
        ("text.replace('a', 'b')", False),
        ("dataclasses.replace(one, name='x')", False),
        ("path.open('rb')", False),
        ("os.open(path, os.O_RDONLY)", False),
    ],
)
def test_what_writes_is_told_from_what_does_not(source: str, *, found: bool) -> None:
    assert bool(list(writes(ast.parse(source)))) is found


def test_the_standard_library_s_names_are_not_taken() -> None:
    """A module called like one of Python's own would hide it in tools that put src on the path."""
    tops = {room_of(path) for path in FILES} - {"__init__", "__main__"}
    assert not tops & set(sys.stdlib_module_names)
