"""Hands the snippets of README and documentation to pytest, and keeps tests out of the user's cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from snippets import SITE
from sybil.integration.pytest import SybilItem

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_collect_file = SITE.pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the snippets out of ``make quick``: each page builds a world."""
    for item in items:
        if isinstance(item, SybilItem):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the rates of test runs, also those of processes, out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
