"""Disks that are full, failing, read-only or forbidden, at every call that changes a file system."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from effort import EFFORT, tries
from harness import small
from harness.failing import Change, FileSystem, failing_at
from hidden import environment_without

from closedworld.errors import IntegrityError, PublishError
from closedworld.published.results import find_published

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

NUMBERS = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES]


def changes_of_a_run(out: Path) -> list[Change]:
    with FileSystem().between() as seen:
        build_other(out)
    return seen.changes


def build_other(out: Path) -> None:
    small.build(out, rule="any_overlap", isos=("FJ",))


def refusal(work: Callable[[], None]) -> PublishError | None:
    """Return the error that some work ends with, if it does."""
    try:
        work()
    except PublishError as error:
        return error
    return None


@pytest.mark.parametrize("number", NUMBERS, ids=errno.errorcode.get)
def test_every_change_may_fail(
    place: Path, whole: dict[str, str], number: int, score: Callable[[str, int], None]
) -> None:
    """Clear error, the world that was there still verifies, the next run succeeds.

    Removing what is not needed may fail in silence; it is tried again by the next run. At less than full
    number every eighth change fails in one of the four ways, in turn.
    """
    earlier = place / "earlier"
    small.build(earlier)
    shutil.copytree(earlier, place / "counted")
    changes = changes_of_a_run(place / "counted")
    assert {"open", "write", "fsync", "mkdir", "rename"} <= {change.kind for change in changes}
    reference = small.published(place / "counted")
    first = 0 if EFFORT == "full" else 8 * NUMBERS.index(number)
    tried = range(first, len(changes), tries(32, 1))
    for at in tried:
        out, change = place / "out", changes[at]
        shutil.copytree(earlier, out)
        with FileSystem(failing_at(at, number)).between():
            error = refusal(lambda out=out: build_other(out))  # type: ignore[misc]
        if error is not None:
            assert error.code == "output-not-writable"
            assert os.strerror(number) in error.message
            assert str(place) in error.message
            assert error.hint
        is_tidying = change.kind in {"unlink", "rmdir"} or change.path.suffix == ".lock"
        assert error or is_tidying or number == errno.EACCES, change
        found = small.published(out)
        assert whole.items() <= found.items()
        assert found.items() <= (whole | reference).items()
        build_other(out)
        assert small.published(out) == whole | reference
        assert not (out / ".staging").exists()
        shutil.rmtree(out)
    score("ENOSPC, EIO, EROFS, EACCES: clear error, earlier worlds verify", len(tried))


def test_a_disk_that_fills_up_for_good_leaves_nothing_of_ours_on_it(place: Path) -> None:
    """From some write on, all of them fail."""

    def full(at: int, change: Change) -> None:
        if at >= 40 and change.kind in {"open", "write", "mkdir", "fsync"}:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(change.path))

    with pytest.raises(PublishError) as caught, FileSystem(full).between():
        small.build(place / "out")
    assert "Free some space" in caught.value.hint
    assert not [path for path in place.rglob("*") if path.is_file()]


AS_NOBODY = """\
import os, sys
from pathlib import Path
from harness import small
# Everything is imported before the rights to read it are given up.
small.build(Path(sys.argv[2]))
os.setgroups([]); os.setgid(65534); os.setuid(65534)
os.environ["HOME"] = "/"
from closedworld.errors import ClosedWorldError
try:
    small.build(Path(sys.argv[1]))
except ClosedWorldError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def as_nobody(out: Path) -> tuple[int, str]:
    """Build as a user without rights; as ourselves when we are such a one."""
    code = AS_NOBODY
    if os.geteuid() != 0:
        code = "\n".join(line for line in code.splitlines() if "setuid" not in line)
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code, str(out), tempfile.mkdtemp()],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=environment_without(path=path),
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.fixture
def open_place(place: Path) -> Path:
    """A folder that everybody may enter, and write to."""
    place.chmod(0o777)
    return place


TARGETS = ["read-only", "no entry", "file", "below a file", "missing parent", "staging of another user", "result of another user", "long name", "dangling link", "loop"]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_targets_that_cannot_be_written_to(  # noqa: C901, PLR0912 -- one case after another
    open_place: Path, target: str, score: Callable[[str, int], None]
) -> None:
    """As an unprivileged user: root ignores permissions."""
    out, expected = open_place / "out", 4
    if target in {"read-only", "no entry"}:
        out.mkdir(mode=0o555 if target == "read-only" else 0o000)
        out.chmod(0o555 if target == "read-only" else 0o000)
    elif target == "file":
        out.write_text("mine")
    elif target == "below a file":
        out.write_text("mine")
        out = out / "deeper"
    elif target == "missing parent":
        out, expected = out / "a" / "b", 0
    elif target == "staging of another user":
        (out / ".staging").mkdir(parents=True)
        (out / ".staging" / "tiles-ab12").mkdir()
        (out / ".staging" / "tiles-ab12.lock").touch(mode=0o600)
        for folder in (out, out / ".staging"):
            folder.chmod(0o777)
        (out / ".staging" / "tiles-ab12").chmod(0o700)
        expected = 0
    elif target == "result of another user":
        out.mkdir()
        out.chmod(0o777)
        (out / "tiles").mkdir(mode=0o755)
    elif target == "long name":
        out = out / ("x" * 300)
    elif target == "dangling link":
        out.symlink_to(open_place / "nowhere")
    else:
        out.symlink_to(out)
    if os.geteuid() != 0 and target in {"staging of another user", "result of another user"}:
        pytest.skip("only root can make files of another user")
    status, said = as_nobody(out)
    assert status == expected, said
    if expected:
        assert "[output-not-writable]" in said
        assert "--out" in said
    else:
        assert find_published(out)
    if target == "file":
        assert out.read_text() == "mine"
    if target == "staging of another user":
        assert (out / ".staging" / "tiles-ab12").is_dir()
    for path in (open_place / "out",):
        if path.is_dir() and not path.is_symlink():
            path.chmod(stat.S_IRWXU)
    score("bad targets, as an unprivileged user", 1)


def test_a_damaged_result_in_the_way_is_never_built_upon(place: Path) -> None:
    small.build(place / "out")
    (victim,) = (place / "out").glob("tiles/*/tile_index/FR-*.parquet")
    victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(IntegrityError) as caught:
        small.build(place / "out")
    assert caught.value.code == "file-size"
    assert str(victim) in caught.value.message
