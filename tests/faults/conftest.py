"""Fault tests: a scoreboard and a fast place to write to."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from harness import small
from harness.forks import ForkServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def score(request: pytest.FixtureRequest) -> Callable[[str, int], None]:
    """Add to the scoreboard at the end of the run: a family and how many faults were survived."""
    return lambda family, faults: request.node.user_properties.append((family, faults))


@pytest.fixture
def place() -> Iterator[Path]:
    """A new folder in memory where there is one: thousands of fsyncs are waited for."""
    memory = Path("/dev/shm")  # noqa: S108
    root = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="closedworld-faults-", dir=root))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What an undisturbed run publishes: digest by path."""
    out = tmp_path_factory.mktemp("whole")
    small.build(out)
    return small.published(out)


@pytest.fixture(scope="module")
def forks() -> Iterator[ForkServer]:
    """A fork server."""
    with ForkServer() as server:
        yield server
