"""What is public stays: hashes, digests, seals and points are literals, from every executor."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from effort import ANY_EXECUTOR
from golden import LITERALS, RULES, SAMPLES, bundled_world, observe, worlds_below

from closedworld.datasets import TILE_BOUNDS
from closedworld.execution import open_worker_pool
from closedworld.inputs.isolated import check_in_subprocess
from closedworld.kernels.sampling import random_streams
from closedworld.kernels.sampling.philox import philox4x32
from closedworld.run import pipeline
from closedworld.stages.tiles import part_files as tile_files
from closedworld.stages.tiles import plan as tile_plan
from closedworld.stages.weights import plan as tile_weights

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = json.loads(LITERALS.read_text(encoding="utf-8"))
WORLD = "any_overlap population"
READ_ONCE = cache(check_in_subprocess)

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture(autouse=True)
def polygons_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a process each time."""
    monkeypatch.setattr("closedworld.inputs.loading.check_in_subprocess", READ_ONCE)


def comparable(worlds: dict[str, Any]) -> dict[str, Any]:
    """Return worlds without seals where another pyarrow writes: a seal states its version."""
    if version("pyarrow") == EXPECTED["pyarrow"]:
        return worlds
    return {
        name: {
            part: {k: v for k, v in found.items() if k != "seal_sha256"}
            if isinstance(found, dict)
            else found
            for part, found in world.items()
        }
        for name, world in worlds.items()
    }


@pytest.mark.parametrize("executor", ANY_EXECUTOR)
def test_every_executor_gives_the_literals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    """All runs share one pool: starting processes takes longer than the worlds do."""
    with open_worker_pool(executor, None) as pool:
        monkeypatch.setattr(pipeline, "open_worker_pool", lambda *_: nullcontext(pool))
        found = worlds_below(tmp_path, executor=executor)
    assert comparable(found) == comparable(EXPECTED["worlds"])


def test_the_bundled_world_has_the_literal_digests(tmp_path: Path) -> None:
    assert bundled_world(tmp_path) == EXPECTED["bundled"]


def found_serially(out: Path) -> dict[str, Any]:
    """Return the public side of one of the worlds."""
    return observe(out, *WORLD.split(), executor="serial")


@pytest.mark.parametrize(
    ("stage", "other"), [(tile_plan, "weights"), (tile_weights, "tiles")], ids=["tiles", "weights"]
)
def test_a_raised_format_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: Any, other: str
) -> None:
    monkeypatch.setattr(stage, "FORMAT", stage.FORMAT + 1)
    found = comparable({WORLD: found_serially(tmp_path)})[WORLD]
    expected = comparable(EXPECTED["worlds"])[WORLD]
    assert found["weights"]["parameter_hash"] != expected["weights"]["parameter_hash"]
    assert (found["tiles"] == expected["tiles"]) == (other == "tiles")


@pytest.mark.parametrize("first", [0, 1, 2])
def test_two_swapped_random_words_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    def swapped(*arguments: Any) -> Any:
        words = list(philox4x32(*arguments))
        words[first], words[first + 1] = words[first + 1], words[first]
        return tuple(words)

    monkeypatch.setattr(random_streams, "philox4x32", swapped)
    assert found_serially(tmp_path)["points"] != EXPECTED["worlds"][WORLD]["points"]


def test_another_order_of_columns_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared with a world of the same pyarrow: only seals tell, and they state its version."""
    expected = found_serially(tmp_path / "expected")["tiles"]
    columns = TILE_BOUNDS.columns
    turned = replace(TILE_BOUNDS, columns=(*columns[:2], *reversed(columns[2:])))
    monkeypatch.setattr(tile_files, "TILE_BOUNDS", turned)
    found = found_serially(tmp_path / "found")["tiles"]
    assert found["seal_sha256"] != expected["seal_sha256"]


def test_the_literals_are_of_all_worlds() -> None:
    assert {name.split()[0] for name in EXPECTED["worlds"]} == set(RULES)
    assert len({world["weights"]["seal_sha256"] for world in EXPECTED["worlds"].values()}) == 4
    points = sum(n for _, n, _ in SAMPLES)
    assert all(len(world["points"]) == points for world in EXPECTED["worlds"].values())
