"""``collection.json`` beside the receipt: a result as a STAC collection, for catalogues and their tools.

It is not sealed, because licences are no part of what decides the bytes: the same polygons can come in
another file. All else in it follows from the receipt (docs/decisions/0026-stac.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from closedworld.bounded_read import read_bounded
from closedworld.datasets import DATASETS, TILE_SPANS
from closedworld.datasets.parameters import TileParameters
from closedworld.inputs.reference.registry import ReferenceFile, bundled_files
from closedworld.store.paths import COLLECTION_NAME, RECEIPT_NAME, result_key
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published, has_receipt
from closedworld.store.staging import replace_whole

_EXTENSIONS = (
    "https://stac-extensions.github.io/table/v1.2.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
)
_PARQUET = "application/vnd.apache.parquet"
_SHA256_MULTIHASH = "1220"
_MOST_BYTES = 1 << 26
_MALFORMED = (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


def write_collections(
    storage: Storage, results: Sequence[Published], sources: Iterable[ReferenceFile] = ()
) -> None:
    """Write the collection of every result that has none, durably.

    Args:
        storage: The output folder; results elsewhere are left alone.
        results: Results of one world in the order of the stages; the extent of all is that of its tiles.
        sources: Registered files that all were made from. Those of earlier results are found in their
            collections, and other files of the registry, such as the table of currencies, by their digests.

    Raises:
        PublishError: ``output-not-writable``.
        OSError, pyarrow.ArrowException: A part file cannot be read.
    """
    providers, bbox = [_provider(one) for one in sources], None
    for one in results:
        providers += providers_of(one)
        named = {
            value for name, value in one.receipt.parameters.items() if name.endswith("_sha256")
        }
        providers += [_provider(file) for file in bundled_files() if file.sha256 in named]
        key = result_key(one.receipt.stage, one.receipt.parameter_hash)
        if TILE_SPANS.name in one.receipt.datasets():
            bbox = bbox_of(one)
        if has_receipt(storage.below(key)) and COLLECTION_NAME not in one.storage.list():
            content = _collection(one, bbox, list({own["name"]: own for own in providers}.values()))
            replace_whole(storage, f"{key}/{COLLECTION_NAME}", to_json(content))


def collection(
    name: str,
    description: str,
    bbox: Sequence[float] | None,
    providers: Sequence[Mapping[str, Any]],
    assets: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a STAC 1.1 collection with relative paths.

    Args:
        name: Its id.
        description: What it holds.
        bbox: West, south, east, north, degrees; None for the globe.
        providers: As ``providers_of`` returns them.
        assets: Its assets by name.
    """
    licences = {one["closedworld:licence"] for one in providers}
    only = next(iter(licences)) if len(licences) == 1 else "other"
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "stac_extensions": list(_EXTENSIONS),
        "id": name,
        "description": description,
        # SPDX knows no name for a public domain without one.
        "license": "other" if only.startswith("LicenseRef-") else only,
        "providers": list(providers),
        "extent": {
            "spatial": {"bbox": [list(bbox or (-180.0, -90.0, 180.0, 90.0))]},
            "temporal": {"interval": [[None, None]]},
        },
        "links": [
            {"rel": "license", "href": one["url"], "title": one["closedworld:licence"]}
            for one in providers
        ],
        "assets": dict(assets),
    }


def table_asset(href: str, title: str, rows: int, schema: pa.Schema) -> dict[str, Any]:
    """Return the asset of a table; meanings of columns are those of the datasets."""
    meanings = {one.name: one.meaning for own in DATASETS.values() for one in own.columns}
    columns = [
        {"name": one.name, "type": str(one.type), "description": meanings.get(one.name, "")}
        for one in schema
    ]
    return {
        "href": href,
        "type": _PARQUET,
        "title": title,
        "roles": ["data"],
        "table:columns": columns,
        "table:row_count": rows,
    }


def file_asset(path: str, size_bytes: int, sha256: str) -> dict[str, Any]:
    """Return the asset of a file."""
    return {
        "href": f"./{path}",
        "type": _PARQUET,
        "roles": ["data"],
        "file:size": size_bytes,
        "file:checksum": _SHA256_MULTIHASH + sha256,
    }


