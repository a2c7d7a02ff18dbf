"""``closedworld fetch`` as a user types it, against a server on this machine."""

from __future__ import annotations

import hashlib
import json
import shlex
import socket
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.inputs.reference import registry
from closedworld.inputs.reference.registry import RemoteFile, remote_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of ``tmp_path``."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = partial(_Quiet, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def known(
    address: str,
    polygons: Callable[..., Path],
    raster: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[Path, Path]:
    """The made-up world and a raster as the registry; a digest is known of the world alone."""
    shapes, cells = polygons("shapes.parquet"), raster("cells.tif")
    common: dict[str, Any] = {
        "source_url": "https://example.org",
        "version": "1",
        "licence": "CC0-1.0",
        "attribution": "Made here.",
    }
    entries = [
        RemoteFile(
            name="shapes",
            title="Made-up countries",
            role="polygons",
            url=f"{address}/{shapes.name}",
            size_bytes=shapes.stat().st_size,
            sha256=hashlib.sha256(shapes.read_bytes()).hexdigest(),
            digest_source="computed here",
            options=("--iso-column", "iso_a2"),
            **common,
        ),
        RemoteFile(
            name="cells", title="Cells", role="raster", url=f"{address}/{cells.name}", **common
        ),
    ]
    made_up = registry.Registry(
        bundled=registry.read_registry().bundled, remote={entry.name: entry for entry in entries}
    )
    monkeypatch.setattr(registry, "read_registry", lambda: made_up)
    return shapes, cells


def test_the_list_names_what_there_is_and_asks_no_server(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped registry: size, licence, digest and address of each, and what is not known."""

    def connect(*_: object) -> None:
        raise AssertionError("the list must not use the network")

    monkeypatch.setattr(socket.socket, "connect", connect)
    for words in ((), ("--list",)):
        said = call("fetch", *words, "--to", tmp_path).output
        for file in remote_files():
            for text in (file.name, file.title, file.url, file.licence, file.attribution):
                assert text in said
            assert (file.sha256 or "sha256   not known") in said
        assert str(tmp_path) in said
    assert "here" not in said.split("\n")[0]


def test_files_come_once_and_the_printed_command_builds_a_world(
    call: Call, known: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "data of mine"
    first = call("fetch", "shapes", "cells", "--to", to)
    assert first.exit_code == 0
    assert first.output.count("downloaded") == 2
    assert "as in the registry" in first.output
    assert "recorded in cells.tif.sha256" in first.output
    assert "CC0-1.0; Made here." in first.output
    assert (to / "shapes.parquet").read_bytes() == known[0].read_bytes()

    again = call("fetch", "shapes", "cells", "--to", to)
    assert again.output.count("already there") == 2
    assert "as on first use" in again.output

    monkeypatch.chdir(tmp_path)
    lines = [line.strip() for line in first.output.splitlines()]
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("closedworld ")]
    run, lock = sorted(commands, key=len, reverse=True)
    if run[0] != "run":
        run, lock = lock, run
    assert call(*lock).exit_code == 0
    assert call(*run, "--lock", "--out", "world").exit_code == 0


def test_the_list_says_what_is_here(call: Call, known: tuple[Path, Path], tmp_path: Path) -> None:
    del known
    call("fetch", "cells", "--to", tmp_path / "data")
    said = call("fetch", "--to", tmp_path / "data").output
    assert "cells  here\n" in said
    assert "shapes\n" in said
    assert "size     not known" in said


def test_json_has_the_same(call: Call, known: tuple[Path, Path], tmp_path: Path) -> None:
    to = tmp_path / "data"
    (fetched,) = json.loads(call("fetch", "cells", "--to", to, "--json").stdout)
    assert fetched["trust"] == "first use"
    assert fetched["is_new"] is True
    assert fetched["sha256"] == hashlib.sha256(known[1].read_bytes()).hexdigest()
    assert fetched["options"] == ["--raster", str(to / "cells.tif")]
    listed = json.loads(call("fetch", "--to", to, "--json").stdout)
    assert listed["folder"] == str(to)
    assert {file["name"]: file["state"] for file in listed["files"]} == {
        "shapes": "absent",
        "cells": "here",
    }


def test_without_a_folder_the_user_s_cache_is_taken(
    call: Call, known: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del known
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert call("fetch", "cells").exit_code == 0
    assert (tmp_path / "cache" / "closedworld" / "fetched" / "cells.tif").exists()


def test_no_network_is_said_in_one_sentence(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped registry on a machine whose resolver knows no host."""

    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    done = call("fetch", "natural-earth-10m", "--to", tmp_path)
    assert done.exit_code == 8
    said = "error [fetch-unreachable]: cannot reach naciscdn.org: Temporary failure in name resolution."
    assert said in done.output
    assert "Check the network" in done.output
    assert str(tmp_path / "ne_10m_admin_0_countries.zip") in done.output


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("atlantis",), 2, "fetch-unknown"),
        (("cels",), 2, "Did you mean cells?"),
        (("cells", "--to", ""), 2, "the path is empty"),
        (("gone",), 8, "404"),
    ],
)
def test_mistakes_are_named(
    call: Call,
    known: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    del known
    entries = {**registry.read_registry().remote}
    cells = entries["cells"]
    entries["gone"] = RemoteFile(
        name="gone", title="Gone", role="raster", url=cells.url.replace("cells", "gone"),
        source_url=cells.source_url, version="1", licence="CC0-1.0", attribution="Made here.",
    )  # fmt: skip
    made_up = registry.Registry(bundled=registry.read_registry().bundled, remote=entries)
    monkeypatch.setattr(registry, "read_registry", lambda: made_up)
    done = call("fetch", *words)
    assert done.exit_code == status
    assert said in done.output


def test_without_the_extra_the_message_says_what_to_install(
    call: Call,
    known: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del known
    for name in [
        name for name in sys.modules if name == "closedworld.inputs.reference.fetching.downloader"
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "requests", None)
    done = call("fetch", "cells", "--to", tmp_path / "data")
    assert done.exit_code == 2
    assert "fetch-missing" in done.output
    assert "-m pip install requests" in done.output
