"""What checks of sites, cards and purchases begin with: rows read whole, the stage's own checks."""

from __future__ import annotations

import json

import pyarrow as pa

from closedworld.sanitize import library_message
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.reading import Published
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.findings import Findings
from closedworld.verification.value_digests import ValueDigests, digest_of_columns


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
