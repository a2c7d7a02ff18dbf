"""The house: every file imports from the floors below its own, in no circle, and stays short enough to read.

Floors of ``store``, ``stages``, ``inputs`` and ``published`` hold whole packages and not single files: that no
files import each other already puts the files of each in an order.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from source_rules import (
    Package,
    broad_handlers,
    imported,
    published_paths,
    tree_of,
    writes,
)

Rule: TypeAlias = "Callable[[Package, Path], set[str]]"

HOUSE = Package(Path(__file__).parents[1] / "src" / "closedworld")

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
    "kernels/digests",
    "kernels/parquet",
    "kernels/grid",
    "kernels/spans",
    "kernels/tiles",
    "kernels/weights",
    "kernels/sampling",
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
    "worlds",
    "verification",
    "html_report",
    "testing",
    "cli",
    "__main__",
    "__init__",
)

TOP_NAMES = 20
"""Names at the top of the package: 18 rooms, the version and what starts the program."""

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

FILES = HOUSE.files()


def floor_of(house: Package, path: Path) -> int:
    """Return the number of a file's floor, from the ground up."""
    name = house.name_of(path)
    floors = [floor for floor in FLOORS if name == f"{floor}.py" or name.startswith(f"{floor}/")]
    return FLOORS.index(max(floors, key=len))


def from_above(house: Package, path: Path) -> set[str]:
    """Return the files that one imports from floors above its own."""
    floor = floor_of(house, path)
    return {house.name_of(one) for one in house.own_imports(path) if floor_of(house, one) > floor}


def not_for_it(house: Package, path: Path) -> set[str]:
    """Return the files that one imports although their room is for others."""
    own = house.room_of(path)
    return {
        house.name_of(one)
        for one in house.own_imports(path)
        if (room := house.room_of(one)) in ONLY_FOR
        and own not in {room, *ONLY_FOR[room]}
        and not house.name_of(one).startswith("run/record")
    }


def trusted(house: Package, path: Path) -> set[str]:
    """Return the files that made the data, of those that one imports."""
    return {
        house.name_of(one)
        for one in house.own_imports(path)
        if house.room_of(one) in {"stages", "run", "execution", "testing"}
        or (house.room_of(one) == "kernels" and not house.name_of(one).startswith("kernels/grid/"))
    }


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
    assert {floor_of(HOUSE, path) for path in FILES} == set(range(len(FLOORS)))


def test_the_top_has_few_names() -> None:
    assert len({HOUSE.room_of(path) for path in FILES} - {"__init__"}) <= TOP_NAMES


@pytest.mark.parametrize("path", FILES, ids=HOUSE.name_of)
def test_imports_point_down_only(path: Path) -> None:
    assert from_above(HOUSE, path) == set()


def test_no_files_import_each_other() -> None:
    """Directly or round a corner, for types as well; a package that hands names on does not count."""
    assert HOUSE.circle() == []


@pytest.mark.parametrize("path", FILES, ids=HOUSE.name_of)
def test_some_rooms_are_for_few(path: Path) -> None:
    """Only ``cli`` runs; the record of a run is open to all above it; tests alone use ``testing``."""
    assert not_for_it(HOUSE, path) == set()


@pytest.mark.parametrize(
    "path", [path for path in FILES if HOUSE.room_of(path) == "kernels"], ids=HOUSE.name_of
)
def test_kernels_know_nothing_of_paths_logs_executors_or_the_environment(path: Path) -> None:
    assert not imported(tree_of(path)) & WORLDLY


@pytest.mark.parametrize(
    "path", [path for path in FILES if HOUSE.room_of(path) == "verification"], ids=HOUSE.name_of
)
def test_verification_trusts_nothing_that_made_the_data(path: Path) -> None:
    """It works results out again by itself: of kernels it imports the grid alone, and no stage."""
    assert trusted(HOUSE, path) == set()


def test_only_the_command_line_knows_of_click_and_rich() -> None:
    for path in FILES:
        if HOUSE.room_of(path) != "cli":
            assert not imported(tree_of(path)) & {"click", "rich"}


def test_the_package_needs_nothing_that_only_its_tests_need() -> None:
    for path in FILES:
        if HOUSE.room_of(path) != "testing":
            assert not imported(tree_of(path)) & {
                "pytest",
                "hypothesis",
                "exactextract",
                "pandas",
                "duckdb",
                "polars",
            }


