"""The stage table: what a run consists of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a run.

    Attributes:
        number: Number as in the documentation.
        name: Folder below the output folder, and name of the command that runs it alone.
        title: What it does, in a few words.
    """

    number: str
    name: str
    title: str


INPUTS = Stage("S0", "inputs", "open, check and digest the inputs")
TILES = Stage("S1", "tiles", "cut every country into the tiles of the grid")

STAGES = (INPUTS, TILES)
