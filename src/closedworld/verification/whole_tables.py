"""What checks of sites, cards and purchases begin with: rows read whole, the stage's own checks, polygons at hand."""

from __future__ import annotations

import json

import pyarrow as pa

from closedworld.errors import ConfigError
from closedworld.inputs.reference.places import CountryPlaces, country_places
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.published.polygons import polygons_of
from closedworld.sanitize import library_message
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.reading import Published
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.findings import Findings
from closedworld.verification.request import Request
from closedworld.verification.tile_checks import TileIndex
from closedworld.verification.value_digests import ValueDigests, digest_of_columns

IN_COUNTRY = "points in their country, by GEOS"
"""What is checked with polygons."""


def read_whole(files: CountryFiles, digests: ValueDigests) -> pa.Table | None:
    """Return all rows of a partition, and add their digest; None, with a finding, when they cannot be read."""
    schema = files.dataset.schema
    batches = list(files.batches(files.columns, with_footers=True))
    if not files.is_whole:
        return None
    try:
        table = pa.Table.from_batches(batches).cast(schema) if batches else schema.empty_table()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        files.add("schema", f"rows cannot be understood: {library_message(error)}.")
        return None
    table = table.combine_chunks()
    if table.num_rows:
        (batch,) = table.to_batches()
        digests.add(files, table.num_rows, digest_of_columns(batch, files.dataset))
    return table


def check_validation(published: Published, findings: Findings) -> None:
    """Read what the stage says that it checked; the receipt seals its bytes."""
    try:
        (entry,) = (one for one in published.receipt.files if one.path == VALIDATION_NAME)
        with published.open(entry) as file:
            content = json.loads(file.read())
        passed = content["passed"] is True and all(one["passed"] for one in content["checks"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        findings.add("validation", f"{VALIDATION_NAME} cannot be read: {type(error).__name__}.")
        return
    if not passed:
        findings.add("validation", f"{VALIDATION_NAME} has a check that failed.")
    findings.add_check("checks in validation.json", len(content["checks"]), "checks")


def polygons_at_hand(
    index: TileIndex | None, request: Request, findings: Findings
) -> CountrySet | None:
    """Return the polygons that tiles were built from; None, noted as unchecked, when they are not at hand."""
    if index is None:
        findings.add_unchecked(IN_COUNTRY, "no index of the tiles")
        return None
    try:
        return polygons_of(index.published, request.polygons)
    except ConfigError:
        reason = "the world was built from other polygons; give them"
        findings.add_unchecked(IN_COUNTRY, reason)
        return None


def places_at_hand(
    index: TileIndex | None, iso: str, countries: CountrySet | None
) -> CountryPlaces | None:
    """Return the places of a country, or those in a region, which needs its polygons."""
    if countries is not None and iso in countries:
        return countries.places(iso)
    is_region = index is None or index.parameters.own_codes is not None
    return None if is_region else country_places(iso)
