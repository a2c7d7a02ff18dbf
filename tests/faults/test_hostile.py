"""Files made by hand to do harm: refused with a code, or read without what they wanted."""

from __future__ import annotations

import faulthandler
import resource
import socket
import sqlite3
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from harness import HANG_SECONDS, endless
from harness.hostile import CASES

from closedworld.errors import ClosedWorldError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_BYTES = 3 << 30


@pytest.fixture(scope="module")
def web() -> Iterator[tuple[str, list[bytes]]]:
    """An address on this machine, and what was asked there."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(1000))
                    connection.sendall(
                        b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    )

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x", asked


@pytest.fixture
def bounded() -> Iterator[None]:
    """End the process when it hangs, and let no one allocate gigabytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MOST_BYTES, hard))
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.slow
@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("name", list(CASES))
def test_a_hostile_file_does_no_harm(
    name: str,
    tmp_path: Path,
    web: tuple[str, list[bytes]],
    score: Callable[[str, int], None],
) -> None:
    """Typed error or harmless; nothing asked of the web, nothing of another file told."""
    make, codes = CASES[name]
    url, asked = web
    asked.clear()
    told = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if codes:
            with pytest.raises(ClosedWorldError) as caught:
                make(tmp_path, url)
            told = str(caught.value)
            assert caught.value.code in codes, told
            assert "root:" not in told
            assert len(told) < 2_000
        else:
            make(tmp_path, url)
    assert asked == []
    assert not list(tmp_path.parent.glob("*passwd*"))
    score("hostile files made by hand: typed error, no network, no other file", 1)


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60
    assert endless.SECONDS < HANG_SECONDS, "they are given up before the test is"
    assert sqlite3.sqlite_version_info >= (3, 31), "computed columns are made by the tests"
