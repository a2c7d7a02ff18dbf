"""The STAC collection of exported files, written beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from closedworld.published.stac import (
    bbox_of,
    collection,
    file_asset,
    providers_of,
    table_asset,
    to_json,
)
from closedworld.store.atomic import replace_file, whole_file
from closedworld.store.file_digests import sha256_of_file
from closedworld.worlds.world import PublishedWorld

_KINDS = {
    ".tif": "image/tiff; application=geotiff; profile=cloud-optimized",
    ".csv": "text/csv",
    ".gpkg": "application/geopackage+sqlite3",
    ".geojson": "application/geo+json",
}


def write_export_collection(world: PublishedWorld, files: Sequence[Path], path: Path) -> None:
    """Write the collection of exported files, which states their source, licences and checksums.

    Args:
        world: The world that was exported.
        files: In the folder of the collection.
        path: The collection; replaced if there.

    Raises:
        PublishError: ``output-not-writable``.
    """
    results = [one for one in (world.index.published, world.weights) if one is not None]
    providers = {own["name"]: own for one in results for own in providers_of(one)}
    hashes = ", ".join(f"{one.receipt.stage} {one.receipt.parameter_hash}" for one in results)
    content = collection(
        path.name.removesuffix(".json").removesuffix(".collection"),
        f"Tiles of closedworld, exported from {hashes}.",
        _bbox(files) or bbox_of(world.index.published),
        list(providers.values()),
        {file.stem: _asset(file) for file in files},
    )
    with whole_file(path) as staged:
        replace_file(staged, to_json(content))


def _asset(file: Path) -> dict[str, Any]:
    own = file_asset(file.name, file.stat().st_size, sha256_of_file(file))
    if file.suffix.lower() in _KINDS:
        return {**own, "type": _KINDS[file.suffix.lower()]}
    import pyarrow.parquet as pq  # noqa: PLC0415 -- rasters need none

    metadata = pq.read_metadata(file)
    schema = metadata.schema.to_arrow_schema()
    table = table_asset(own["href"], file.stem, metadata.num_rows, schema)
    return {**table, **own, "table:primary_geometry": "geometry"}


def _bbox(files: Sequence[Path]) -> list[float] | None:
    """Return the box that a GeoParquet file states; None for other formats."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    if files[0].suffix.lower() in _KINDS:
        return None
    geo = json.loads(pq.read_metadata(files[0]).metadata[b"geo"])
    bounds: list[float] = geo["columns"][geo["primary_column"]]["bbox"]
    return bounds
