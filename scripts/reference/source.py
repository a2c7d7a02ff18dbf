"""Reading the Natural Earth country file and writing small tables, shared by the build scripts."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyogrio.raw
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DATA = Path(__file__).resolve().parents[2] / "src" / "closedworld" / "inputs" / "reference" / "data"
COLUMNS = ("ADMIN", "ISO_A2_EH", "POP_EST")
NO_CODE = "-99"


@dataclass(frozen=True, slots=True)
class Feature:
    """One country feature of the source.

    Attributes:
        name: The source's ADMIN name.
        code: ISO_A2_EH, two letters, or ``-99`` when the source gives none.
        population: POP_EST, whole persons.
        geometry: Shapely Polygon or MultiPolygon, degrees, longitude first.
    """

    name: str
    code: str
    population: int
    geometry: shapely.Geometry


def read_features(source_zip: Path) -> list[Feature]:
    """Return every feature of the zipped Natural Earth admin-0 shapefile, in source order."""
    meta, _, wkb, fields = pyogrio.raw.read(
        f"/vsizip/{source_zip.resolve()}", columns=list(COLUMNS), encoding="UTF-8"
    )
    assert meta["crs"] == "EPSG:4326", meta["crs"]
    by_name = dict(zip(meta["fields"], fields, strict=True))
    names, codes, populations = (by_name[column] for column in COLUMNS)
    return [
        Feature(str(name), str(code), int(population), geometry)
        for name, code, population, geometry in zip(
            names, codes, populations, shapely.from_wkb(wkb), strict=True
        )
    ]


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as dictionaries."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(
    path: Path, header: Sequence[str], rows: Iterable[Mapping[str, str | int | float]]
) -> None:
    """Write a CSV file: UTF-8, LF line ends, columns in the order of ``header``."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
