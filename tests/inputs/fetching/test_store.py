"""Files that are there: digests on first use and later, archives unpacked, states."""

from __future__ import annotations

import io
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from closedworld.errors import IntegrityError
from closedworld.inputs.reference.fetching.fetch import fetch, state_of
from closedworld.inputs.reference.registry import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.inputs.fetching.conftest import Site


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def archive(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return packed.getvalue()


def test_an_unknown_digest_is_recorded_on_first_use_and_checked_from_then_on(
    entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    remote = entry(sha256=None)
    assert [fetch(remote, folder=tmp_path).trust for _ in range(3)] == [
        "first use",
        "recorded",
        "recorded",
    ]
    (tmp_path / "world.tif").write_bytes(content[:-1])
    with pytest.raises(IntegrityError, match="fetch-changed"):
        fetch(remote, folder=tmp_path)


def test_the_record_is_one_for_sha256sum(entry: Callable[..., RemoteFile], tmp_path: Path) -> None:
    fetch(entry(sha256=None), folder=tmp_path)
    done = subprocess.run(
        ["sha256sum", "--check", "world.tif.sha256"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "world.tif: OK\n"


@pytest.mark.parametrize("text", ["", "0" * 64 + "  world.tif\n", "no digest"])
def test_a_record_that_says_otherwise_is_not_overwritten(
    entry: Callable[..., RemoteFile], tmp_path: Path, text: str
) -> None:
    fetch(entry(sha256=None), folder=tmp_path)
    record = tmp_path / "world.tif.sha256"
    record.write_text(text, encoding="utf-8")
    with pytest.raises(IntegrityError, match="fetch-changed"):
        fetch(entry(sha256=None), folder=tmp_path)
    assert record.read_text(encoding="utf-8") == text


def test_a_file_that_changed_is_neither_used_nor_replaced(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path
) -> None:
    """Both digests are named; whose change it was is for the user to say."""
    remote = entry()
    fetch(remote, folder=tmp_path)
    (tmp_path / "world.tif").write_bytes(b"mine")
    with pytest.raises(IntegrityError, match=f"fetch-changed.*{remote.sha256}"):
        fetch(remote, folder=tmp_path)
    assert (tmp_path / "world.tif").read_bytes() == b"mine"
    assert len(site.asked) == 1


def test_a_file_that_the_user_put_there_is_checked_and_used(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "world.tif").write_bytes(content)
    done = fetch(entry(), folder=tmp_path)
    assert (done.is_new, done.trust, site.asked) == (False, "registry", [])


def test_the_states_of_a_file(entry: Callable[..., RemoteFile], tmp_path: Path) -> None:
    assert state_of(entry(), tmp_path) == "absent"
    (tmp_path / "world.tif.part").mkdir()
    assert state_of(entry(), tmp_path) == "begun"
    (tmp_path / "world.tif").write_bytes(b"whole")
    assert state_of(entry(), tmp_path) == "here"


def test_a_member_is_unpacked_under_its_own_name(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    """Whatever folder it lies in; the other members stay packed."""
    members = (("../../deep/world.tif", content), ("readme.txt", b"read me"))
    site.files["/world.zip"] = archive(*members)
    remote = entry("/world.zip", member="world.tif")
    done = fetch(remote, folder=tmp_path / "in")
    assert done.path == tmp_path / "in" / "world.tif"
    assert done.path.read_bytes() == content
    assert names(tmp_path / "in") == ["world.tif", "world.tif.sha256", "world.zip"]
    assert names(tmp_path) == ["in"]
    inode = done.path.stat().st_ino
    assert fetch(remote, folder=tmp_path / "in").path.stat().st_ino == inode


def test_a_member_that_changed_is_noticed(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    site.files["/world.zip"] = archive(("world.tif", content))
    remote = entry("/world.zip", member="world.tif")
    fetch(remote, folder=tmp_path)
    (tmp_path / "world.tif").write_bytes(b"mine")
    with pytest.raises(IntegrityError, match="fetch-changed"):
        fetch(remote, folder=tmp_path)


def test_a_member_without_a_record_is_unpacked_anew(
    site: Site, entry: Callable[..., RemoteFile], content: bytes, tmp_path: Path
) -> None:
    """As after a kill between the two; what else could stand there is not believed."""
    site.files["/world.zip"] = archive(("world.tif", content))
    (tmp_path / "world.tif").write_bytes(b"half")
    assert (
        fetch(entry("/world.zip", member="world.tif"), folder=tmp_path).path.read_bytes() == content
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (archive(("other.tif", b"x")), "0 files world.tif"),
        (archive(("a/world.tif", b"x"), ("b/world.tif", b"y")), "2 files world.tif"),
        (archive(("world.tif", bytes(100 << 20))), "would unpack from"),
        (b"no archive", "not a zip file"),
    ],
    ids=["none", "two", "bomb", "no archive"],
)
def test_archives_that_cannot_be_what_they_should_are_refused(
    site: Site, entry: Callable[..., RemoteFile], tmp_path: Path, content: bytes, said: str
) -> None:
    site.files["/world.zip"] = content
    with pytest.raises(IntegrityError, match=f"fetch-archive.*{said}"):
        fetch(entry("/world.zip", member="world.tif"), folder=tmp_path)
    assert names(tmp_path) == ["world.zip"]