@pytest.mark.parametrize("path", FILES, ids=HOUSE.name_of)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", FILES, ids=HOUSE.name_of)
def test_functions_stay_short(path: Path) -> None:
    """Docstrings do not count: they are there to be long where it helps."""
    long = {
        node.name: without_docstring(node)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and without_docstring(node) > MAX_FUNCTION_LINES
    }
    assert not long


@pytest.mark.parametrize("path", FILES, ids=HOUSE.name_of)
def test_nothing_broad_is_caught_and_users_input_is_not_asserted(path: Path) -> None:
    tree = tree_of(path)
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    # The serial executor hands every failure to the future, as executors do; a run writes its
    # report, whatever ended it, and raises again.
    if HOUSE.name_of(path) not in {"execution/serial.py", "run/pipeline.py"}:
        assert not list(broad_handlers(tree))


# Files that do write by themselves, and why.
WRITES_ITSELF = {
    # Into memory, a part file at a time.
    "datasets/part_encoder.py": {"self._writer.write_table", "pyarrow.parquet.ParquetWriter"},
    # A download goes on where it was cut off, so its bytes so far stay under a name of their own.
    "inputs/reference/fetching/partial_download.py": {"os.open"},
    # Inside ``whole_file``; the others call ``MapBuilder.save``, which ends there.
    "maps/canvas.py": {"indexed.save"},
    "maps/changes_map.py": {"builder.save"},
    "maps/weights_map.py": {"builder.save"},
    "maps/world_map.py": {"builder.save"},
    # A log has to be there, as far as it got, when the program is killed.
    "run/logs.py": {"logging.FileHandler"},
    # Values of a raster, each written to its place; the file goes with its staging folder.
    "stages/weights/masses.py": {"path.touch"},
    "stages/weights/population.py": {"path.open"},
    # Inside ``whole_file``, as in the next two.
    "worlds/point_writers.py": {
        "pyarrow.parquet.write_table",
        "pyarrow.csv.write_csv",
        "pyogrio.write_arrow",
    },
    "worlds/tile_geoparquet.py": {"pyarrow.parquet.ParquetWriter"},
    # GDAL fills what takes its place once it is finished.
    "worlds/tile_rasters.py": {"rasterio.open", "rasterio.shutil.copy"},
}


@pytest.mark.parametrize("path", FILES, ids=HOUSE.name_of)
def test_only_the_store_writes_files_by_itself(path: Path) -> None:
    """So each appears whole or not at all, whatever ends the program."""
    if HOUSE.room_of(path) != "store":
        assert set(writes(tree_of(path))) == WRITES_ITSELF.get(HOUSE.name_of(path), set())


@pytest.mark.parametrize("path", FILES, ids=HOUSE.name_of)
def test_only_the_store_knows_where_published_files_are(path: Path) -> None:
    """Others name an entry of the receipt, or a key; a path is for messages."""
    if HOUSE.room_of(path) != "store":
        assert list(published_paths(tree_of(path))) == []


def test_one_writer_and_one_reader_of_results_ask_which_storage_a_place_lies_in() -> None:
    """So another storage is one new file, and one line in ``store/places.py``."""
    for module, users in (
        ("store/local.py", {"store/places.py"}),
        ("store/places.py", {"published/results.py", "stages/runner.py"}),
    ):
        file = HOUSE.root / module
        assert {HOUSE.name_of(path) for path in FILES if file in HOUSE.own_imports(path)} == users


def test_the_standard_library_s_names_are_not_taken() -> None:
    """A module called like one of Python's own would hide it in tools that put src on the path."""
    tops = {HOUSE.room_of(path) for path in FILES} - {"__init__", "__main__"}
    assert not tops & set(sys.stdlib_module_names)


MADE_UP = {
    "kernels/__init__.py": "",
    "kernels/grid/__init__.py": "from closedworld.kernels.grid.affine import Grid",
    "kernels/grid/affine.py": "class Grid: ...",
    "kernels/spans/__init__.py": "from closedworld.kernels.spans.rowspans import RowSpans",
    "kernels/spans/rowspans.py": "class RowSpans: ...",
    "published/tile_index.py": "from closedworld.kernels.spans import RowSpans",
    "run/pipeline.py": "def run(): ...",
    "run/record/model.py": "class Record: ...",
    "testing/worlds.py": "WORLD = 1",
    "stages/protocol.py": "class Stage: ...",
}


