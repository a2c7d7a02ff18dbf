"""What is public stays: hashes, digests, seals and points are literals, from every executor."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest
from golden import LITERALS, RULES, SAMPLES, bundled_world, observe, points_of, worlds_below

from closedworld.config.table import EXECUTORS
from closedworld.datasets import TILE_BOUNDS
from closedworld.execution import open_worker_pool
from closedworld.inputs.isolated import check_in_subprocess
from closedworld.kernels.placing import site_numbers, texture
from closedworld.kernels.sampling import random_streams
from closedworld.run import pipeline
from closedworld.stages.people import plan as people_plan
from closedworld.stages.purchases import plan as purchase_plan
from closedworld.stages.sites import plan as site_plan
from closedworld.stages.tiles import part_files as tile_files
from closedworld.stages.tiles import plan as tile_plan
from closedworld.stages.weights import plan as tile_weights

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = json.loads(LITERALS.read_text(encoding="utf-8"))
STAGES = ("tiles", "weights", "sites", "people", "purchases")
WORLD = "any_overlap population"
READ_ONCE = cache(check_in_subprocess)


@pytest.fixture(autouse=True)
def polygons_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a process each time."""
    monkeypatch.setattr("closedworld.inputs.loading.check_in_subprocess", READ_ONCE)


def comparable(worlds: dict[str, Any]) -> dict[str, Any]:
    """Return worlds without what states versions of libraries that are other than those of the literals."""
    dropped = {"seal_sha256"} if version("pyarrow") != EXPECTED["pyarrow"] else set[str]()
    if any(version(one) != EXPECTED[one] for one in ("tzfpy", "tzdata")):
        dropped |= {"seal_sha256", "parameter_hash"}
    return {
        name: {
            part: {k: v for k, v in found.items() if k not in dropped}
            if isinstance(found, dict)
            else found
            for part, found in world.items()
        }
        for name, world in worlds.items()
    }


@pytest.mark.parametrize(
    "executor",
    [pytest.param(one, marks=() if one == "serial" else pytest.mark.slow) for one in EXECUTORS],
)
def test_every_executor_gives_the_literals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    """All runs share one pool: starting processes takes longer than the worlds do."""
    with open_worker_pool(executor, None) as pool:
        monkeypatch.setattr(pipeline, "open_worker_pool", lambda *_: nullcontext(pool))
        found = worlds_below(tmp_path, executor=executor)
    assert comparable(found) == comparable(EXPECTED["worlds"])


@pytest.mark.slow
def test_the_bundled_world_has_the_literal_digests(tmp_path: Path) -> None:
    assert bundled_world(tmp_path) == EXPECTED["bundled"]


def found_serially(out: Path) -> dict[str, Any]:
    """Return the public side of one of the worlds."""
    return observe(out, *WORLD.split(), executor="serial")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """That world, only to be read, and its public side."""
    out = tmp_path_factory.mktemp("sound")
    return out, found_serially(out)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "changed"),
    [
        (tile_plan, set(STAGES)),
        (tile_weights, set(STAGES) - {"tiles"}),
        (site_plan, {"sites", "people", "purchases"}),
        (people_plan, {"people", "purchases"}),
        (purchase_plan, {"purchases"}),
    ],
    ids=["tiles", "weights", "sites", "people", "purchases"],
)
def test_a_raised_format_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: Any, changed: set[str]
) -> None:
    monkeypatch.setattr(stage, "FORMAT", stage.FORMAT + 1)
    found, expected = found_serially(tmp_path), EXPECTED["worlds"][WORLD]
    others = set(STAGES) - changed
    assert all(found[one]["parameter_hash"] != expected[one]["parameter_hash"] for one in changed)
    assert all(found[one]["parameter_hash"] == expected[one]["parameter_hash"] for one in others)


def swap_words(
    monkeypatch: pytest.MonkeyPatch, module: Any, first: int, name: str = "philox4x32"
) -> None:
    """Let what a module has random words from give a word and the next one in each other's place."""
    really = getattr(module, name)

    def swapped(*arguments: Any) -> Any:
        words = list(really(*arguments))
        words[first], words[first + 1] = words[first + 1], words[first]
        return tuple(words)

    monkeypatch.setattr(module, name, swapped)


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 1, 2])
def test_two_swapped_random_words_are_seen_in_points(
    sound: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    assert points_of(sound[0]) == EXPECTED["worlds"][WORLD]["points"]
    swap_words(monkeypatch, random_streams, first)
    assert points_of(sound[0]) != EXPECTED["worlds"][WORLD]["points"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name"),
    [(site_numbers, "keyed_words"), (texture, "philox4x32")],
    ids=["outlets", "texture"],
)
def test_two_swapped_random_words_are_seen_in_outlets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    swap_words(monkeypatch, module, 0, name)
    assert found_serially(tmp_path)["outlets"] != EXPECTED["worlds"][WORLD]["outlets"]


@pytest.mark.slow
def test_another_order_of_columns_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: tuple[Path, dict[str, Any]]
) -> None:
    """Compared with a world of the same pyarrow: only seals tell, and they state its version."""
    columns = TILE_BOUNDS.columns
    turned = replace(TILE_BOUNDS, columns=(*columns[:2], *reversed(columns[2:])))
    monkeypatch.setattr(tile_files, "TILE_BOUNDS", turned)
    found = found_serially(tmp_path)["tiles"]
    assert found["seal_sha256"] != sound[1]["tiles"]["seal_sha256"]


def test_the_literals_are_of_all_worlds() -> None:
    assert {name.split()[0] for name in EXPECTED["worlds"]} == set(RULES)
    assert len({world["weights"]["seal_sha256"] for world in EXPECTED["worlds"].values()}) == 4
    points = sum(n for _, n, _ in SAMPLES)
    assert all(len(world["points"]) == points for world in EXPECTED["worlds"].values())
