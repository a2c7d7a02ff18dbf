"""The public names: listed, importable, documented, and slow to load only when used."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys

import pytest

import closedworld
from closedworld.errors import ClosedWorldError

NAMES = sorted(closedworld._HOMES.keys() - {"__version__"})


def subclasses(kind: type[ClosedWorldError]) -> list[type[ClosedWorldError]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in subclasses(below))]


def test_the_list_of_names_is_that_of_their_homes() -> None:
    assert closedworld.__all__ == list(closedworld._HOMES) == sorted([*NAMES, "__version__"])


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_the_one_of_its_home(name: str) -> None:
    home = importlib.import_module(f"closedworld.{closedworld._HOMES[name]}")
    assert getattr(closedworld, name) is getattr(home, name)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_docstring_of_its_own(name: str) -> None:
    """A dataclass without one would show its signature."""
    text = inspect.getdoc(getattr(closedworld, name))
    assert text
    assert not text.startswith(f"{name}(")
    assert text.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_every_method_for_users_has_a_docstring(name: str) -> None:
    value = getattr(closedworld, name)
    if inspect.isclass(value):
        for method, function in inspect.getmembers(value, inspect.isfunction):
            if not method.startswith("_") and function.__module__.startswith("closedworld"):
                assert inspect.getdoc(function), method


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = closedworld.no_such_name


def test_the_types_that_a_checker_sees_are_those_that_run() -> None:
    """The imports for type checkers name every public name, from where it comes."""
    source = inspect.getsource(closedworld).split("if TYPE_CHECKING:")[1].split("_HOMES")[0]
    found = re.findall(r"from closedworld\.([\w.]+) import \(?\s*(\w+) as (\w+)", source)
    assert {name: home for home, name, _ in found} == closedworld._HOMES
    assert all(name == public for _, name, public in found)


def test_importing_the_package_loads_no_library() -> None:
    code = (
        "import sys, closedworld; print(sorted({'numpy', 'pyarrow', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_star_import_brings_every_name() -> None:
    code = "from closedworld import *; print(Grid, run_world, __version__)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_each_branch_of_the_errors_has_an_exit_status_of_its_own() -> None:
    statuses = {kind.__name__: kind.exit_code for kind in subclasses(ClosedWorldError)}
    assert statuses == {
        "ClosedWorldError": 1,
        "ConfigError": 2,
        "InputError": 3,
        "GeometryError": 3,
        "GridError": 3,
        "PublishError": 4,
        "IntegrityError": 5,
        "UnitError": 6,
        "AcceptanceError": 7,
        "FetchError": 8,
    }


def test_an_error_says_code_message_and_advice() -> None:
    error = ClosedWorldError("some-code", "this is wrong.", "Do that.")
    assert str(error) == "[some-code] this is wrong. Do that."
    assert str(ClosedWorldError("some-code", "this is wrong.")) == "[some-code] this is wrong."
