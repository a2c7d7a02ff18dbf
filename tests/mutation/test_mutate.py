"""The small changes that ``make mutate`` makes."""

from __future__ import annotations

import importlib.util
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def mutate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutate", ROOT / "scripts" / "mutate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_kind_of_change_is_made_and_nothing_else_is_changed(
    mutate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutate, "PACKAGE", tmp_path)
    path = tmp_path / "a.py"
    path.write_text(
        '"""1 + 1."""\n'
        "if TYPE_CHECKING:\n"
        "    import os\n"
        "def f(a: Literal[1]) -> int:\n"
        "    if not a:\n"
        "        raise ValueError(f'{a + 1}')\n"
        "    return a < 2 and np.minimum(a, True, copy=False)\n"
    )
    found = mutate.mutants(path)
    assert [(one.line, one.change) for one in found] == [
        (5, "if not a: -> if not not a:"),
        (5, "not a -> a"),
        (6, "raise ValueError(f'{a + 1}') -> pass"),
        (
            7,
            "return a < 2 and np.minimum(a, True, copy=False) -> return not (a < 2 and np.minimum(a, True, copy=False))",
        ),
        (
            7,
            "a < 2 and np.minimum(a, True, copy=False) -> a < 2 or np.minimum(a, True, copy=False)",
        ),
        (7, "a < 2 -> a <= 2"),
        (7, "a < 2 -> a < 3"),
        (7, "a < 2 -> a < 1"),
        (7, "np.minimum(a, True, copy=False) -> np.maximum(a, True, copy=False)"),
        (7, "np.minimum(a, True, copy=False) -> np.minimum(a, False, copy=False)"),
    ]
    for one in found:
        compile(one.source, one.file, "exec")
        assert one.source.count("TYPE_CHECKING") == 1


@pytest.mark.slow
def test_changes_that_are_left_out_are_still_changes(mutate: ModuleType) -> None:
    """So that the list holds no more than it must."""
    listed = tomllib.loads(mutate.EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    for one in listed:
        changes = {change for _, change, _ in mutate.changes(mutate.PACKAGE / one["file"])}
        assert set(one["changes"]) <= changes, one
        assert one["reason"]


def test_every_file_of_kernels_store_and_stages_has_tests(mutate: ModuleType) -> None:
    rooms = [mutate.PACKAGE / room for room in mutate.TESTS]
    for tests in mutate.TESTS.values():
        paths = [word for word in shlex.split(tests) if word.startswith("tests/")]
        assert paths
        assert all((ROOT / path).exists() for path in paths), tests
    left = [
        path.relative_to(mutate.PACKAGE).as_posix()
        for room in ("kernels", "store", "stages", "published")
        for path in sorted((mutate.PACKAGE / room).rglob("*.py"))
        if path.name != "__init__.py" and not any(path.is_relative_to(room) for room in rooms)
    ]
    assert left == []
