"""A web server on this machine that misbehaves on request, and files for it to serve."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.inputs.reference.fetching import downloader
from closedworld.inputs.reference.registry import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTENT = bytes(range(256)) * 4096
"""A mebibyte."""


@dataclass
class Site:
    """What the server does, and what it was asked.

    Attributes:
        files: Content by path.
        cuts: Bytes after which answers hang up, one an answer, then none.
        statuses: Statuses to answer with first, one an answer.
        redirects: Where paths lead.
        has_range: Whether Range is understood.
        heeds_if_range: Whether a part is sent of the version that was asked for only.
        tag: Entity tag; empty for none.
        is_silent: Whether requests get no answer while the test runs.
        wrong_start: Whether an answer to Range is another part than was asked for.
        asked: The Range of each request, empty for none.
        has_length: Whether answers state their length.
        headers: More headers of answers with content.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    has_range: bool = True
    heeds_if_range: bool = True
    tag: str = '"one"'
    wrong_start: bool = False
    is_silent: bool = False
    asked: list[str] = field(default_factory=list)
    has_length: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        site = self.site
        site.asked.append(self.headers.get("Range", ""))
        if site.is_silent:
            site.is_over.wait()
            self.close_connection = True
        elif site.statuses:
            self._short(site.statuses.pop(0))
        elif self.path in site.redirects:
            self._short(302, site.redirects[self.path])
        elif self.path not in site.files:
            self._short(404)
        else:
            self._content(site.files[self.path])

    def _short(self, status: int, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _content(self, content: bytes) -> None:
        site = self.site
        start = 0
        wanted = self.headers.get("Range")
        is_same = self.headers.get("If-Range") == site.tag or not site.heeds_if_range
        if wanted and site.has_range and is_same:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            self._short(416)
            return
        self.send_response(206 if start else 200)
        if start:
            first = 0 if site.wrong_start else start
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        if site.tag:
            self.send_header("ETag", site.tag)
        for name, value in site.headers.items():
            self.send_header(name, value)
        if site.has_length:
            self.send_header("Content-Length", str(len(content) - start))
        else:
            self.close_connection = True
        self.end_headers()
        stop = site.cuts.pop(0) if site.cuts else len(content)
        self.wfile.write(content[start : max(start, stop)])
        if stop < len(content):
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that hang up."""


@pytest.fixture
def content() -> bytes:
    """What is at ``/world.tif``, as long as nobody changes it."""
    return CONTENT


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server with one file, ``/world.tif``."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    site = Site({"/world.tif": CONTENT})
    handler = type("Handler", (_Handler,), {"site": site})
    server = _Server(("127.0.0.1", 0), handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    site.is_over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def entry(site: Site) -> Callable[..., RemoteFile]:
    """Return a registry entry of a file of the site, its digest and size known unless said otherwise."""

    def entry_of(path: str = "/world.tif", **changes: Any) -> RemoteFile:
        content = site.files.get(path, CONTENT)
        known: dict[str, Any] = {
            "name": "world",
            "title": "A world",
            "role": "raster",
            "url": f"{site.address}{path}",
            "source_url": "https://example.org/world",
            "version": "1",
            "licence": "CC0-1.0",
            "attribution": "Made here.",
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        return RemoteFile(**{**known, **changes})

    return entry_of


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the downloader would have waited between tries; it does not wait."""
    seconds: list[float] = []
    monkeypatch.setattr(downloader, "sleep", seconds.append)
    return seconds
