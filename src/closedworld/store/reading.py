"""Finding and opening published results; only what has a receipt is data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from closedworld.datasets import DATASETS, dataset_of
from closedworld.errors import ConfigError, IntegrityError
from closedworld.sanitize import one_line
from closedworld.store.digests import sha256_of_file
from closedworld.store.paths import HASH_PREFIX, RECEIPT_NAME, hash_of_folder
from closedworld.store.receipt import FileEntry, Receipt, read_receipt

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pyarrow.dataset as pads

_FEW = 3
_BRIEF_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Published:
    """A published result of a stage.

    Attributes:
        folder: The folder that holds the receipt and the datasets.
        receipt: Its receipt.
    """

    folder: Path
    receipt: Receipt

    def dataset(self, name: str) -> pads.Dataset:
        """Return one of its datasets.

        Raises:
            ConfigError: ``dataset-unknown``.
            IntegrityError: ``file-missing`` or ``file-size``; digests are for ``verify``.
        """
        files = [entry for entry in self.receipt.files if entry.dataset == name]
        if name not in DATASETS or not files:
            names = ", ".join(sorted(self.receipt.datasets()))
            raise ConfigError(
                "dataset-unknown", f"{self.folder} holds no dataset {name!r}.", f"It holds {names}."
            )
        # Here and not above: it brings pandas along, a tenth of a small run.
        import pyarrow.dataset as pads  # noqa: PLC0415

        for entry in files:
            self._expect_size(entry)
        spec = dataset_of(name, coverage=bool(self.receipt.parameters.get("coverage")))
        return pads.dataset([str(self.folder / entry.path) for entry in files], schema=spec.schema)

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
            path = self.folder / entry.path
            try:
                digest = sha256_of_file(path)
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
        listed = {entry.path for entry in self.receipt.files} | {RECEIPT_NAME}
        for path in sorted(p for p in self.folder.rglob("*") if p.is_symlink() or not p.is_dir()):
            if path.relative_to(self.folder).as_posix() not in listed:
                raise IntegrityError(
                    "file-unexpected", f"{path} is not in the receipt.", "Remove that file."
                )

    def _expect_size(self, entry: FileEntry) -> None:
        """Raise unless a listed file is there and has its size."""
        path = self.folder / entry.path
        try:
            size = path.stat().st_size
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


def open_published(path: Path | str, stage: str | None = None) -> Published:
    """Return the one published result at or below a path.

    Args:
        path: An output folder, a stage folder or a ``parameter_hash=...`` folder.
        stage: Look at results of this stage only, such as ``tiles`` or ``weights``.

    Raises:
        IntegrityError: ``receipt-missing``, ``published-under-another-hash``, or a bad receipt.
        ConfigError: ``path-missing``; ``published-several`` when there is more than one to choose
            from.
    """
    found = find_published(path)
    if stage is not None:
        found = [one for one in found if one.receipt.stage == stage]
    return _only(found, path, f"no published {stage or 'result'}", "results")


def find_published(path: Path | str) -> list[Published]:
    """Return every published result in a folder, ordered by folder.

    Args:
        path: A ``parameter_hash=...`` folder, a stage folder or an output folder.

    Raises:
        ConfigError: ``path-missing``, ``path-unreadable``.
        IntegrityError: ``published-under-another-hash``, or a bad receipt.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise ConfigError("path-missing", f"{path} does not exist.", "Check the path.")
        if (path / RECEIPT_NAME).exists():
            folders: Sequence[Path] = [path]
        else:
            below = [*path.glob(f"{HASH_PREFIX}*"), *path.glob(f"*/{HASH_PREFIX}*")]
            folders = sorted(folder for folder in below if (folder / RECEIPT_NAME).exists())
    except OSError as error:
        raise ConfigError(
            "path-unreadable", f"{path} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    return [open_folder(folder) for folder in folders]


def open_folder(folder: Path) -> Published:
    """Return the published result of a folder that holds a receipt.

    Raises:
        IntegrityError: ``published-under-another-hash`` when the receipt belongs elsewhere, or as
            ``read_receipt``.
    """
    receipt = read_receipt(folder)
    is_named = folder.name.startswith(HASH_PREFIX)
    if is_named and hash_of_folder(folder) != receipt.parameter_hash:
        raise IntegrityError(
            "published-under-another-hash",
            f"{folder} holds a result whose receipt says parameter_hash {receipt.parameter_hash}.",
            "It was moved or renamed: give it its own name back, or move it away.",
        )
    return Published(folder, receipt)


def open_dataset(
    path: Path | str, name: str = "tile_index", *, verify: bool = False
) -> pads.Dataset:
    """Return a published dataset, ready to scan, filter or turn into a table.

    Args:
        path: An output folder, a stage folder or a ``parameter_hash=...`` folder; one result there
            must hold the dataset.
        name: Such as ``tile_index`` or ``tile_weights``.
        verify: Check all files of the result against the receipt first.

    Raises:
        ConfigError: ``dataset-unknown`` or ``published-several``.
        IntegrityError: As ``open_published`` and, with ``verify``, as ``Published.verify``.
    """
    every = find_published(path)
    found = [one for one in every if name in one.receipt.datasets()]
    if every and not found:
        names = sorted({held for one in every for held in one.receipt.datasets()})
        raise ConfigError(
            "dataset-unknown", f"{path} holds no dataset {name!r}.", f"It holds {', '.join(names)}."
        )
    published = _only(found, path, "no published result", f"results with {name}")
    if verify:
        published.verify()
    return published.dataset(name)


def _only(found: Sequence[Published], path: Path | str, none: str, several: str) -> Published:
    """Return the one result that was found."""
    if not found:
        raise IntegrityError(
            "receipt-missing",
            f"{path} holds {none}.",
            "Give the --out folder of a finished `closedworld run`.",
        )
    if len(found) > 1:
        choices = "; ".join(
            f"{one.folder} ({told})" for one, told in zip(found, _told_apart(found), strict=True)
        )
        raise ConfigError(
            "published-several",
            f"{path} holds {len(found)} {several}.",
            f"Give the folder of one of them instead: {choices}.",
        )
    return found[0]


def _told_apart(found: Sequence[Published]) -> list[str]:
    """Return, for each of several results, the parameters in which they differ, in words."""
    flat = [_flat(one.receipt.parameters, "") | {"stage": one.receipt.stage} for one in found]
    names = sorted({name for one in flat for name in one})
    differing = [name for name in names if len({str(one.get(name)) for one in flat}) > 1]
    return [
        ", ".join(f"{name} {_briefly(one.get(name))}" for name in differing)
        or "the same parameters"
        for one in flat
    ]


def _flat(content: Mapping[str, Any], before: str) -> dict[str, Any]:
    """Return parameters by name, those of tables within as ``table name``."""
    flat: dict[str, Any] = {}
    for name, value in content.items():
        words = f"{before}{name.replace('_', ' ')}"
        flat.update(_flat(value, f"{words} ") if isinstance(value, dict) else {words: value})
    return flat


def _briefly(value: Any) -> str:
    """Return a parameter in a few characters: long lists by their number, digests by their start."""
    if isinstance(value, list):
        few = ", ".join(map(str, value[:_FEW]))
        text = few if len(value) <= _FEW else f"{few} and {len(value) - _FEW} more"
    else:
        text = "none" if value is None else str(value)
    is_digest = re.fullmatch("[0-9a-f]{64}", text) is not None
    return f"{text[:8]}..." if is_digest else one_line(text, _BRIEF_LENGTH)


def _damaged(code: str, message: str) -> IntegrityError:
    """Return the error for data that differs from its receipt."""
    return IntegrityError(code, message, "Delete the folder and build it again.")
