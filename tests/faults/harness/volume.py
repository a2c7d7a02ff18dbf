"""A real file system in a file: mounted, used, and copied as a power cut would leave it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import HANG_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE_BYTES = 24 << 20


def make(image: Path) -> None:
    """Make an ext4 volume with a journal; skip the test where that cannot be."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("only root can mount a volume, and mkfs.ext4 must be there")
    with image.open("wb") as file:
        file.truncate(SIZE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-J", "size=4", str(image)], check=True)


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """Mount a volume while the block runs; yield a folder of it. Skip the test where that is forbidden."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-o", "loop", str(image), str(place)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"no volume can be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        # Whoever looks through all that is mounted, as indexers do, keeps it busy for a moment.
        deadline = time.monotonic() + HANG_SECONDS
        while subprocess.run(["umount", str(place)], check=False, capture_output=True).returncode:
            assert time.monotonic() < deadline, f"{place} cannot be unmounted"


def cut_power(image: Path, copy: Path) -> None:
    """Copy what has reached the device of a mounted volume, as of one moment.

    What the kernel still holds in memory is not in it: a power cut that loses all of that.
    """
    devices = subprocess.run(
        ["losetup", "--noheadings", "--output", "NAME", "--associated", str(image)],
        check=True,
        capture_output=True,
        text=True,
    )
    (device,) = devices.stdout.split()
    counters = Path("/sys/class/block", Path(device).name, "stat")
    while True:
        before = counters.read_text()
        shutil.copyfile(image, copy)
        if counters.read_text() == before:
            return