def made_up(folder: Path, sources: dict[str, str]) -> Package:
    """Write a package of few files, and of some more by name."""
    house = Package(folder / "closedworld")
    for name, text in (MADE_UP | sources).items():
        path = house.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return house


IMPORTS = {
    "from": "from closedworld.{0}.{1} import {2}",
    "from package": "from closedworld.{0} import {1}",
    "import": "import closedworld.{0}.{1}",
    "import as": "import closedworld.{0}.{1} as other",
    "in a function": "def f():\n    import closedworld.{0}.{1} as other",
    "for types": "if TYPE_CHECKING:\n    from closedworld.{0}.{1} import {2}",
}


@pytest.mark.parametrize("form", IMPORTS.values(), ids=IMPORTS)
@pytest.mark.parametrize(
    ("rule", "file", "wanted"),
    [
        (from_above, "kernels/limits.py", ("stages", "protocol", "Stage")),
        (not_for_it, "html_report/page.py", ("run", "pipeline", "run")),
        (not_for_it, "cli/main.py", ("testing", "worlds", "WORLD")),
        (trusted, "verification/verify.py", ("stages", "protocol", "Stage")),
        (trusted, "verification/verify.py", ("kernels.spans", "rowspans", "RowSpans")),
    ],
)
def test_an_import_is_seen_in_every_form(
    tmp_path: Path, form: str, rule: Rule, file: str, wanted: tuple[str, str, str]
) -> None:
    house = made_up(tmp_path, {file: form.format(*wanted)})
    package, module, _ = wanted
    assert rule(house, house.root / file) == {f"{package.replace('.', '/')}/{module}.py"}


@pytest.mark.parametrize(
    "source",
    [
        "from closedworld.published.tile_index import RowSpans",
        "from closedworld.published.tile_index import RowSpans as Spans",
        "from closedworld.published import tile_index\nx = tile_index.RowSpans.of",
        "import closedworld.published.tile_index as t\nx = t.RowSpans",
        "import closedworld.published.tile_index\nx = closedworld.published.tile_index.RowSpans",
        "from closedworld.kernels.spans import RowSpans",
    ],
)
def test_a_name_is_followed_to_where_it_is_defined(tmp_path: Path, source: str) -> None:
    house = made_up(tmp_path, {"verification/verify.py": source})
    assert trusted(house, house.root / "verification/verify.py") == {"kernels/spans/rowspans.py"}


def test_a_local_name_of_two_functions_stands_for_both(tmp_path: Path) -> None:
    source = (
        "def f():\n    from closedworld.kernels.spans import RowSpans as one\n"
        "def g():\n    from closedworld.kernels.grid import Grid as one\n"
    )
    house = made_up(tmp_path, {"verification/verify.py": source})
    assert trusted(house, house.root / "verification/verify.py") == {"kernels/spans/rowspans.py"}


def test_what_may_be_imported_is_not_reported(tmp_path: Path) -> None:
    source = (
        "import json\nfrom closedworld.kernels.grid import Grid\n"
        "from closedworld.run.record.model import Record\n"
    )
    house = made_up(tmp_path, {"html_report/page.py": source})
    path = house.root / "html_report/page.py"
    assert {house.name_of(one) for one in house.own_imports(path)} == {
        "kernels/grid/affine.py",
        "run/record/model.py",
    }
    assert from_above(house, path) == not_for_it(house, path) == set()
    assert house.circle() == []


@pytest.mark.parametrize(
    ("there", "back"),
    [
        ("import closedworld.maps.b", "from closedworld.maps.a import x"),
        ("from closedworld.maps import b", "def f():\n    import closedworld.maps.a as a"),
        ("from closedworld.maps import y", "from closedworld.maps.a import x"),
    ],
)
def test_a_circle_is_seen(tmp_path: Path, there: str, back: str) -> None:
    sources = {"__init__": "from closedworld.maps.b import y", "a": there, "b": back}
    house = made_up(tmp_path, {f"maps/{name}.py": text for name, text in sources.items()})
    assert set(house.circle()) == {"maps/a.py", "maps/b.py"}


@pytest.mark.parametrize("source", ["from . import x", "from closedworld.kernels.spans import *"])
def test_imports_that_hide_what_they_import_are_refused(tmp_path: Path, source: str) -> None:
    house = made_up(tmp_path, {"maps/a.py": source})
    with pytest.raises(AssertionError, match="line 1"):
        house.own_imports(house.root / "maps/a.py")


