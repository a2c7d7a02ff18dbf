"""A Dask cluster in a process of its own, as one of somebody else's would be."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "protocol": "tcp://"}
    with LocalCluster(dashboard_address=":0", **options) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


class Cluster:
    """A scheduler and a worker with two threads.

    Attributes:
        address: Where the scheduler listens.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()

    def close(self) -> None:
        """End it: it lives as long as its standard input is open."""
        self._process.communicate()
