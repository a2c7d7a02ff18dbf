"""Downloads from a server on this machine: whole, cut off, changed, refused, too large."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import socket
from typing import TYPE_CHECKING

import pytest

from closedworld.errors import FetchError, IntegrityError, PublishError
from closedworld.inputs.reference.fetching import downloader
from closedworld.inputs.reference.fetching.fetch import fetch, state_of
from closedworld.inputs.reference.fetching.http_requests import redirected
from closedworld.inputs.reference.fetching.partial_download import Partial
from closedworld.inputs.reference.registry import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.inputs.fetching.conftest import Site

pytestmark = pytest.mark.slow

HALF = 1 << 19


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def cut_off(site: Site, remote: RemoteFile, folder: Path, stop: int = HALF) -> None:
    """Leave a download that came to its middle, and a server that works from now on."""
    site.cuts[:] = [stop] * 10
    with pytest.raises(FetchError, match="fetch-incomplete"):
        fetch(remote, folder=folder)
    site.cuts.clear()
    site.asked.clear()


def test_a_file_comes_whole_and_alone(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    told: list[tuple[int, int | None]] = []
    done = fetch(entry(), folder=tmp_path, progress=lambda *said: told.append(said))
    assert done.path.read_bytes() == content
    assert (done.is_new, done.trust) == (True, "registry")
    assert done.sha256 == hashlib.sha256(content).hexdigest()
    assert names(tmp_path) == ["world.tif"]
    assert told[-1] == (len(content), len(content))
    assert [have for have, _ in told] == sorted(have for have, _ in told)
    assert site.asked == [""]


def test_a_folder_is_taken_by_its_name_as_it_stands(
    entry: Callable[..., RemoteFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No tilde and no variable in it is anything but a character."""
    monkeypatch.chdir(tmp_path)
    fetch(entry(), folder="~/$HOME")
    assert names(tmp_path / "~" / "$HOME") == ["world.tif"]


