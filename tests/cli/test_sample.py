"""``closedworld sample`` as a user types it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest

from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.kernels.grid import Grid
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three countries at a quarter of a degree, weighed by area; only to be read."""
    out = tmp_path_factory.mktemp("sampled")
    countries = read_countries(bundled("countries.parquet").path).select(["LU", "NA", "NL"])
    build_tile_index(countries, Grid.from_resolution("0.25deg"), out)
    build_tile_weights(open_index(out), out, basis="area_m2")
    return out


def test_points_of_a_country(call: Call, world: Path, tmp_path: Path) -> None:
    """The line at the end says how many points there are and where."""
    out = tmp_path / "points.csv"
    done = call("sample", world, "--country", "nl,LU", "--n", 50, "--seed", 7, "--out", out)
    assert done.exit_code == 0
    assert done.stdout.startswith("100 points on ")
    assert "warning [sample-without-people]" in done.stderr
    assert "of 2 countries written to" in done.output
    points = pd.read_csv(out)
    assert points["country_iso"].tolist() == ["NL"] * 50 + ["LU"] * 50


def test_points_on_standard_output_are_csv_and_nothing_else(
    call: Call, world: Path, tmp_path: Path
) -> None:
    words = "sample", world, "--country", "LU,NA", "--n", 3
    call(*words, "--out", tmp_path / "points.csv")
    assert call(*words, "--out", "-").stdout == (tmp_path / "points.csv").read_text()


@pytest.mark.slow
def test_the_same_command_gives_the_same_bytes(call: Call, world: Path, tmp_path: Path) -> None:
    for name, workers in (("a", 1), ("b", 2)):
        out = tmp_path / f"{name}.geoparquet"
        words = ("--country", "NL,NA,LU", "--n", 500, "--workers", workers, "--out", out)
        assert call("sample", world, *words).exit_code == 0
    assert (tmp_path / "a.geoparquet").read_bytes() == (tmp_path / "b.geoparquet").read_bytes()


def test_points_of_a_table(call: Call, world: Path, tmp_path: Path) -> None:
    """Namibia's code is read as a text, and rows keep their order."""
    table = tmp_path / "merchants.csv"
    table.write_text("id,country,n\nm2,NA,1\nm1,NL,2\n", encoding="utf-8")
    out = tmp_path / "merchants.geoparquet"
    done = call("sample", world, "--table", table, "--without-replacement", "--out", out)
    assert done.exit_code == 0
    points = gpd.read_parquet(out)
    assert points["id"].tolist() == ["m2", "m1", "m1"]
    assert points["country_iso"].tolist() == ["NA", "NL", "NL"]
    assert points["tile_id"].nunique() == 3


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--out", "p.csv"), 2, "either --country or --table"),
        (("--country", "NL", "--table", "t.csv", "--out", "p.csv"), 2, "either --country or --table"),
        (("--country", "NL"), 2, "--out"),
        (("--country", "NL", "--out", "p.xlsx"), 2, "output-format"),
        (("--country", "DE", "--out", "p.csv"), 2, "country-without-tiles"),
        (("--country", "", "--out", "p.csv"), 2, "countries-none-selected"),
        (("--country", "LU", "--n", 9999, "--without-replacement", "--out", "p.csv"), 2, "sample-too-many"),
        (("--table", "t.csv", "--out", "p.csv"), 3, "input-missing"),
        (("--table", "t.csv", "--n", 5, "--out", "p.csv"), 2, "--n goes with --country"),
    ],
)  # fmt: skip
def test_mistakes_are_named_and_nothing_is_written(
    call: Call,
    world: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[object, ...],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("sample", world, *words)
    assert done.exit_code == status
    assert said in done.output
    assert not list(tmp_path.iterdir())


def test_other_polygons_are_refused(
    call: Call, world: Path, polygons: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "p.csv"
    done = call("sample", world, "--country", "NL", "--polygons", polygons(), "--out", out)
    assert done.exit_code == 2
    assert "polygons-differ" in done.output
    assert "--polygons" in done.output


def test_tiles_without_weights_say_what_to_do(call: Call, tmp_path: Path) -> None:
    countries = read_countries(bundled("countries.parquet").path).select(["LU"])
    build_tile_index(countries, Grid.from_resolution("1deg"), tmp_path / "w", rule="any_overlap")
    done = call("sample", tmp_path / "w", "--country", "LU", "--out", tmp_path / "p.csv")
    assert done.exit_code == 2
    assert "closedworld weights" in done.output
