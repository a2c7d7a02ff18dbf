"""Damage to published data: every one is found by verify, and sound data never is."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest
from effort import tries
from harness import small

from closedworld import open_dataset, verify
from closedworld.errors import ClosedWorldError
from closedworld.published.results import find_published
from closedworld.store.paths import COLLECTION_NAME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

KINDS = ["bit", "truncate", "extend", "swap", "delete", "add", "empty", "folder", "zeros", "old"]


def damage(root: Path, kind: str, draw: random.Random) -> tuple[Path, str]:
    """Damage one file that is sealed; return it and what was done."""
    files = sorted(
        path
        for path in root.glob("*/parameter_hash=*/**/*")
        if path.is_file() and path.name != COLLECTION_NAME
    )
    path = draw.choice(files)
    content = path.read_bytes()
    if kind == "bit":
        at = draw.randrange(8 * len(content))
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(changed)
        return path, f"bit {at}"
    if kind == "truncate":
        path.write_bytes(content[: draw.randrange(len(content))])
    elif kind == "extend":
        path.write_bytes(content + draw.randbytes(1 + draw.randrange(9)))
    elif kind == "swap":
        other = draw.choice([one for one in files if one.read_bytes() != content])
        path.write_bytes(other.read_bytes())
        other.write_bytes(content)
    elif kind == "delete":
        path.unlink()
    elif kind == "add":
        path.with_name(f"part-{draw.randrange(1, 99999):05d}.parquet").write_bytes(content)
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "zeros":
        at = draw.randrange(len(content))
        width = min(len(content) - at, 1 + draw.randrange(600))
        changed = bytearray(content)
        changed[at : at + width] = bytes(byte ^ 0xFF for byte in changed[at : at + width])
        path.write_bytes(changed)
    else:
        # One file of another world of the same countries, as a copy that went wrong leaves it.
        path.write_bytes(bytes(reversed(content)))
    return path, kind


def is_found(root: Path) -> bool:
    """Return whether verify finds anything, as a user calls it."""
    try:
        return not verify(root, recompute=0).ok
    except ClosedWorldError:
        return True


def is_refused(root: Path) -> bool:
    """Return whether somebody who reads everything with ``verify=True`` is told."""
    try:
        for one in find_published(root):
            for name in one.receipt.datasets():
                open_dataset(one.folder, name, verify=True)
        return len(find_published(root)) < len(small.STAGES)
    except ClosedWorldError:
        return True


def test_every_damage_is_found_and_nothing_else(
    place: Path, score: Callable[[str, int], None]
) -> None:
    """The very same files, put back, are found sound after each: no false alarm."""
    root = place / "out"
    small.build(root)
    sound = {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    draw, wanted, alarms = random.Random(1), tries(30, 10_000), 0
    for number in range(wanted):
        path, what = damage(root, KINDS[number % len(KINDS)], draw)
        assert is_found(root), (path, what)
        assert is_refused(root), (path, what)
        for now in sorted(root.rglob("*")):
            if now.is_file() and now not in sound:
                now.unlink()
        for before, content in sound.items():
            if before.is_dir():
                before.rmdir()
            if not before.exists() or before.read_bytes() != content:
                before.write_bytes(content)
        if number % 10 == 0:
            alarms += is_found(root) or is_refused(root)
    assert alarms == 0
    score("damage found by verify and by open_dataset(verify=True), no false alarm", wanted)


@pytest.mark.parametrize("where", ["copied", "linked", "read-only"])
def test_a_sound_world_elsewhere_is_sound(place: Path, where: str) -> None:
    small.build(place / "out")
    other = place / "other"
    if where == "linked":
        other.symlink_to(place / "out")
    else:
        shutil.copytree(place / "out", other)
    if where == "read-only":
        for path in other.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert not is_found(other)
        assert not is_refused(other)
    finally:
        for path in other.rglob("*"):
            path.chmod(0o755)
