"""Make ``examples/notebook.ipynb`` from the page on notebooks: ``python scripts/docs_notebook.py``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "notebook.md"
NOTEBOOK = ROOT / "examples" / "notebook.ipynb"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def cells_of(page: str) -> list[dict[str, Any]]:
    """Return the text and the Python of a page as cells; what it shows as printed is left out."""
    cells: list[dict[str, Any]] = []

    def add(kind: str, source: str) -> None:
        if not source.strip():
            return
        cell = {"cell_type": kind, "id": f"cell-{len(cells)}", "metadata": {}}
        cell["source"] = source.strip().splitlines(keepends=True)
        cells.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))

    end = 0
    for block in _BLOCK.finditer(page):
        add("markdown", page[end : block.start()])
        if block[1] == "python":
            add("code", block[2])
        end = block.end()
    add("markdown", page[end:])
    return cells


def notebook_of(page: str) -> str:
    """Return a page as a notebook, its links from the folder of examples."""
    linked = page.replace("](../", "](../docs/")
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {
        "cells": cells_of(linked),
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    NOTEBOOK.write_text(notebook_of(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
