"""Receipts: what a published folder holds, byte for byte."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from closedworld.bounded_read import read_bounded
from closedworld.datasets import Partition
from closedworld.errors import IntegrityError
from closedworld.sanitize import number_of, one_line, quoted
from closedworld.store.paths import RECEIPT_NAME
from closedworld.store.protocol import Storage

RECEIPT_FORMAT = 2

# A thousand times that of the world: a receipt is read whole, so it must not be larger than memory.
_MOST_BYTES = 1 << 28

_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_=.-]*"
_PATH = re.compile(rf"{_NAME}(?:/{_NAME})*")


@dataclass(frozen=True, slots=True, order=True)
class FileEntry:
    """One file of a published folder.

    Attributes:
        path: Path below the folder, with forward slashes.
        size_bytes: Size on disk.
        rows: Rows it holds.
        sha256: Digest of its bytes, lower-case hex.

    Raises:
        ValueError: When the path could lead out of the folder.
    """

    path: str
    size_bytes: int
    rows: int
    sha256: str

    def __post_init__(self) -> None:
        """Refuse a path that is not made of plain names: a receipt must send no reader elsewhere."""
        if _PATH.fullmatch(self.path) is None:
            raise ValueError(f"not a path below a folder: {quoted(self.path)}")

    @property
    def dataset(self) -> str:
        """The dataset that the file belongs to; empty for a file beside the datasets."""
        dataset, _, below = self.path.partition("/")
        return dataset if below else ""

    @property
    def partition_value(self) -> str:
        """The value of the partition whose rows the file holds, such as ``DE``.

        Raises:
            ValueError: It is not named as a part file.
        """
        return Partition.value_of(PurePosixPath(self.path).name)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The seal of a published folder.

    Nothing in it depends on when, where or how fast it was made.

    Attributes:
        stage: Stage name, such as ``tiles``.
        parameter_hash: SHA-256 of ``parameters`` in canonical JSON.
        parameters: Everything that decides the content.
        totals: Figures of the whole, such as countries and tiles.
        versions: Versions of what wrote the bytes.
        files: Every file but the receipt, ordered by path.
        values: Digest of each dataset's values, by name; the same from every version of the program,
            where the bytes may not be (docs/decisions/0012-digests.md).
    """

    stage: str
    parameter_hash: str
    parameters: Mapping[str, Any]
    totals: Mapping[str, Any]
    versions: Mapping[str, str]
    files: tuple[FileEntry, ...]
    values: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Receipt of {self.stage} {self.parameter_hash}: {len(self.files)} files>"

    def datasets(self) -> dict[str, dict[str, int]]:
        """Return files, rows and bytes of each dataset, by name."""
        sums: dict[str, dict[str, int]] = {}
        for entry in self.files:
            if not entry.dataset:
                continue
            total = sums.setdefault(entry.dataset, {"files": 0, "rows": 0, "size_bytes": 0})
            total["files"] += 1
            total["rows"] += entry.rows
            total["size_bytes"] += entry.size_bytes
        return sums

    def has_values_of(self, other: Receipt) -> bool:
        """Return whether two results hold the same values, in the same bytes or not."""
        if self == other:
            return True
        ours, theirs = (
            (one.stage, one.parameters, one.totals, one.values) for one in (self, other)
        )
        return self.values.keys() == self.datasets().keys() and ours == theirs

    def differences(self, other: Receipt) -> str:
        """Return what differs from another receipt, in words; empty when they are equal."""
        ours, theirs = ({one.path: one.sha256 for one in own.files} for own in (self, other))
        paths = _differing(ours, theirs)
        found = {
            "values of {}": _differing(self.values, other.values),
            f"{number_of(len(paths), 'file', 'files')} ({{}})": paths,
            "totals of {}": _differing(self.totals, other.totals),
            "parameters {}": _differing(self.parameters, other.parameters),
            "versions of {}": _differing(self.versions, other.versions),
        }
        return "; ".join(what.format(_named(names)) for what, names in found.items() if names)

    def to_bytes(self) -> bytes:
        """Return the receipt as the bytes of its file."""
        content = {
            "receipt_format": RECEIPT_FORMAT,
            "stage": self.stage,
            "parameter_hash": self.parameter_hash,
            "parameters": self.parameters,
            "totals": self.totals,
            "versions": self.versions,
            "datasets": self.datasets(),
            "values_sha256": self.values,
            "files": [asdict(file) for file in self.files],
        }
        # The one way in which a receipt is written.
        text = (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
        seal = json.dumps(hashlib.sha256(text).hexdigest()).encode()
        # As sorted, without writing it all again: a line of JSON that begins so can only be a name of the top level.
        return text.replace(b'\n "stage"', b'\n "seal_sha256": ' + seal + b',\n "stage"')

    @classmethod
    def from_bytes(cls, text: bytes, where: str) -> Receipt:
        """Return the receipt that a file holds.

        Raises:
            IntegrityError: ``receipt-unreadable``, ``receipt-format``, ``receipt-hash`` or
                ``receipt-seal``.
        """
        try:
            content = json.loads(text)
            if content["receipt_format"] != RECEIPT_FORMAT:
                raise IntegrityError(
                    "receipt-format",
                    f"{where} has receipt format {content['receipt_format']!r}; "
                    f"this version reads {RECEIPT_FORMAT}.",
                    "Read it with the version of closedworld that wrote it.",
                )
            receipt = cls(
                stage=str(content["stage"]),
                parameter_hash=str(content["parameter_hash"]),
                parameters=dict(content["parameters"]),
                totals=dict(content["totals"]),
                versions=dict(content["versions"]),
                files=tuple(
                    FileEntry(
                        str(f["path"]), int(f["size_bytes"]), int(f["rows"]), str(f["sha256"])
                    )
                    for f in content["files"]
                ),
                values={str(k): str(v) for k, v in content["values_sha256"].items()},
            )
            digest = parameter_hash(receipt.parameters)
        except _MALFORMED as error:
            raise IntegrityError(
                "receipt-unreadable",
                f"{where} is not a receipt: {type(error).__name__}: {error}.",
                "Delete the folder and build it again.",
            ) from error
        if digest != receipt.parameter_hash:
            raise IntegrityError(
                "receipt-hash",
                f"{where} states parameter_hash {quoted(receipt.parameter_hash)}, but its parameters "
                f"hash to {digest}.",
                "The receipt was edited or damaged: delete the folder and build it again.",
            )
        # Every byte counts: the seal is over all others, and there is one way to write them.
        if receipt.to_bytes() != text:
            raise IntegrityError(
                "receipt-seal",
                f"{where} is not as it was sealed.",
                "The receipt was edited or damaged: delete the folder and build it again.",
            )
        return receipt


def _differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return the names under which two tables differ."""
    return sorted(
        name
        for name in ours.keys() | theirs.keys()
        if (name in ours, ours.get(name)) != (name in theirs, theirs.get(name))
    )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 -- as below
    return ", ".join(map(one_line, names[:3])) + more


def read_receipt(storage: Storage) -> Receipt:
    """Return the receipt of a published folder, given as a storage.

    Raises:
        IntegrityError: ``receipt-missing``, or as ``Receipt.from_bytes``.
    """
    path = storage.root / RECEIPT_NAME
    try:
        with storage.open(RECEIPT_NAME) as file:
            text = read_bounded(file, _MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        raise IntegrityError(
            "receipt-missing",
            f"{storage.root} has no {RECEIPT_NAME}, so it is not a published result.",
            "Give a folder that `closedworld run` or `closedworld tiles` has published.",
        ) from None
    except OSError as error:
        raise IntegrityError(
            "receipt-unreadable", f"{path} cannot be read: {error.strerror}."
        ) from error
    return Receipt.from_bytes(text, str(path))


def parameter_hash(parameters: Mapping[str, Any]) -> str:
    """Return SHA-256 of the canonical JSON of the parameters, lower-case hex.

    Canonical: keys sorted, no white space, ASCII, floats by their shortest round-trip digits.
    """
    canonical = json.dumps(parameters, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
