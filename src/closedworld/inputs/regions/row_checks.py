"""The rows of a file of polygons while they are checked."""

from __future__ import annotations

from collections.abc import Sequence
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
        invalid: Which of them are not valid and taken as they are, bool (n,).
    """

    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    labels: list[RowLabel] = field(default_factory=list)
    raw: list[Any] = field(default_factory=list)
    geometries: NDArray[np.object_] = field(default_factory=lambda: np.full(0, None))
    invalid: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def take(self, raw: Sequence[Any]) -> None:
        """Take the geometries of the labelled rows as given."""
        self.raw = list(raw)
        self.geometries = np.full(len(self.raw), None)

    def skip_bad(self) -> None:
        """Turn the problems of rows into notes that they were left out."""
        for problem in self.problems:
            if problem.row:
                message = f"left out: {problem.message}"
                self.notes.append(Note("skipped", "", message, (("row", problem.row),)))
        self.problems = [problem for problem in self.problems if not problem.row]

    def refuse(self, at: int, code: str, what: str, hint: str) -> None:
        """Add the problem ``what`` of the geometry of row ``at``, and take the geometry out."""
        self.problems.append(Problem.of_row(GeometryError, code, self.labels[at], what, hint))
        self.geometries[at] = None

    def note(
        self, kind: NoteKind, at: int, what: str, figures: tuple[tuple[str, float], ...] = ()
    ) -> None:
        """Note ``what`` was done to the geometry of row ``at``."""
        label = self.labels[at]
        self.notes.append(Note(kind, label.iso, f"{label}: {what}", figures))