def test_a_second_call_asks_no_server(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    fetch(entry(), folder=tmp_path)
    again = fetch(entry(), folder=tmp_path)
    assert not again.is_new
    assert len(site.asked) == 1


def test_a_call_goes_on_where_the_connection_broke(
    site: Site,
    entry: Callable[..., RemoteFile],
    content: bytes,
    tmp_path: Path,
    pauses: list[float],
) -> None:
    """Each break is followed by a request for the rest, and progress starts the count of tries anew."""
    steps = [100_000 * k for k in range(1, 8)]
    kept = [stop - stop % (1 << 14) for stop in steps]
    site.cuts[:] = steps
    assert fetch(entry(), folder=tmp_path).path.read_bytes() == content
    assert site.asked == ["", *(f"bytes={stop}-" for stop in kept)]
    assert set(pauses) == {1.0}


def test_a_later_call_takes_up_what_is_there(
    site: Site,
    entry: Callable[..., RemoteFile],
    content: bytes,
    tmp_path: Path,
    pauses: list[float],
) -> None:
    cut_off(site, entry(), tmp_path)
    assert pauses == [1.0, 2.0, 4.0]
    assert state_of(entry(), tmp_path) == "begun"
    assert fetch(entry(), folder=tmp_path).path.read_bytes() == content
    assert site.asked == [f"bytes={HALF}-"]
    assert names(tmp_path) == ["world.tif"]


def test_a_download_that_only_needs_its_name_asks_nobody(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    """Killed after the last byte, before the file was moved to its place."""
    cut_off(site, entry(), tmp_path)
    part = tmp_path / "world.tif.part" / "bytes"
    part.write_bytes(content)
    assert fetch(entry(), folder=tmp_path).path.read_bytes() == content
    assert site.asked == []


@pytest.mark.parametrize(
    "how",
    [
        "no range",
        "other tag",
        "other tag unheeded",
        "weak tag",
        "wrong start",
        "no record",
        "too long",
    ],
)
def test_what_cannot_be_taken_up_begins_anew(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path, how: str
) -> None:
    """No mixture of two versions ever becomes a file, even when no digest is known."""
    remote = entry(sha256=None, size_bytes=None)
    if how == "weak tag":
        site.tag = 'W/"one"'
    cut_off(site, remote, tmp_path)
    new = content
    match how:
        case "no range":
            site.has_range = False
        case "other tag" | "other tag unheeded":
            site.heeds_if_range = how == "other tag"
            site.tag = '"two"'
            new = site.files["/world.tif"] = bytes(reversed(content))
        case "wrong start":
            site.wrong_start = True
        case "no record":
            (tmp_path / "world.tif.part" / "bytes.json").write_text("{", encoding="utf-8")
        case "too long":
            (tmp_path / "world.tif.part" / "bytes").write_bytes(content + b"more")
    assert fetch(remote, folder=tmp_path).path.read_bytes() == new
    assert names(tmp_path) == ["world.tif", "world.tif.sha256"]


def test_other_content_is_refused_with_both_digests_and_removed(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    remote = entry()
    other = site.files["/world.tif"] = bytes(len(content))
    with pytest.raises(IntegrityError, match="fetch-differs") as caught:
        fetch(remote, folder=tmp_path)
    assert str(remote.sha256) in caught.value.message
    assert hashlib.sha256(other).hexdigest() in caught.value.message
    assert names(tmp_path) == []


def test_another_size_is_refused_before_it_comes(
    entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    told: list[int] = []
    with pytest.raises(IntegrityError, match=r"1,048,576 bytes.*the registry says 7"):
        fetch(entry(size_bytes=7), folder=tmp_path, progress=lambda have, _: told.append(have))
    assert not told


def test_a_busy_server_is_asked_again(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path, pauses: list[float]
) -> None:
    site.statuses[:] = [503, 429, 502]
    assert fetch(entry(), folder=tmp_path).is_new
    assert pauses == [1.0, 2.0, 4.0]


def test_a_server_that_stays_busy_is_given_up(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    site.statuses[:] = [503] * 10
    with pytest.raises(FetchError, match=r"fetch-incomplete.*503 Service Unavailable"):
        fetch(entry(), folder=tmp_path)


def test_a_server_that_says_nothing_is_not_waited_for_without_end(
    site: Site,
    entry: Callable[..., RemoteFile],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "closedworld.inputs.reference.fetching.http_requests._SILENCE_SECONDS", 0.05
    )
    site.is_silent = True
    with pytest.raises(FetchError, match=r"fetch-unreachable.*no answer in time"):
        fetch(entry(), folder=tmp_path)


def test_what_is_not_there_is_named_with_where_to_look(
    entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match=r"fetch-refused.*404 Not Found") as caught:
        fetch(entry("/gone.tif"), folder=tmp_path)
    assert "https://example.org/world" in caught.value.hint


def test_redirects_are_followed(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    site.redirects["/old/world.tif"] = "/world.tif"
    assert fetch(entry("/old/world.tif"), folder=tmp_path).path.read_bytes() == content


def test_redirects_in_a_circle_end(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    site.redirects["/a.tif"] = "/a.tif"
    with pytest.raises(FetchError, match="fetch-redirect"):
        fetch(entry("/a.tif"), folder=tmp_path)
    assert len(site.asked) == 11


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/world.tif"])
def test_redirects_to_anything_but_the_web_are_refused(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path, target: str
) -> None:
    site.redirects["/a.tif"] = target
    with pytest.raises(FetchError, match="fetch-redirect"):
        fetch(entry("/a.tif"), folder=tmp_path)


def test_encryption_is_not_given_up_on_the_way() -> None:
    assert redirected("https://a.example/x", "/y") == "https://a.example/y"
    assert redirected("http://a.example/x", "https://b.example/") == "https://b.example/"
    with pytest.raises(FetchError, match="fetch-redirect"):
        redirected("https://a.example/x", "http://a.example/x")


def test_without_a_network_the_message_says_so_and_what_else_can_be_done(
    entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    """Nobody listens at the port; the pause would be a real one, so there is no second try."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/world.tif"
        with pytest.raises(FetchError, match=r"fetch-unreachable.*Connection refused") as caught:
            fetch(entry(url=url), folder=tmp_path)
    assert str(tmp_path / "world.tif") in caught.value.hint
    assert url in caught.value.hint
    assert names(tmp_path) == []


def test_a_host_without_an_address_is_unreachable(
    entry: Callable[..., RemoteFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        FetchError, match=r"cannot reach nowhere\.invalid: Name or service not known"
    ):
        fetch(entry(url="http://nowhere.invalid/world.tif"), folder=tmp_path)


def test_what_does_not_fit_is_refused_before_it_comes(
    entry: Callable[..., RemoteFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1_000))
    told: list[int] = []
    with pytest.raises(PublishError, match=r"disk-space.*1,048,576 more bytes.*1,000 free"):
        fetch(entry(), folder=tmp_path, progress=lambda have, _: told.append(have))
    assert not told


def test_two_at_once_do_not_write_one_file(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    part = tmp_path / "world.tif.part"
    part.mkdir()
    with (
        Partial.opened(part / "bytes"),
        pytest.raises(FetchError, match="fetch-busy"),
    ):
        fetch(entry(), folder=tmp_path)
    assert site.asked == []


def test_a_folder_that_cannot_be_made_is_named(
    entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PublishError, match="output-not-writable") as caught:
        fetch(entry(), folder=tmp_path / "file" / "below")
    assert "--to" in caught.value.hint


@pytest.mark.parametrize("says", ["no length", "a length"])
@pytest.mark.parametrize("more", [1, 1 << 20])
def test_more_bytes_than_the_registry_knows_are_refused_and_not_kept(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path, says: str, more: int
) -> None:
    remote = entry()
    site.files["/world.tif"] += bytes(more)
    site.has_length = says == "a length"
    with pytest.raises(IntegrityError, match="fetch-differs"):
        fetch(remote, folder=tmp_path)
    assert names(tmp_path) == []


def test_a_file_without_a_stated_length_comes_whole(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    site.has_length = False
    for known in (len(content), None):
        done = fetch(entry(size_bytes=known), folder=tmp_path / str(known))
        assert done.path.read_bytes() == content


def test_a_file_without_any_known_length_does_not_fill_the_disk(
    site: Site,
    entry: Callable[..., RemoteFile],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site.has_length = False
    monkeypatch.setattr(downloader, "_SPACE_STEP_BYTES", 1 << 16)
    free = iter([1 << 40, 1 << 40, 1000])
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=next(free)))
    with pytest.raises(PublishError, match="disk-space"):
        fetch(entry(size_bytes=None, sha256=None), folder=tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [201, 202, 203, 204, 205, 226])
def test_an_answer_without_the_file_is_not_taken_for_it(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path, status: int
) -> None:
    site.statuses[:] = [status]
    with pytest.raises(FetchError, match="fetch-refused"):
        fetch(entry(size_bytes=None, sha256=None), folder=tmp_path)
    assert names(tmp_path) == []


def test_an_empty_file_is_refused(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    site.statuses[:] = [200]
    with pytest.raises(FetchError, match="sent nothing"):
        fetch(entry(size_bytes=None, sha256=None), folder=tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "x-gzip"])
def test_packed_answers_are_refused_because_nobody_asked_for_them(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path, encoding: str
) -> None:
    remote = entry(size_bytes=None, sha256=None)
    site.headers["Content-Encoding"] = encoding
    site.files["/world.tif"] = gzip.compress(bytes(1 << 26))
    with pytest.raises(FetchError, match="packed as"):
        fetch(remote, folder=tmp_path)
    assert names(tmp_path) == []
