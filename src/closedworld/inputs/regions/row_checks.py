"""The rows of a file of polygons while they are checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closedworld.errors import GeometryError
from closedworld.inputs.regions.country_set import Note, NoteKind
from closedworld.inputs.regions.problems import Problem, RowLabel


@dataclass(slots=True)
class RowChecks:
    """The rows that are kept and what was found so far; every step adds to it.

    Attributes:
        problems: In no particular order, at most one for the geometry of a row.
        notes: In the order of the steps.
        labels: Names of the rows, n of them.
        raw: Geometry of each row as given.
        geometries: Shapely geometries, ``None`` where there is none or a problem, object (n,).
    """

    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    labels: list[RowLabel] = field(default_factory=list)
    raw: list[Any] = field(default_factory=list)
    geometries: NDArray[np.object_] = field(default_factory=lambda: np.full(0, None))

    def refuse(self, at: int, code: str, what: str, hint: str) -> None:
        """Add the problem ``what`` of the geometry of row ``at``, and take the geometry out."""
        self.problems.append(Problem.of_row(GeometryError, code, self.labels[at], what, hint))
        self.geometries[at] = None

    def note(
        self, kind: NoteKind, at: int, what: str, figures: tuple[tuple[str, float], ...]
    ) -> None:
        """Note ``what`` was done to the geometry of row ``at``."""
        label = self.labels[at]
        self.notes.append(Note(kind, label.iso, f"{label}: {what}", figures))