@pytest.mark.parametrize(
    "source", ["import os", "import os.path", "def f():\n    from os import path", "import os as o"]
)
def test_the_package_of_any_import_is_seen(source: str) -> None:
    assert imported(ast.parse(source)) == {"os"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.write_text('x')", True),
        ("path.write_bytes(b'')", True),
        ("part.replace(path)", True),
        ("os.rename(a, b)", True),
        ("os.replace(a, b)", True),
        ("os.link(a, b)", True),
        ("import os as o\no.replace(a, b)", True),
        ("from os import replace as put\nput(a, b)", True),
        ("shutil.move(a, b)", True),
        ("shutil.copyfile(a, b)", True),
        ("from shutil import copy2\ncopy2(a, b)", True),
        ("import pyarrow.parquet as pq\npq.write_table(table, path)", True),
        ("from pyarrow.parquet import write_table\nwrite_table(table, path)", True),
        ("values.tofile(path)", True),
        ("import numpy as np\nnp.save(path, values)", True),
        ("open('x', 'w')", True),
        ("open('x', mode)", True),
        ("import io\nio.open('x', 'r' + rest)", True),
        ("path.open('ab')", True),
        ("path.open(mode='x')", True),
        ("path.open(how)", True),
        ("path.open(mode=how)", True),
        ("os.open(path, os.O_RDWR | os.O_CREAT)", True),
        ("os.open(path, flags)", True),
        ("import zipfile\nzipfile.ZipFile(path, 'w')", True),
        ("text.replace('a', 'b')", False),
        ("dataclasses.replace(one, name='x')", False),
        ("from dataclasses import replace\nreplace(one, name='x')", False),
        ("path.open('rb')", False),
        ("open(path)", False),
        ("open(path, encoding='utf-8')", False),
        ("published.open(entry)", False),
        ("os.open(path, os.O_RDONLY)", False),
        ("shutil.copyfileobj(source, target)", False),
    ],
)
def test_what_writes_is_told_from_what_does_not(source: str, *, found: bool) -> None:
    assert bool(list(writes(ast.parse(source)))) is found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("published.folder / name", True),
        ("f = published.folder\nf / name", True),
        ("def g():\n    f: Path = published.folder\n    h = f\n    return h / name", True),
        ("if (f := published.folder):\n    f / name", True),
        ("f, r = storage.root, 1\nf / name", True),
        ("storage.root / name", True),
        ("folder / entry.path", True),
        ("Path(published.folder, name)", True),
        ("Path(published.folder) / name", True),
        ("published.folder.joinpath(name)", True),
        ("published.folder.resolve() / name", True),
        ("os.path.join(published.folder, name)", True),
        ("f'{published.folder}/{name}'", True),
        ("published.path_of(entry).read_bytes()", True),
        ("p = published.path_of(entry)\np.open('rb')", True),
        ("pq.read_table(published.path_of(entry))", True),
        ("published.folder.iterdir()", True),
        ("str(published.folder)", False),
        ("f'{published.folder} is not a result.'", False),
        ("published.folder.resolve()", True),
        ("published.folder.parent", True),
        ("published.folder.name", False),
        ("str(published.path_of(entry).parent)", False),
        ("f'{published.path_of(entry)} cannot be read.'", False),
        ("def g():\n    f = published.folder\ndef h(f):\n    return f / name", False),
        ("out / name", False),
    ],
)
def test_joins_of_published_paths_are_told_from_messages(source: str, *, found: bool) -> None:
    assert bool(list(published_paths(ast.parse(source)))) is found


@pytest.mark.parametrize(
    ("caught", "found"),
    [
        ("except:", True),
        ("except Exception:", True),
        ("except (OSError, Exception):", True),
        ("except (KeyError, builtins.BaseException) as error:", True),
        ("except OSError:", False),
        ("except (KeyError, pa.ArrowException) as error:", False),
    ],
)
def test_a_broad_handler_is_seen(caught: str, *, found: bool) -> None:
    assert bool(list(broad_handlers(ast.parse(f"try:\n    f()\n{caught}\n    pass")))) is found


def test_a_broad_suppression_is_seen() -> None:
    assert list(broad_handlers(ast.parse("contextlib.suppress(KeyError, Exception)"))) == [1]
    assert not list(broad_handlers(ast.parse("contextlib.suppress(KeyError)")))
