"""Published results: only what has a receipt is data."""

from __future__ import annotations

import errno
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from closedworld.datasets import DATASETS
from closedworld.datasets.parameters import PARAMETERS, Parameters, Stated
from closedworld.errors import ConfigError, GridError, IntegrityError
from closedworld.sanitize import library_message, number_of, one_line
from closedworld.store.local import storage_at
from closedworld.store.paths import COLLECTION_NAME, HASH_PREFIX, RECEIPT_NAME, hash_of_folder
from closedworld.store.protocol import Storage
from closedworld.store.receipt import FileEntry, Receipt, read_receipt

if TYPE_CHECKING:
    import pyarrow.dataset as pads
    import pyarrow.parquet as pq

P = TypeVar("P", bound=Parameters)
S = TypeVar("S", bound=Stated)


@dataclass(frozen=True, slots=True)
class Published:
    """A published result of a stage.

    Attributes:
        storage: The storage of its folder.
        receipt: Its receipt.
    """

    storage: Storage
    receipt: Receipt

    def __repr__(self) -> str:
        files = number_of(len(self.receipt.files), "file", "files")
        return f"<Published {self.receipt.stage} in {self.folder}: {files}>"

    @property
    def folder(self) -> Path:
        """The folder that holds the receipt and the datasets."""
        return self.storage.root

    @property
    def output(self) -> Path:
        """The output folder that the result lies in."""
        stage = self.folder.parent
        return stage.parent if stage.name == self.receipt.stage else stage

    def parameters(self, kind: type[P]) -> P:
        """Return the parameters that determine the content.

        Args:
            kind: Those of the stage, such as ``TileParameters``.

        Raises:
            IntegrityError: ``receipt-unreadable``: they are none of that stage.
        """
        return self._stated(kind, self.receipt.parameters, f"parameters of {kind.stage}")

    def totals(self, kind: type[S]) -> S:
        """Return the figures of the whole.

        Args:
            kind: Those of the stage, such as ``TileTotals``.

        Raises:
            IntegrityError: ``receipt-unreadable``: they are none of that stage.
        """
        return self._stated(kind, self.receipt.totals, "totals of its stage")

    def _stated(self, kind: type[S], content: Mapping[str, Any], what: str) -> S:
        try:
            return kind.from_dict(content)
        except (ValueError, GridError) as error:
            raise _damaged(
                "receipt-unreadable",
                f"the receipt of {self.folder} has no {what}: {one_line(str(error))}.",
            ) from error

    def files(self, dataset: str) -> dict[str, list[FileEntry]]:
        """Return the files of a dataset by the value of their partition, in the order of their rows.

        Raises:
            IntegrityError: ``receipt-unreadable``: a file is not named as a part file.
        """
        found = defaultdict(list)
        for entry in sorted(self.receipt.files):
            if entry.dataset == dataset:
                try:
                    found[entry.partition_value].append(entry)
                except ValueError as error:
                    raise _damaged(
                        "receipt-unreadable",
                        f"the receipt of {self.folder} lists {entry.path}, which is {error}.",
                    ) from error
        return dict(found)

    def folder_of(self, dataset: str) -> Path:
        """Return where a dataset is, for messages."""
        return self.folder / dataset

    def path_of(self, entry: FileEntry) -> Path:
        """Return where one of its files is, for messages."""
        return path_of(self.storage, entry)

    def open(self, entry: FileEntry) -> BufferedIOBase:
        """Open one of its files for reading.

        Raises:
            OSError: It cannot be read.
        """
        return self.storage.open(entry.path)

    def open_parquet(self, entry: FileEntry, texts: Sequence[str] = ()) -> pq.ParquetFile:
        """Open one of its part files; checksums of pages are verified as they are read.

        Args:
            entry: The file.
            texts: Columns that are read as dictionary arrays.

        Raises:
            OSError, pyarrow.ArrowException: It cannot be read.
        """
        return open_part(self.storage, entry, texts)

    def read(self, name: str, columns: Sequence[str], partition: str | None = None) -> pa.Table:
        """Return columns of a dataset, file by file in the order of rows.

        Args:
            name: Name of the dataset.
            columns: Columns of its schema.
            partition: Value of the only partition to read; None for all. One without files has no rows.

        Raises:
            IntegrityError: ``file-unreadable``, ``receipt-unreadable``.
        """
        files = self.files(name)
        chosen = files if partition is None else {partition: files.get(partition, [])}
        tables = [DATASETS[name].schema.empty_table().select(columns)]
        for entry in itertools.chain.from_iterable(chosen.values()):
            try:
                with self.open_parquet(entry) as file:
                    tables.append(file.read(list(columns), use_threads=False))
            except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
                raise _damaged(
                    "file-unreadable",
                    f"{self.path_of(entry)} cannot be read: {library_message(error)}.",
                ) from error
        return pa.concat_tables(tables, promote_options="permissive").combine_chunks()

    def dataset(self, name: str) -> pads.Dataset:
        """Return one of its datasets.

        Raises:
            ConfigError: ``dataset-unknown``.
            IntegrityError: ``file-missing`` or ``file-size``; digests are for ``verify``.
        """
        files = [entry for entry in self.receipt.files if entry.dataset == name]
        kind = PARAMETERS.get(self.receipt.stage)
        known = () if kind is None else self.parameters(kind).datasets
        schemas = {one.name: one.schema for one in known}
        if name not in schemas or not files:
            names = ", ".join(sorted(self.receipt.datasets()))
            raise ConfigError(
                "dataset-unknown", f"{self.folder} holds no dataset {name!r}.", f"It holds {names}."
            )
        # Here and not above: it brings pandas along, a tenth of a small run.
        import pyarrow.dataset as pads  # noqa: PLC0415

        for entry in files:
            self._expect_size(entry)
        paths, filesystem = self.storage.for_arrow([entry.path for entry in files])
        return pads.dataset(list(paths), schema=schemas[name], filesystem=filesystem)

    def verify(self, names: Collection[str] | None = None) -> None:
        """Check files against the receipt: presence, size and SHA-256.

        Args:
            names: Datasets to check; None for all, and that there is nothing besides.

        Raises:
            IntegrityError: ``file-missing``, ``file-size``, ``file-digest``, ``file-unexpected`` or
                ``file-unreadable``.
        """
        if names is None:
            self._expect_nothing_else()
        for entry in self.receipt.files:
            if names is not None and entry.dataset not in names:
                continue
            self._expect_size(entry)
            path = self.path_of(entry)
            try:
                with self.open(entry) as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise _damaged(
                    "file-unreadable", f"{path} cannot be read: {error.strerror}."
                ) from error
            if digest != entry.sha256:
                raise _damaged(
                    "file-digest", f"{path} has SHA-256 {digest}; its receipt says {entry.sha256}."
                )

    def expect_files(self) -> None:
        """Check that every file of the receipt is there with its size; digests are for ``verify``.

        Raises:
            IntegrityError: ``file-missing``, ``file-size`` or ``file-unreadable``.
        """
        for entry in self.receipt.files:
            self._expect_size(entry)

    def _expect_nothing_else(self) -> None:
        """Raise when there is a file that the receipt does not list."""
        listed = {entry.path for entry in self.receipt.files} | {RECEIPT_NAME, COLLECTION_NAME}
        for key in keys_below(self.storage):
            if key not in listed and not key.endswith("/"):
                raise IntegrityError(
                    "file-unexpected",
                    f"{self.folder / key} is not in the receipt.",
                    "Remove that file.",
                )

    def _expect_size(self, entry: FileEntry) -> None:
        """Raise unless a listed file is there and has its size."""
        path = self.path_of(entry)
        try:
            size = self.storage.size(entry.path)
        except FileNotFoundError:
            raise _damaged("file-missing", f"{path} is in the receipt but not there.") from None
        except OSError as error:
            raise _damaged(
                "file-unreadable", f"{path} cannot be read: {error.strerror}."
            ) from error
        if size != entry.size_bytes:
            raise _damaged(
                "file-size", f"{path} has {size} bytes; its receipt says {entry.size_bytes}."
            )


