"""Where results live below the output folder.

::

    <root>/<stage>/parameter_hash=<hash>/_receipt.json
    <root>/<stage>/parameter_hash=<hash>/validation.json     what the stage checked, if it checks itself
    <root>/<stage>/parameter_hash=<hash>/<dataset>/<value of its partition>-00000.parquet
    <root>/names/<name>

All datasets of a stage lie in one folder, so one rename publishes them together
(docs/decisions/0003-published-layout.md).
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from closedworld.datasets import Partition

RECEIPT_NAME = "_receipt.json"
COLLECTION_NAME = "collection.json"
"""The one file of a result that its receipt does not seal."""
VALIDATION_NAME = "validation.json"
STAGING_NAME = ".staging"
NAMES_FOLDER = "names"
HASH_PREFIX = "parameter_hash="

_HASH = re.compile(r"[0-9a-f]{64}")


def result_key(stage: str, parameter_hash: str) -> str:
    """Return the key of the folder of a published result."""
    return f"{stage}/{HASH_PREFIX}{parameter_hash}"


def stage_folder(root: Path, stage: str, parameter_hash: str) -> Path:
    """Return the folder of a published result."""
    return root / result_key(stage, parameter_hash)


def hash_of_key(stage: str, key: str) -> str | None:
    """Return the parameter hash in the key of a result of a stage; None for any other text."""
    before, _, digits = key.rpartition(HASH_PREFIX)
    return digits if before == f"{stage}/" and _HASH.fullmatch(digits) else None


def hash_of_folder(folder: Path) -> str | None:
    """Return the parameter hash that a folder's name states, or None when it states none."""
    digits = folder.name.removeprefix(HASH_PREFIX)
    stated = folder.name.startswith(HASH_PREFIX) and _HASH.fullmatch(digits)
    return digits if stated else None


def part_path(dataset: str, partition: Partition, number: int) -> PurePosixPath:
    """Return the path of a part file below the folder of a result."""
    return PurePosixPath(dataset, partition.file_name(number))
