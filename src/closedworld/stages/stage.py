"""The stage table: what a run consists of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a run.

    Attributes:
        number: Number as in the documentation.
        name: Folder below the output folder, and name of the command that runs it alone.
    """

    number: str
    name: str


INPUTS = Stage("S0", "inputs")
TILES = Stage("S1", "tiles")
WEIGHTS = Stage("S2", "weights")
