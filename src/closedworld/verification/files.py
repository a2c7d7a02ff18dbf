"""Files against the receipt: presence, size, digest, place, schema; and reading what can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from closedworld.datasets import dataset_of
from closedworld.errors import ConfigError, IntegrityError
from closedworld.sanitize import library_message, quoted
from closedworld.store.digests import sha256_of_file
from closedworld.store.paths import HASH_PREFIX, RECEIPT_NAME
from closedworld.store.reading import open_folder
from closedworld.verification.statistics import GroupRanges

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from closedworld.store.reading import Published
    from closedworld.store.receipt import FileEntry
    from closedworld.verification.findings import Account

BATCH_ROWS = 1 << 17
"""Rows in memory at once, of each column that is read."""

READ_ERRORS = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What pyarrow raises over a damaged file."""

_PART = re.compile(r"([a-z_]+)/country_iso=([A-Z]{2})/part-(\d{5})\.parquet")


@dataclass(slots=True)
class Parts:
    """The part files of one country in one dataset that can be read.

    Attributes:
        dataset: Dataset.
        country_iso: Country, by the folder's name.
        schema: Columns that its files must have.
        paths: Files, by part number.
        is_whole: Whether every file is there and readable; otherwise nothing follows from its rows.
    """

    dataset: str
    country_iso: str
    schema: pa.Schema
    paths: list[Path] = field(default_factory=list)
    is_whole: bool = True

    def batches(
        self, account: Account, columns: Sequence[str], *, with_footers: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows in order, texts as dictionary arrays; damage ends it with a finding.

        Args:
            account: Where findings go.
            columns: Names of the columns to read.
            with_footers: Whether what the footers say of the columns read is compared with them.
        """
        texts = [f.name for f in self.schema if pa.types.is_string(f.type)]
        place = self.dataset, self.country_iso
        # Over damaged statistics pyarrow 26 would end the whole process; the damage is found already.
        with_footers = with_footers and not account.found("file-digest", *place)
        for path in self.paths:
            try:
                with pq.ParquetFile(
                    path, read_dictionary=texts, page_checksum_verification=True
                ) as file:
                    for number in range(file.num_row_groups):
                        ranges = GroupRanges()
                        for batch in file.iter_batches(BATCH_ROWS, [number], list(columns)):
                            if with_footers:
                                ranges.add(batch)
                            yield batch
                        if with_footers:
                            ranges.compare(file.metadata.row_group(number), number, place, account)
            except READ_ERRORS as error:
                self.is_whole = False
                _cannot_read(account, self, path, error)
                return
            # Or the pages of every file read so far stay with pyarrow: 80 MiB for a world.
            pa.default_memory_pool().release_unused()


Table = dict[str, dict[str, Parts]]
"""Parts by dataset and country."""


def result_folders(path: Path) -> tuple[list[Path], list[Path]]:
    """Return ``(sealed, bare)``: folders of results at or below a path, and those without receipt.

    Raises:
        ConfigError: ``path-missing``.
        IntegrityError: ``receipt-missing`` when there is nothing published.
    """
    if not path.exists():
        raise ConfigError("path-missing", f"{path} does not exist.", "Check the path.")
    if (path / RECEIPT_NAME).exists():
        return [path], []
    below = sorted([*path.glob(f"{HASH_PREFIX}*"), *path.glob(f"*/{HASH_PREFIX}*")])
    sealed = [folder for folder in below if (folder / RECEIPT_NAME).exists()]
    if not sealed:
        raise IntegrityError(
            "receipt-missing",
            f"{path} holds no published result.",
            "Give the --out folder of a finished `closedworld run`.",
        )
    return sealed, [folder for folder in below if folder not in sealed]


def open_result(folder: Path, account: Account) -> Published | None:
    """Return the result of a folder; None, with a finding, when its receipt is bad."""
    try:
        return open_folder(folder)
    except IntegrityError as error:
        account.find(error.code, error.message)
        return None


def check_files(published: Published, account: Account) -> None:
    """Find every file that is missing, has another size or digest, or is not in the receipt.

    Folders that hold nothing of the receipt are found, too.
    """
    listed = {entry.path for entry in published.receipt.files} | {RECEIPT_NAME}
    folders = {parent for name in listed for parent in PurePosixPath(name).parents}
    strangers, empty = [], []
    for path in sorted(published.folder.rglob("*")):
        name = PurePosixPath(path.relative_to(published.folder).as_posix())
        if path.is_symlink() or not path.is_dir():
            strangers += [] if str(name) in listed else [name]
        elif name not in folders:
            empty.append(name)
    for name in strangers:
        account.find("file-unexpected", f"{name} is not in the receipt.")
    for name in empty:
        if not any(name in stranger.parents for stranger in strangers):
            account.find("folder-unexpected", f"{name} is a folder without a file of the receipt.")
    for entry in published.receipt.files:
        _check_file(published, entry, account)
    count = len(published.receipt.files)
    account.checked("files: presence, size, SHA-256, nothing besides", count, "files")


def _check_file(published: Published, entry: FileEntry, account: Account) -> None:
    """Find what differs between a file and its entry."""
    part = _PART.fullmatch(entry.path)
    place = entry.dataset, part[2] if part else ""
    path = published.folder / entry.path
    try:
        size = path.stat().st_size
        if size != entry.size_bytes:
            message = f"{entry.path} has {size} bytes; the receipt says {entry.size_bytes}."
            account.find("file-size", message, *place)
            return
        digest = sha256_of_file(path)
    except FileNotFoundError:
        account.find("file-missing", f"{entry.path} is in the receipt but not there.", *place)
        return
    except OSError as error:
        message = f"{entry.path} cannot be read: {error.strerror}."
        account.find("file-unreadable", message, *place)
        return
    if digest != entry.sha256:
        message = f"{entry.path} has SHA-256 {digest}; the receipt says {quoted(entry.sha256)}."
        account.find("file-digest", message, *place)


def read_parts(published: Published, datasets: Sequence[str], account: Account) -> Table:
    """Return the parts of the datasets a result must have; find wrong places, schemas and counts.

    Args:
        published: The result.
        datasets: Names of its datasets; others are found as unexpected.
        account: Where findings go.
    """
    table: Table = {name: {} for name in datasets}
    numbers: dict[tuple[str, str], list[int]] = {}
    for entry in published.receipt.files:
        place = _PART.fullmatch(entry.path)
        if place is None or place[1] not in table:
            message = f"{entry.path} is no part of {', '.join(datasets)}."
            account.find("file-out-of-place", message)
            continue
        dataset, iso = place[1], place[2]
        schema = dataset_of(
            dataset, coverage=published.receipt.parameters.get("coverage") is True
        ).schema
        parts = table[dataset].setdefault(iso, Parts(dataset, iso, schema))
        numbers.setdefault((dataset, iso), []).append(int(place[3]))
        _check_part(published.folder / entry.path, entry, parts, account)
    for (dataset, iso), found in numbers.items():
        if sorted(found) != list(range(len(found))):
            table[dataset][iso].is_whole = False
            message = (
                f"parts are numbered {', '.join(map(str, sorted(found)[:10]))}, not from 0 on."
            )
            account.find("part-missing", message, dataset=dataset, country_iso=iso)
    return table


def count_files(table: Table) -> int:
    """Return how many files the datasets have that can be read."""
    return sum(len(parts.paths) for own in table.values() for parts in own.values())


def _check_part(path: Path, entry: FileEntry, parts: Parts, account: Account) -> None:
    """Find a wrong schema or row count; keep the file for reading when its columns are right."""
    place = parts.dataset, parts.country_iso
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow.remove_metadata(), file.metadata.num_rows
            grouped = sum(file.metadata.row_group(n).num_rows for n in range(file.num_row_groups))
    except FileNotFoundError:
        parts.is_whole = False
        return
    except READ_ERRORS as error:
        parts.is_whole = False
        _cannot_read(account, parts, path, error)
        return
    if not schema.equals(parts.schema):
        parts.is_whole = False
        account.find("schema", f"{entry.path} has {_difference(schema, parts.schema)}.", *place)
        return
    parts.paths.append(path)
    if rows != entry.rows or rows != grouped:
        message = f"{entry.path} has {rows} rows, its row groups {grouped}; the receipt says {entry.rows}."
        account.find("row-count", message, *place)


def _cannot_read(account: Account, parts: Parts, path: Path, error: BaseException) -> None:
    """Note a damaged file."""
    account.find(
        "file-unreadable",
        f"{path.name} cannot be read: {library_message(error)}.",
        dataset=parts.dataset,
        country_iso=parts.country_iso,
    )


def _difference(found: pa.Schema, expected: pa.Schema) -> str:
    """Say in which column two schemas differ."""
    for position, field_ in enumerate(expected):
        if position >= len(found) or not found.field(position).equals(field_):
            there = quoted(str(found.field(position))) if position < len(found) else "none"
            return f"column {position} {there}, not {field_.name}: {field_.type}, not null"
    return f"{len(found)} columns, not {len(expected)}"
