"""The results of stages after the weights in a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from closedworld.errors import ConfigError
from closedworld.stages import STAGES, WEIGHTS
from closedworld.store.reading import Published

_MISSING = {
    "sites": "sites-missing",
    "people": "people-missing",
    "purchases": "purchases-missing",
}
"""Code of the error for a stage without a result."""


def later_results(
    found: Sequence[Published], weights: Published
) -> Mapping[str, tuple[Published, ...]]:
    """Return those of some results that build on the weights, by stage, the weights among them."""
    later: dict[str, tuple[Published, ...]] = {WEIGHTS.name: (weights,)}
    for stage in STAGES[STAGES.index(WEIGHTS) + 1 :]:
        before = stage.needs[-1]
        hashes = {one.receipt.parameter_hash for one in later[before]}
        name = f"{before}_parameter_hash"
        later[stage.name] = tuple(
            one
            for one in found
            if one.receipt.stage == stage.name and one.receipt.parameters.get(name) in hashes
        )
    return later


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
            f"Make them with `closedworld {stage}`.",
        )
    if len(found) > 1:
        folders = "; ".join(str(one.folder) for one in found)
        raise ConfigError(
            "published-several",
            f"{folder} holds {len(found)} results of {stage}.",
            f"Open one of them instead: {folders}.",
        )
    return found[0]
