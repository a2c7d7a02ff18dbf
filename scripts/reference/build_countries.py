"""Write the bundled country polygons (GeoParquet) and their provenance from Natural Earth.

Every ISO 3166-1 code (and XK) gets one row. The source keeps eleven territories inside their
parents; whole polygon parts move to the territory's own code by the table in ``carving.py``.
Coordinates are the source's float64 values, untouched; the one invalid geometry is repaired.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pycountry
import pyproj
import shapely
from carving import BOXES, LEFT_OUT, NAMES, Box
from source import DATA, NO_CODE, Feature, read_features, read_rows, write_rows

PROVENANCE = (
    "code", "name", "outcome", "steps", "source_features", "parts", "area_deg2",
    "area_before_repair_deg2", "note",
)  # fmt: skip


@dataclass(slots=True)
class Country:
    """One output row while it is put together."""

    parts: list[shapely.Polygon] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    area_before_repair: str = ""

    def geometry(self) -> shapely.MultiPolygon:
        """Return the parts as one MultiPolygon."""
        return shapely.MultiPolygon(self.parts)


def add_feature(country: Country, feature: Feature) -> None:
    """Add all parts of a source feature, repairing an invalid geometry on the way."""
    geometry = feature.geometry
    reason = shapely.is_valid_reason(geometry)
    if reason != "Valid Geometry":
        repaired = shapely.make_valid(geometry)
        assert repaired.geom_type in {"Polygon", "MultiPolygon"}, repaired.geom_type
        assert math.isclose(repaired.area, geometry.area, rel_tol=1e-9)
        country.steps.append("repaired")
        country.notes.append(reason)
        country.area_before_repair = f"{geometry.area:.12f}"
        geometry = repaired
    for part in shapely.get_parts(geometry):
        add_part(country, part, merging=bool(country.sources))
    country.sources.append(feature.name)


def add_part(country: Country, part: shapely.Polygon, *, merging: bool) -> None:
    """Add a part; one of a second feature is united with the parts it touches.

    Two parts that share an edge would make the MultiPolygon invalid (Brazilian Island lies against
    the bank of Brazil). Parts of a single feature are kept as they are.
    """
    touching = shapely.intersects(part, country.parts) if merging else np.zeros(0, dtype=bool)
    if not touching.any():
        country.parts.append(part)
        return
    neighbours = [p for p, hit in zip(country.parts, touching, strict=True) if hit]
    united = shapely.union_all([part, *neighbours])
    country.parts = [p for p, hit in zip(country.parts, touching, strict=True) if not hit]
    country.parts.extend(shapely.get_parts(united))
    country.notes.append(f"{len(neighbours) + 1} touching parts united")


def carve(countries: dict[str, Country], box: Box) -> None:
    """Move the parts inside ``box`` from its parent to its own code."""
    frame = shapely.box(box.west, box.south, box.east, box.north)
    parent = countries[box.parent]
    inside = shapely.covers(frame, parent.parts)
    assert inside.any(), f"{box.place}: no part of {box.parent} inside the box"
    assert (inside == shapely.intersects(frame, parent.parts)).all(), f"{box.place}: part cut"
    child = countries.setdefault(box.code, Country())
    pairs = list(zip(parent.parts, inside, strict=True))
    child.parts.extend(part for part, taken in pairs if taken)
    parent.parts = [part for part, taken in pairs if not taken]
    for country, step in ((child, f"carved from {box.parent}"), (parent, f"{box.code} carved out")):
        if step not in country.steps:
            country.steps.append(step)
    child.notes.append(
        f"{box.place}, parts: {int(inside.sum())}, box: west {box.west} south {box.south} east {box.east} north {box.north}"
    )


def source_names(features: list[Feature], parts: list[shapely.Polygon]) -> list[str]:
    """Return the names of the features that hold ``parts``, in source order."""
    wanted = {part.wkb for part in parts}
    return [
        feature.name
        for feature in features
        if wanted & {part.wkb for part in shapely.get_parts(feature.geometry)}
    ]


def assemble(features: list[Feature]) -> dict[str, Country]:
    """Return the countries by code, sorted, after merging, repairing and carving."""
    countries: dict[str, Country] = defaultdict(Country)
    for feature in features:
        if feature.code != NO_CODE:
            add_feature(countries[feature.code], feature)
    for country in countries.values():
        if len(country.sources) > 1:
            country.steps.append("merged")
    for box in BOXES:
        carve(countries, box)
    for code in {box.code for box in BOXES}:
        countries[code].sources = source_names(features, countries[code].parts)
    return dict(sorted(countries.items()))


def check(features: list[Feature], countries: dict[str, Country], codes: set[str]) -> None:
    """Stop the build when a law of the data set is broken."""
    assert set(countries) == codes, f"codes differ: {set(countries) ^ codes}"
    left_out = {f.name for f in features if f.code == NO_CODE}
    assert left_out == set(LEFT_OUT), f"left out differ: {left_out ^ set(LEFT_OUT)}"
    for code, country in countries.items():
        geometry = country.geometry()
        assert geometry.is_valid, f"{code}: {shapely.is_valid_reason(geometry)}"
        west, south, east, north = geometry.bounds
        assert -180 <= west < east <= 180, f"{code}: longitude {west} to {east}"
        assert -90 <= south < north <= 90, f"{code}: latitude {south} to {north}"
    before = math.fsum(f.geometry.area for f in features if f.code != NO_CODE)
    after = math.fsum(country.geometry().area for country in countries.values())
    assert math.isclose(before, after, rel_tol=1e-12), f"area {before} became {after}"


def display_name(code: str) -> str:
    """Return the name a reader expects for an alpha-2 code."""
    if code in NAMES:
        return NAMES[code]
    entry = pycountry.countries.get(alpha_2=code)
    assert entry is not None, f"{code}: unknown to pycountry"
    return str(getattr(entry, "common_name", entry.name))


def geo_metadata(geometries: list[shapely.MultiPolygon]) -> dict[str, Any]:
    """Return the GeoParquet 1.1 ``geo`` metadata."""
    crs = pyproj.CRS.from_user_input("OGC:CRS84").to_json_dict()
    column = {
        "encoding": "WKB",
        "geometry_types": ["MultiPolygon"],
        "crs": crs,
        "edges": "planar",
        "bbox": [float(value) for value in shapely.total_bounds(geometries)],
    }
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def write_geoparquet(path: Path, countries: dict[str, Country]) -> None:
    """Write one row per code, sorted by code."""
    geometries = [country.geometry() for country in countries.values()]
    schema = pa.schema(
        [
            pa.field("country_iso", pa.string(), nullable=False),
            pa.field("name", pa.string(), nullable=False),
            pa.field("geometry", pa.binary(), nullable=False),
        ],
        metadata={"geo": json.dumps(geo_metadata(geometries), sort_keys=True)},
    )
    wkb = shapely.to_wkb(np.asarray(geometries, dtype=object), byte_order=1)
    names = [display_name(code) for code in countries]
    table = pa.table([list(countries), names, list(wkb)], schema=schema)
    # One large page lets zstd see across countries, whose shared borders repeat byte for byte.
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=False,
        data_page_size=1 << 26,
        write_statistics=["country_iso", "name"],
    )


def provenance_rows(
    countries: dict[str, Country], features: list[Feature]
) -> list[dict[str, str | int]]:
    """Return one row per code and one per feature that was left out."""
    rows: list[dict[str, str | int]] = [
        {
            "code": code,
            "name": display_name(code),
            "outcome": "polygon",
            "steps": "; ".join(country.steps) or "as in source",
            "source_features": "; ".join(country.sources),
            "parts": len(country.parts),
            "area_deg2": f"{country.geometry().area:.12f}",
            "area_before_repair_deg2": country.area_before_repair,
            "note": "; ".join(country.notes),
        }
        for code, country in countries.items()
    ]
    dropped = sorted((f for f in features if f.code == NO_CODE), key=lambda f: f.name)
    for feature in dropped:
        row = dict.fromkeys(PROVENANCE, "") | {
            "name": feature.name,
            "outcome": "left out",
            "source_features": feature.name,
            "note": LEFT_OUT[feature.name],
        }
        area = f"{feature.geometry.area:.12f}"
        parts = int(shapely.get_num_geometries(feature.geometry))
        rows.append({**row, "parts": parts, "area_deg2": area})
    return rows


def main() -> None:
    """Parse the command line and write both files."""
    parser = argparse.ArgumentParser(description="Write the bundled country polygons.")
    parser.add_argument("source_zip", type=Path, help="ne_10m_admin_0_countries_deu.zip, 5.1.1")
    parser.add_argument("--output-dir", type=Path, default=DATA)
    arguments = parser.parse_args()
    output: Path = arguments.output_dir
    codes = {row["alpha_2"] for row in read_rows(DATA / "iso_3166_1.csv")}
    features = read_features(arguments.source_zip)
    countries = assemble(features)
    check(features, countries, codes)
    write_geoparquet(output / "countries.parquet", countries)
    rows = provenance_rows(countries, features)
    write_rows(output / "countries_provenance.csv", PROVENANCE, rows)
    print(f"{len(countries)} codes, {(output / 'countries.parquet').stat().st_size} bytes")


if __name__ == "__main__":
    main()
