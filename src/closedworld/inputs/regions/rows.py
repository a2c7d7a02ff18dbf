"""The rows of a file of polygons: as a reader gives them, and while they are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.errors import GeometryError
from closedworld.inputs.regions.country_set import Note, NoteKind
from closedworld.inputs.regions.problems import Problem, RowLabel
from closedworld.sanitize import library_message

ColumnValues = Mapping[str, Sequence[object]]
"""A value for each row, as Python objects, by column."""


@dataclass(frozen=True, slots=True)
class Header:
    """The metadata of a file.

    Attributes:
        columns: Names of all columns but the geometry, in the order of the file.
        crs: Reference system as the file gives it (EPSG code, WKT or PROJJSON); ``None`` when the
            file names none.
        layer: Layer that is read; empty for formats without layers.
    """

    columns: tuple[str, ...]
    crs: str | Mapping[str, Any] | None
    layer: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """The requested columns, in the order of the file.

    Attributes:
        wkb: Geometry of each row as well-known binary, or ``None``.
        values: Per column one value for each row, as Python objects.
        warnings: Warnings of the library that read the file, each message once.
    """

    wkb: Sequence[bytes | None]
    values: ColumnValues
    warnings: tuple[str, ...] = ()


class Reader(Protocol):
    """An opened file of polygons."""

    @property
    def header(self) -> Header:
        """Metadata of the file."""

    def rows(
        self, columns: tuple[str, ...], keep: Sequence[int] | None = None, *, geometry: bool = True
    ) -> Rows:
        """Return the geometries and the named columns.

        Args:
            columns: Names of columns.
            keep: Offsets of the rows to read, ascending; None for all.
            geometry: Whether to read geometries, too; ``wkb`` is empty without.

        Raises:
            InputError: ``input-unreadable``.
        """


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


def decode(rows: RowChecks) -> None:
    """Set the geometries of rows from well-known binary; refuse what cannot be read."""
    # NumPy would warn about NaN coordinates; geometry_checks finds and names them.
    with np.errstate(invalid="ignore"):
        rows.geometries = _from_wkb(rows.raw)
    for at in np.flatnonzero(shapely.is_missing(rows.geometries)).tolist():
        if rows.raw[at] is not None:
            what = f"has a geometry that cannot be read: {_why_unreadable(rows.raw[at])}."
            hint = (
                "Fix it in the file: rings must be closed, and curves converted to straight edges."
            )
            rows.refuse(at, "geometry-unreadable", what, hint)


def _from_wkb(wkb: Sequence[bytes | None]) -> NDArray[np.object_]:
    """Return geometries, ``None`` for what cannot be read."""
    given = np.full(len(wkb), None)
    given[:] = wkb
    try:
        geometries: NDArray[np.object_] = shapely.from_wkb(given, on_invalid="ignore")
    except NotImplementedError:
        # Curves: shapely >= 2.0.7 raises instead of heeding on_invalid, and so for the whole array:
        # https://github.com/shapely/shapely/pull/2160
        if len(wkb) == 1:
            return np.full(1, None)
        geometries = np.concatenate([_from_wkb([value]) for value in wkb])
    return geometries


def _why_unreadable(value: bytes | None) -> str:
    try:
        shapely.from_wkb(value)
    except (shapely.errors.ShapelyError, NotImplementedError) as error:
        return library_message(error)
    return "unknown reason"
