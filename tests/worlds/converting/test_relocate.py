"""Relocated tables: amounts, times and labels as they were, fixed outlets, possible trips."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from purchases import sparkov

import closedworld as cw
from closedworld import relocate, score
from closedworld.errors import ConfigError, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld import PublishedWorld

pytestmark = pytest.mark.slow

PLACES = ["merch_lat", "merch_long"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> PublishedWorld:
    out = tmp_path_factory.mktemp("world")
    cw.run_world(cw.RunConfig(countries=("US",), out=out, resolution="30m"))
    return cw.open_world(out)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("theirs") / "fraudTrain.csv"
    sparkov(2000).to_csv(path)
    return path


@pytest.fixture(scope="module")
def moved(
    world: PublishedWorld, file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[cw.Relocated, pd.DataFrame]:
    out = tmp_path_factory.mktemp("ours") / "relocated.csv"
    return relocate(world, file, out, seed=3), pd.read_csv(out, index_col=0)


def test_nothing_but_places_has_changed(
    file: Path, moved: tuple[cw.Relocated, pd.DataFrame]
) -> None:
    before = pd.read_csv(file, index_col=0)
    after = moved[1]
    pd.testing.assert_frame_equal(after.drop(columns=PLACES), before.drop(columns=PLACES))
    assert list(after.columns) == list(before.columns)
    assert (after[PLACES] != before[PLACES]).any(axis=1).mean() > 0.99


def test_merchants_have_fixed_outlets_and_online_ones_none(
    moved: tuple[cw.Relocated, pd.DataFrame],
) -> None:
    done, after = moved
    online = after["category"] == "misc_net"
    assert done.online == online.sum() > 0
    np.testing.assert_allclose(after["merch_lat"][online], after["lat"][online], atol=1e-6)
    shops = after[~online].groupby("merchant")
    sites = shops[PLACES].apply(lambda one: len(one.drop_duplicates()))
    assert (sites < shops.size() / 2).all()
    assert (sites > 1).all()


def test_trips_become_possible_and_what_is_not_is_reported(
    file: Path, moved: tuple[cw.Relocated, pd.DataFrame]
) -> None:
    done, _ = moved
    before, after = score(file).figures, score(done.file).figures
    shares = [
        (before[name].value, after[name].value)
        for name in ("fast_within_hour", "flight", "home_km")
    ]
    for was, now in shares:
        assert was is not None
        assert now is not None
        assert now < was / 3
    assert done.flight is not None
    assert done.flight < 0.02
    assert "impossible by their times" in done.describe()


def test_places_do_not_depend_on_the_order_of_the_file(
    world: PublishedWorld, file: Path, moved: tuple[cw.Relocated, pd.DataFrame], tmp_path: Path
) -> None:
    """Nor on the order of the rows, as outlets are keyed by the names of merchants."""
    del file
    table, after = sparkov(2000), moved[1]
    again = relocate(world, moved[0].file, tmp_path / "again.csv", seed=3)
    assert again.file.read_bytes() == moved[0].file.read_bytes()
    order = np.random.default_rng(1).permutation(len(table))
    table.iloc[order].to_csv(tmp_path / "shuffled.csv")
    relocate(world, tmp_path / "shuffled.csv", tmp_path / "other.csv", seed=3)
    other = pd.read_csv(tmp_path / "other.csv", index_col=0).sort_index()
    # Purchases of a card in the same second are in the order of the file.
    assert (other[PLACES] == after[PLACES]).all(axis=1).mean() > 0.99


def test_a_thief_is_near_or_far(world: PublishedWorld, file: Path, tmp_path: Path) -> None:
    found = {}
    for thief in ("near", "far"):
        relocate(world, file, tmp_path / f"{thief}.csv", thief=thief)
        value = score(tmp_path / f"{thief}.csv").auc["distance_from_home"]["all"]
        assert value is not None
        found[thief] = value
    assert abs(found["near"] - 0.5) < 0.1
    assert found["far"] > found["near"] + 0.15


def test_parquet_stays_parquet(
    world: PublishedWorld, file: Path, moved: tuple[cw.Relocated, pd.DataFrame], tmp_path: Path
) -> None:
    del file
    table = sparkov(2000)
    table.to_parquet(tmp_path / "theirs.parquet")
    relocate(world, tmp_path / "theirs.parquet", tmp_path / "ours.parquet", seed=3)
    found = pd.read_parquet(tmp_path / "ours.parquet")
    np.testing.assert_allclose(found[PLACES], moved[1][PLACES], atol=1e-6)
    assert (found.dtypes == table.dtypes).all()


def test_online_channels_stay_at_home_and_cards_outside_are_counted(
    world: PublishedWorld, tmp_path: Path
) -> None:
    table = sparkov(300)
    online = np.arange(len(table)) % 3 == 0
    table = table.assign(channel=np.where(online, "Online", "pos"), category="grocery_pos")
    away = table["cc_num"] == table["cc_num"][0]
    table.loc[away, ["long", "lat"]] = [-99.1, 19.4]
    table.to_csv(tmp_path / "in.csv")
    columns = {"channel": "channel"}
    done = relocate(world, tmp_path / "in.csv", tmp_path / "out.csv", columns)
    assert (done.online, done.cards_outside) == (online.sum(), 1)
    assert "1 card lives in no country of the world" in done.describe()
    after = pd.read_csv(tmp_path / "out.csv")
    at_home = np.isclose(after["merch_lat"], after["lat"], rtol=0, atol=1e-6)
    assert at_home[online].all()
    assert not at_home[~online].any()
    table.assign(channel="online").to_csv(tmp_path / "in.csv")
    none = relocate(world, tmp_path / "in.csv", tmp_path / "out.csv", columns)
    assert (none.online, none.sites, none.merchants) == (len(table), 0, 0)


def test_what_cannot_be_relocated_is_refused(world: PublishedWorld, tmp_path: Path) -> None:
    def code(table: pd.DataFrame, out: str = "out.csv", **options: Any) -> str:
        table.to_csv(tmp_path / "in.csv")
        with pytest.raises((ConfigError, InputError)) as caught:
            relocate(world, tmp_path / "in.csv", tmp_path / out, **options)
        return caught.value.code

    table = sparkov(50)
    assert code(table, "out.xlsx") == "output-format"
    assert code(table, thief="abroad") == "relocate-thief"
    for number in (0, -1.0, math.nan, math.inf):
        assert code(table, outlets_per_million=number) == "relocate-outlets"
    assert code(table.drop(columns="merchant")) == "relocate-columns"
    assert code(table.assign(long=10.0, lat=50.0)) == "relocate-homes"
    assert code(table.assign(trans_date_trans_time=None)) == "relocate-rows"
    assert not (tmp_path / "out.csv").exists()