def providers_of(published: Published) -> list[dict[str, Any]]:
    """Return the providers that the collection of a result names; none where it cannot be read."""
    known = ("name", "description", "roles", "url", "closedworld:licence")
    with suppress(*_MALFORMED):
        return [{key: one[key] for key in known} for one in _read(published)["providers"]]
    return []


def bbox_of(tiles: Published) -> tuple[float, float, float, float]:
    """Return the sides of the box around all tiles, from the statistics of their runs.

    A box that reaches beyond +/-180 is named once round the globe, or with west > east.
    """
    found: dict[str, list[int]] = {"raster_row": [], "col_start": [], "col_stop": []}
    for entries in tiles.files(TILE_SPANS.name).values():
        for entry in entries:
            if entry.rows:
                _add_statistics(tiles.open_parquet(entry).metadata, found)
    grid = tiles.parameters(TileParameters).grid
    west = grid.west + min(found["col_start"]) * grid.cell_width
    east = grid.west + max(found["col_stop"]) * grid.cell_width
    north = grid.north - min(found["raster_row"]) * grid.cell_height
    south = grid.north - (max(found["raster_row"]) + 1) * grid.cell_height
    west, east = (
        (-180.0, 180.0)
        if east - west >= 360 - grid.cell_width
        else (_wrapped(west), _wrapped(east))
    )
    return west, max(south, -90.0), east, min(north, 90.0)


def checksums_of(published: Published) -> dict[str, str] | None:
    """Return the SHA-256 of each file that the collection of a result lists, by path below its folder.

    It is empty where the collection cannot be read, and None where there is none.
    """
    try:
        return {
            one["href"].removeprefix("./"): one["file:checksum"].removeprefix(_SHA256_MULTIHASH)
            for one in _read(published)["assets"].values()
            if "file:checksum" in one
        }
    except FileNotFoundError:
        return None
    except _MALFORMED:
        return {}


def _read(published: Published) -> Any:
    with published.storage.open(COLLECTION_NAME) as file:
        return json.loads(read_bounded(file, _MOST_BYTES))


def to_json(content: Mapping[str, Any]) -> bytes:
    """Return a collection as the bytes of its file."""
    return (json.dumps(content, indent=1) + "\n").encode()


def _collection(
    published: Published, bbox: Sequence[float] | None, providers: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    receipt = published.receipt
    assets = {
        name: table_asset(f"./{name}/*.parquet", name, total["rows"], _schema_of(published, name))
        for name, total in receipt.datasets().items()
    }
    assets["receipt"] = {
        "href": f"./{RECEIPT_NAME}",
        "type": "application/json",
        "roles": ["metadata"],
    }
    for one in receipt.files:
        asset = file_asset(one.path, one.size_bytes, one.sha256) | {"table:row_count": one.rows}
        assets[one.path.removesuffix(".parquet")] = asset
    return collection(
        f"{receipt.stage}-{receipt.parameter_hash}",
        f"{', '.join(receipt.datasets())} of closedworld.",
        bbox,
        providers,
        assets,
    )


def _schema_of(published: Published, name: str) -> pa.Schema:
    """Return the schema that the first file of a dataset states."""
    first = next(entry for entry in published.receipt.files if entry.dataset == name)
    return published.open_parquet(first).schema_arrow


def _provider(source: ReferenceFile) -> dict[str, Any]:
    return {
        "name": source.title,
        "description": source.attribution,
        "roles": ["producer", "licensor"],
        "url": source.source_url,
        "closedworld:licence": source.licence,
    }


def _add_statistics(metadata: pq.FileMetaData, found: Mapping[str, list[int]]) -> None:
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            if chunk.path_in_schema in found:
                found[chunk.path_in_schema] += [chunk.statistics.min, chunk.statistics.max]


def _wrapped(lon: float) -> float:
    return lon - 360 if lon > 180 else lon + 360 if lon < -180 else lon  # noqa: PLR2004
