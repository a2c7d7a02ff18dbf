"""The table of error codes has every code that a source raises, under its branch, and no other."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from closedworld.errors import ClosedWorldError
from closedworld.errors.codes import ERROR_CODES, WARNING_CODES
from closedworld.inputs.regions.country_set import NoteKind

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[1] / "src" / "closedworld"
FILES = sorted({*SOURCE.rglob("*.py")} - {SOURCE / "errors" / "codes.py"})
BRANCHES = {branch.__name__: branch for branch in ERROR_CODES}
ALL_CODES = {code for codes in ERROR_CODES.values() for code in codes}


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def texts(node: ast.AST) -> Iterator[str]:
    """Yield what an argument may be: a text, or one of two."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from texts(body)
            yield from texts(orelse)


def raised(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the branch and the code of each error that a source makes with a code in place."""
    for node in nodes_of(path):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[code, _, *_]) if name in BRANCHES:
                yield from ((name, text) for text in texts(code))
            case ast.Call(
                func=ast.Name(id="Problem") | ast.Attribute(value=ast.Name(id="Problem")),
                args=[ast.Name(id=name), code, *_],
            ):
                yield from ((name, text) for text in texts(code))
            case ast.Call(func=ast.Attribute(attr="refuse"), args=[_, code, *_]):
                yield from (("GeometryError", text) for text in texts(code))


def assigned(path: Path) -> Iterator[str]:
    """Yield the texts that a variable ``code`` is given."""
    for node in nodes_of(path):
        match node:
            case ast.Assign(targets=[ast.Name(id="code")], value=value):
                yield from texts(value)
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Name(id="code"), *_])],
                value=ast.Tuple(elts=[value, *_]),
            ):
                yield from texts(value)


def test_every_code_that_is_raised_is_in_the_table() -> None:
    missing = {
        (path.relative_to(SOURCE).as_posix(), branch, code)
        for path in FILES
        for branch, code in raised(path)
        if code not in ERROR_CODES[BRANCHES[branch]]
    }
    assert not missing
    assert {code for path in FILES for code in assigned(path)} <= ALL_CODES


def test_the_search_finds_codes() -> None:
    """It would pass over all of them if the way to raise an error changed."""
    found = {code for path in FILES for _, code in raised(path)}
    assert len(ALL_CODES - found) < len(ALL_CODES) / 4


def test_no_code_in_the_table_is_unknown_to_the_sources() -> None:
    constants = {text for path in FILES for node in nodes_of(path) for text in texts(node)}
    assert constants >= ALL_CODES


def test_every_branch_of_the_errors_has_codes() -> None:
    def below(kind: type[ClosedWorldError]) -> set[type[ClosedWorldError]]:
        return {kind}.union(*(below(one) for one in kind.__subclasses__()))

    assert below(ClosedWorldError) == set(ERROR_CODES)
    assert all(ERROR_CODES.values())


@pytest.mark.slow
def test_every_warning_is_in_the_table_and_the_reverse() -> None:
    """Warnings are made by ``Warned``, in one place from a dictionary, and from notes on countries."""
    constants = {
        text
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Warned")
        for text in texts(node.args[0])
    }
    notes = {
        f"countries-{kind}"
        for kind in get_args(NoteKind.__value__ if hasattr(NoteKind, "__value__") else NoteKind)
    }
    planned = {"countries-off-grid", "countries-without-tiles", "countries-kept-small"}
    assert planned <= {
        text for node in nodes_of(SOURCE / "stages" / "tiles" / "plan.py") for text in texts(node)
    }
    assert set(WARNING_CODES) == constants | notes | planned


def test_a_meaning_is_a_sentence() -> None:
    for meaning in [
        *WARNING_CODES.values(),
        *(m for c in ERROR_CODES.values() for m in c.values()),
    ]:
        assert meaning[0].isupper() or meaning.startswith("dp "), meaning
        assert meaning.endswith("."), meaning
