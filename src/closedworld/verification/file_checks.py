"""Files against the receipt: presence, size, digest, path, schema and row count."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa

from closedworld.datasets import Dataset
from closedworld.errors import ConfigError, IntegrityError
from closedworld.published.names import split_named
from closedworld.published.results import find_published, result_folders
from closedworld.published.stac import checksums_of
from closedworld.sanitize import quoted
from closedworld.store.local import storage_at
from closedworld.store.paths import COLLECTION_NAME, RECEIPT_NAME
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published, has_receipt, keys_below, open_result
from closedworld.store.receipt import FileEntry
from closedworld.verification.country_files import READ_ERRORS, CountryFiles
from closedworld.verification.findings import Findings

_PART_FILE = re.compile(r"([a-z_]+)/([A-Za-z0-9][\w.-]*)-(\d{5})\.parquet", re.ASCII)

FileTable = dict[str, dict[str, CountryFiles]]
"""Files by dataset and country."""


def sealed_and_bare(path: Path) -> tuple[list[Storage], list[Storage]]:
    """Return ``(sealed, bare)``: folders of results at or below a path, and those without receipt.

    Raises:
        ConfigError: ``path-missing``, ``name-unknown``, ``name-stale``.
        IntegrityError: ``name-unreadable``; ``receipt-missing`` when there is nothing published.
    """
    if not path.exists():
        raise ConfigError("path-missing", f"{path} does not exist.", "Check the path.")
    if split_named(path) is not None:
        return [one.storage for one in find_published(path)], []
    storage = storage_at(path)
    if has_receipt(storage):
        return [storage], []
    below = result_folders(storage)
    sealed = [folder for folder in below if has_receipt(folder)]
    if not sealed:
        raise IntegrityError(
            "receipt-missing",
            f"{path} holds no published result.",
            "Give the --out folder of a finished `closedworld run`.",
        )
    return sealed, [folder for folder in below if folder not in sealed]


def open_sealed(folder: Storage, findings: Findings) -> Published | None:
    """Return the result of a folder; None, with a finding, when its receipt is bad."""
    try:
        return open_result(folder)
    except IntegrityError as error:
        findings.add(error.code, error.message)
        return None


def check_files(published: Published, findings: Findings) -> None:
    """Find every file that is missing, has another size or digest, or is not in the receipt.

    Folders that hold no file of the receipt are found, too.
    """
    sealed = {entry.path: entry.sha256 for entry in published.receipt.files}
    listed = sealed.keys() | {RECEIPT_NAME, COLLECTION_NAME}
    folders = {parent for name in listed for parent in PurePosixPath(name).parents}
    strangers, empty = [], []
    for key in keys_below(published.storage):
        name = PurePosixPath(key)
        if not key.endswith("/"):
            strangers += [] if key in listed else [name]
        elif name not in folders:
            empty.append(name)
    for name in strangers:
        findings.add("file-unexpected", f"{name} is not in the receipt.")
    for name in empty:
        if not any(name in stranger.parents for stranger in strangers):
            findings.add("folder-unexpected", f"{name} is a folder without a file of the receipt.")
    for entry in published.receipt.files:
        _check_file(published, entry, findings)
    stated = checksums_of(published)
    if stated is not None and stated != sealed:
        findings.add("collection-differs", f"{COLLECTION_NAME} lists other files than the receipt.")
    count = len(published.receipt.files)
    findings.add_check("files: presence, size, SHA-256, no other files", count, "files")


def _check_file(published: Published, entry: FileEntry, findings: Findings) -> None:
    match = _PART_FILE.fullmatch(entry.path)
    where = entry.dataset, match[2] if match else ""
    try:
        size = published.storage.size(entry.path)
        if size != entry.size_bytes:
            message = f"{entry.path} has {size} bytes; the receipt says {entry.size_bytes}."
            findings.add("file-size", message, *where)
            return
        with published.open(entry) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        findings.add("file-missing", f"{entry.path} is in the receipt but not there.", *where)
        return
    except OSError as error:
        message = f"{entry.path} cannot be read: {error.strerror}."
        findings.add("file-unreadable", message, *where)
        return
    if digest != entry.sha256:
        message = f"{entry.path} has SHA-256 {digest}; the receipt says {quoted(entry.sha256)}."
        findings.add("file-digest", message, *where)


def open_files(
    published: Published,
    datasets: Sequence[Dataset],
    findings: Findings,
    beside: Sequence[str] = (),
) -> FileTable:
    """Return the files of the datasets that a result must have, their columns and row counts checked.

    Args:
        published: The result.
        datasets: Its datasets; files of others are found as out of place.
        findings: Where findings go.
        beside: Names of files that lie beside the datasets.
    """
    known = {dataset.name: dataset for dataset in datasets}
    table: FileTable = {name: {} for name in known}
    numbers: dict[tuple[str, str], list[int]] = {}
    for entry in published.receipt.files:
        if entry.path in beside:
            continue
        match = _PART_FILE.fullmatch(entry.path)
        if match is None or match[1] not in table:
            message = f"{entry.path} is not a part file of {', '.join(known)}."
            findings.add("file-out-of-place", message)
            continue
        dataset, iso, number = match.groups()
        files = table[dataset].setdefault(
            iso, CountryFiles(published, known[dataset], iso, findings)
        )
        numbers.setdefault((dataset, iso), []).append(int(number))
        _check_columns(entry, files)
    for (dataset, iso), found in numbers.items():
        if sorted(found) != list(range(len(found))):
            table[dataset][iso].is_whole = False
            first = ", ".join(map(str, sorted(found)[:10]))
            table[dataset][iso].add("part-missing", f"part files are numbered {first}, not from 0.")
    return table


def check_schemas(
    published: Published,
    datasets: Sequence[Dataset],
    findings: Findings,
    beside: Sequence[str] = (),
) -> FileTable:
    """Return the files as ``open_files`` does, and add how many can be read to the checks."""
    table = open_files(published, datasets, findings, beside)
    count = sum(len(files.entries) for own in table.values() for files in own.values())
    findings.add_check("schema and row count of every file", count, "files")
    return table


def check_countries(table: FileTable, dataset: str, expected: set[str], findings: Findings) -> None:
    """Find countries that are missing in a dataset, and those that should not be there."""
    found = set(table[dataset])
    for iso in sorted(expected - found):
        message = f"no file of {quoted(iso)} in the receipt."
        findings.add("country-missing", message, dataset, iso)
    for iso in sorted(found - expected):
        message = f"{iso} is not among the countries of the tiles."
        findings.add("country-unexpected", message, dataset, iso)
    findings.add_check("every country is present, and no other", len(expected), "countries")


def _check_columns(entry: FileEntry, files: CountryFiles) -> None:
    """Find a wrong schema or row count; keep the file for reading when its columns are right."""
    try:
        with files.published.open_parquet(entry) as file:
            schema, rows = file.schema_arrow.remove_metadata(), file.metadata.num_rows
            grouped = sum(file.metadata.row_group(n).num_rows for n in range(file.num_row_groups))
    except FileNotFoundError:
        files.is_whole = False
        return
    except READ_ERRORS as error:
        files.cannot_read(entry, error)
        return
    if not schema.equals(files.dataset.schema):
        files.is_whole = False
        files.add("schema", f"{entry.path} has {_difference(schema, files.dataset.schema)}.")
        return
    files.entries.append(entry)
    if rows != entry.rows or rows != grouped:
        message = f"{entry.path} has {rows} rows, its row groups {grouped}; the receipt says {entry.rows}."
        files.add("row-count", message)


def _difference(found: pa.Schema, expected: pa.Schema) -> str:
    for position, field in enumerate(expected):
        if position >= len(found) or not found.field(position).equals(field):
            there = quoted(str(found.field(position))) if position < len(found) else "none"
            return f"column {position} {there}, not {field.name}: {field.type}, not null"
    return f"{len(found)} columns, not {len(expected)}"
