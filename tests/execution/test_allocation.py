"""Processes of our own keep the memory that they free."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import resource
import numpy as np
from closedworld.execution.allocation import keep_memory

if {kept}:
    keep_memory()
for _ in range(12):
    held = [np.ones(1 << 17) for _ in range(20)]
    del held
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other C libraries have no such option")
def test_memory_that_was_freed_is_not_fetched_again() -> None:
    faults = []
    for kept in (True, False):
        command = [sys.executable, "-c", _PROGRAM.format(kept=kept)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        faults.append(int(done.stdout))
    # 20 MiB, 5,120 pages, are fetched once, not twelve times.
    assert faults[1] - faults[0] > 9 * 5120