def path_of(folder: Storage, entry: FileEntry) -> Path:
    """Return where a file of a result is, for messages."""
    return folder.root / entry.path


def open_part(folder: Storage, entry: FileEntry, texts: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a part file as readers see it; checksums of pages are verified as they are read.

    Args:
        folder: The folder of its result.
        entry: The file.
        texts: Columns of few texts, read as dictionary arrays.

    Raises:
        OSError, pyarrow.ArrowException: It cannot be read.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 -- most commands read none

    (path,), filesystem = folder.for_arrow([entry.path])
    return pq.ParquetFile(
        path,
        filesystem=filesystem,
        read_dictionary=list(texts),
        page_checksum_verification=True,
    )


def open_result(storage: Storage) -> Published:
    """Return the published result of a folder that holds a receipt.

    Args:
        storage: The storage of the folder.

    Raises:
        IntegrityError: ``published-under-another-hash`` when the receipt belongs elsewhere, or as
            ``read_receipt``.
    """
    folder, receipt = storage.root, read_receipt(storage)
    is_named = folder.name.startswith(HASH_PREFIX)
    if is_named and hash_of_folder(folder) != receipt.parameter_hash:
        raise IntegrityError(
            "published-under-another-hash",
            f"{folder} holds a result whose receipt says parameter_hash {receipt.parameter_hash}.",
            "It was moved or renamed: give it its own name back, or move it away.",
        )
    return Published(storage, receipt)


def has_receipt(storage: Storage) -> bool:
    """Return whether a folder holds a receipt, and so a result.

    Raises:
        OSError: It may not be looked at.
    """
    try:
        storage.size(RECEIPT_NAME)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        # ValueError: a path from a malformed report, with a null byte in it.
        return False
    except OSError as error:
        # A pipe or a folder in its place: opening it tells what is wrong.
        if error.errno != errno.EINVAL:
            raise
    return True


def result_in(folder: Path) -> Published | None:
    """Return the published result of a folder; None when it has no receipt.

    Raises:
        IntegrityError: As ``open_result``.
        OSError: It may not be looked at.
    """
    storage = storage_at(folder)
    return open_result(storage) if has_receipt(storage) else None


def keys_below(storage: Storage, folder: str = "") -> Iterator[str]:
    """Yield every key in a folder and below, those of folders with a slash at the end."""
    for name in storage.list(folder):
        yield folder + name
        if name.endswith("/"):
            yield from keys_below(storage, folder + name)


def _damaged(code: str, message: str) -> IntegrityError:
    """Return the error for data that differs from its receipt."""
    return IntegrityError(code, message, "Delete the folder and build it again.")
