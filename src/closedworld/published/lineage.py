"""The results that a result was made from, and what they call its regions."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from closedworld.errors import ConfigError, IntegrityError
from closedworld.published.results import open_published
from closedworld.store.paths import stage_folder
from closedworld.store.reading import Published, result_in

COUNTRY = ("country", "countries")
REGION = ("region", "regions")

_SOURCES = ("people", "sites", "weights", "tiles")


def open_source(result: Published, stage: str, folder: Path | str | None = None) -> Published:
    """Return the result of the stage before that a result was made from.

    Args:
        result: It names the other in its parameters, as ``<stage>_parameter_hash``.
        stage: Name of the stage before.
        folder: Where the other is, if it is not next to it.

    Raises:
        ConfigError: ``index-missing``, ``index-differs``, or as ``open_published``.
        IntegrityError: ``receipt-unreadable``, or as ``open_published``.
    """
    needed = result.receipt.parameters.get(f"{stage}_parameter_hash")
    if not isinstance(needed, str):
        raise IntegrityError(
            "receipt-unreadable",
            f"the receipt of {result.folder} does not say which {stage} it was made from.",
            "Delete the folder and build it again.",
        )
    beside = stage_folder(result.output, stage, needed)
    if folder is None and not beside.exists():
        raise ConfigError(
            "index-missing",
            f"the {stage} of {result.folder} are not next to it, at {beside}.",
            f"Copy them from the folder WORLD that it was built on: cp -r WORLD/{stage} "
            f"{shlex.quote(str(result.output))}; for tiles of weights, --index names WORLD instead.",
        )
    published = open_published(beside if folder is None else folder, stage)
    if published.receipt.parameter_hash != needed:
        raise ConfigError(
            "index-differs",
            f"{result.folder} belongs to the {stage} {needed}, not to {published.folder}.",
            f"Name the {stage} that it was made from with --index.",
        )
    return published


def open_lineage(path: Path | str, stages: Sequence[str]) -> dict[str, Published]:
    """Return a published result and all that it was made from, by stage.

    Args:
        path: An output folder, a name or a ``parameter_hash=...`` folder.
        stages: Names of the stages in order; the path leads to a result of the last.

    Raises:
        ConfigError, IntegrityError: As ``open_published`` and ``open_source``.
    """
    *before, last = stages
    found = [open_published(path, last)]
    for stage in reversed(before):
        found.append(open_source(found[-1], stage))
    return dict(zip(stages, reversed(found), strict=True))


def nouns_of(published: Published) -> tuple[str, str]:
    """Return ``(one, many)``: regions where the tiles that a result goes back to have them, else countries.

    A result whose sources do not lie beside it has countries.
    """
    parameters = published.receipt.parameters
    if parameters.get("regions") == "any":
        return REGION
    for stage in _SOURCES:
        digits = str(parameters.get(f"{stage}_parameter_hash", ""))
        if digits.isalnum():
            try:
                source = result_in(stage_folder(published.output, stage, digits))
            except (IntegrityError, OSError):
                return COUNTRY
            return COUNTRY if source is None else nouns_of(source)
    return COUNTRY
