"""The result of a stage after the weights in a world, where there is exactly one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from closedworld.errors import ConfigError
from closedworld.store.reading import Published

_MISSING = {
    "sites": "sites-missing",
    "people": "people-missing",
    "purchases": "purchases-missing",
}
"""Code of the error for a stage without a result."""


def only_result(found: Sequence[Published], stage: str, folder: Path) -> Published:
    """Return the only one of some results.

    Args:
        found: Results of the stage that build on the weights of a world.
        stage: Name of the stage.
        folder: Output folder of the world, for messages.

    Raises:
        ConfigError: ``sites-missing``, ``people-missing``, ``purchases-missing``, ``published-several``.
    """
    if not found:
        raise ConfigError(
            _MISSING[stage],
            f"{folder} has no {stage} of this world.",
            f"Make them with `closedworld {stage}`. Results that were made since this world was opened are found when it is opened again.",
        )
    if len(found) > 1:
        folders = "; ".join(str(one.folder) for one in found)
        raise ConfigError(
            "published-several",
            f"{folder} holds {len(found)} results of {stage}.",
            f"Open one of them instead: {folders}.",
        )
    return found[0]
