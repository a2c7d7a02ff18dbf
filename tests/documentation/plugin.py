"""Hands the snippets of README and documentation to pytest."""

from __future__ import annotations

import pytest
from snippets import SITE
from sybil.integration.pytest import SybilItem

pytest_collect_file = SITE.pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a page from top to bottom whatever the order of tests, and not in ``make quick``: each builds a world."""
    snippets = [item for item in items if isinstance(item, SybilItem)]
    for item in snippets:
        item.add_marker(pytest.mark.slow)
    snippets.sort(key=lambda item: (item.path, item.example.line))
    items[:] = [*snippets, *(item for item in items if not isinstance(item, SybilItem))]
