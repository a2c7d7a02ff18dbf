"""Hides packages from a Python that has this folder on its path: those that CLOSEDWORLD_TESTS_WITHOUT names."""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder

HIDDEN = os.environ["CLOSEDWORLD_TESTS_WITHOUT"].split(",")


class Hiding(MetaPathFinder):
    """Finds that hidden packages are not there."""

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse a hidden package; leave all others to the next finder."""
        if name in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Hiding())
