"""``closedworld export`` as a user types it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import geopandas as gpd
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

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two countries at a quarter of a degree, weighed by area; only to be read."""
    out = tmp_path_factory.mktemp("exported")
    countries = read_countries(bundled("countries.parquet").path).select(["BE", "LU"])
    build_tile_index(countries, Grid.from_resolution("0.25deg"), out)
    build_tile_weights(open_index(out), out, basis="area_m2")
    return out


def test_boxes_of_one_country(call: Call, world: Path, tmp_path: Path) -> None:
    out = tmp_path / "boxes.parquet"
    done = call("export", world, "--geometry", "box", "--countries", "LU", "--out", out)
    assert done.exit_code == 0
    frame = gpd.read_parquet(out)
    assert f"{len(frame)} tiles as boxes written to" in done.output
    assert frame["weight_fp"].sum() == 10**12
    assert set(frame.geometry.geom_type) == {"Polygon"}


@pytest.mark.parametrize(("suffix", "kind"), [("gpkg", "box"), ("geojson", "point")])
def test_tiles_for_other_programs_are_those_of_geoparquet(
    suffix: str, kind: str, call: Call, world: Path, tmp_path: Path
) -> None:
    frames = []
    for name in ("tiles.parquet", f"tiles.{suffix}"):
        done = call("export", world, "--geometry", kind, "--out", tmp_path / name)
        assert done.exit_code == 0, done.output
        read = gpd.read_parquet if name.endswith("parquet") else gpd.read_file
        frames.append(read(tmp_path / name))
    columns = ["country_iso", "tile_id", "weight_fp"]
    assert frames[0][columns].to_numpy().tolist() == frames[1][columns].to_numpy().tolist()
    assert frames[1].crs == "EPSG:4326"
    assert frames[0].geometry.geom_equals_exact(frames[1].geometry, 1e-12, align=False).all()


def test_tiles_on_standard_output_are_geojson_and_nothing_else(call: Call, world: Path) -> None:
    done = call("export", world, "--geometry", "point", "--countries", "LU", "--out", "-")
    content = json.loads(done.stdout)
    assert sum(one["properties"]["weight_fp"] for one in content["features"]) == 10**12
    refused = call("export", world, "--cog", "--out", "-")
    assert (refused.exit_code, "name a folder" in refused.output) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--cog", "--out", "rasters"),
        ("export", "--geometry", "box", "--out", "tiles.parquet"),
        ("sample", "--country", "LU", "--out", "points.csv"),
        ("sample", "--country", "LU", "--out", "points.gpkg"),
        ("report", "--out", "page.html"),
    ],
)
def test_folders_whose_names_are_not_utf_8_are_refused(
    words: tuple[str, ...], call: Call, world: Path, tmp_path: Path
) -> None:
    command, *options, name = words
    folder = tmp_path / os.fsdecode(b"\xff")
    folder.mkdir()
    refused = call(command, world, *options, folder / name)
    assert (refused.exit_code, "path-not-utf-8" in refused.output) == (2, True)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("export", "--cog", "--out", "rasters.tif"),
        ("weights", "--basis", "area_m2", "--out", "w.parquet"),
        ("report", "--out", "page.pdf"),
    ],
)
def test_the_suffix_of_a_file_makes_no_folder(
    words: tuple[str, ...], call: Call, world: Path, tmp_path: Path
) -> None:
    command, *options, name = words
    refused = call(command, world, *options, tmp_path / name)
    assert (refused.exit_code, "output-format" in refused.output) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_rasters(call: Call, world: Path, tmp_path: Path) -> None:
    done = call("export", world, "--cog", "--out", tmp_path / "rasters")
    assert done.exit_code == 0
    for name in ("country_id.tif", "weight.tif", "country_ids.csv"):
        assert f"{tmp_path / 'rasters' / name} (" in done.output
    assert "in 0 cases a cell belongs to a further country" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "x.parquet"), "either --geometry or --cog"),
        (("--geometry", "box", "--cog", "--out", "x.parquet"), "either --geometry or --cog"),
        (("--geometry", "box"), "--out"),
        (("--geometry", "box", "--out", "x.csv"), "output-format"),
        (("--cog", "--countries", "FR", "--out", "x"), "country-without-tiles"),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(
    call: Call, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = call("export", world, *words)
    assert (done.exit_code, said in done.output) == (2, True)
    assert not list(tmp_path.iterdir())
