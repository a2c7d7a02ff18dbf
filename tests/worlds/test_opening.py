"""A world is opened by its output folder, or by the folder of its weights."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from site_worlds import small_world, table_from

import closedworld as cw
from closedworld.errors import ConfigError, IntegrityError
from closedworld.published.tile_index import open_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.worlds import open_world

if TYPE_CHECKING:
    from pathlib import Path

    from built_worlds import Built


def test_by_output_folder_and_by_weights(made_up: Built) -> None:
    world = open_world(made_up.root)
    assert world.weights is not None
    same = open_world(world.weights.folder)
    assert same.weights == world.weights
    assert same.index.published == world.index.published


def test_tiles_alone(made_up: Built) -> None:
    """The tiles' folder names no weights; drawing by weight is refused with advice."""
    world = open_world(open_world(made_up.root).index.published.folder)
    assert world.weights is None
    with pytest.raises(ConfigError, match="weights-missing"):
        world.sample(country="FR")


def test_of_several_weights_the_latest_are_opened(made_up: Built, tmp_path: Path) -> None:
    root = shutil.copytree(made_up.root, tmp_path / "world")
    latest = build_tile_weights(open_index(root), root, basis="uniform")
    assert open_world(root).weights == latest.published
    (root / "names" / "latest").unlink()
    with pytest.raises(ConfigError, match="published-several"):
        open_world(root)


def test_weights_elsewhere_need_their_index(made_up: Built, real: Built, tmp_path: Path) -> None:
    weights = build_tile_weights(open_index(made_up.root), tmp_path / "w", basis="uniform")
    with pytest.raises(ConfigError, match="index-missing"):
        open_world(tmp_path / "w")
    with pytest.raises(ConfigError, match="index-differs"):
        open_world(tmp_path / "w", index=real.root)
    world = open_world(tmp_path / "w", index=made_up.root)
    assert world.weights == weights.published


def test_nothing_published(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="receipt-missing"):
        open_world(tmp_path)


def test_a_world_is_what_it_was_when_it_was_opened_and_says_how_to_see_what_was_made_since(
    tmp_path: Path,
) -> None:
    countries = small_world(tmp_path, ("MT",)).countries
    world = open_world(tmp_path)
    shops = [{"merchant_id": "a", "country_iso": "MT", "n": 5, "mcc": 5411}]
    ours: dict[str, Any] = {"countries": countries, "executor": "serial"}
    built = cw.build_sites(world, merchants=table_from(shops), **ours)
    with pytest.raises(ConfigError, match="sites-missing") as caught:
        cw.build_people(world, cards=4, **ours)
    assert "found when it is opened again" in caught.value.hint
    again = open_world(tmp_path)
    assert again.result("sites").receipt == built.published.receipt
    assert cw.build_people(again, cards=4, **ours).summaries[0].cards == 4
