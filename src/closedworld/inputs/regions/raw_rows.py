"""The rows of a file of polygons as read, before any check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.inputs.regions.row_checks import RowChecks
from closedworld.sanitize import library_message


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
        n_rows: Rows of the file.
    """

    wkb: Sequence[bytes | None]
    values: Mapping[str, Sequence[object]]
    warnings: tuple[str, ...] = ()
    n_rows: int = 0


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
