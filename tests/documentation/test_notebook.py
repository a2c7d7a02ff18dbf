"""The notebook is the page on notebooks, and runs from its first cell to its last."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

import pytest
from docs_notebook import NOTEBOOK, PAGE, notebook_of
from snippets import LOGGER

if TYPE_CHECKING:
    from pathlib import Path


def code_cells() -> list[str]:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run_cell(source: str, names: dict[str, Any]) -> object:
    """Run a cell and return the value of its last line, which a notebook shows."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)  # noqa: S102 -- our own page
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307


def test_the_notebook_is_that_of_the_page() -> None:
    """``python scripts/docs_notebook.py`` makes it anew."""
    page = PAGE.read_text(encoding="utf-8")
    assert NOTEBOOK.read_text(encoding="utf-8") == notebook_of(page)
    assert len(code_cells()) == page.count("```python")


@pytest.mark.slow
def test_every_cell_runs_and_what_it_shows_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    level = LOGGER.level
    try:
        shown = [run_cell(source, names) for source in code_cells()]
    finally:
        LOGGER.setLevel(level)
    pictures = [one for one in shown if hasattr(one, "_repr_png_")]
    assert len(pictures) == 1
    assert pictures[0]._repr_png_().startswith(b"\x89PNG")
    for name in ("world", "tiles", "shops"):
        html = names[name]._repr_html_()
        assert html.count("<tr>") <= 11
        assert len(html) < 10_000
