"""Files on a disk that is too small: an error with advice and nothing in their place, never half a file.

Some libraries close a file that lacks bytes without an error. A limit on the size of files stands for the disk.
"""

from __future__ import annotations

import resource
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import rasterio

from closedworld.errors import PublishError
from closedworld.worlds import open_world
from closedworld.worlds.tile_geometry import export_tiles
from closedworld.worlds.tile_rasters import export_rasters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from built_worlds import Built

pytestmark = pytest.mark.slow

STEPS = [0, 1, 100, 1000, 4096, 8192, 12_000, 16_384, 20_000, 30_000, 50_000, 100_000]


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("suffix", ["parquet", "geojson", "gpkg"])
def test_tiles_are_whole_or_not_there(real: Built, tmp_path: Path, suffix: str) -> None:
    world, refused = open_world(real.root), 0
    for size in STEPS:
        path = tmp_path / f"tiles{size}.{suffix}"
        try:
            with files_up_to(size):
                rows = export_tiles(world, path, "box", ["MV"])
        except PublishError:
            refused += 1
        if path.exists():
            read = gpd.read_parquet if suffix == "parquet" else gpd.read_file
            assert len(read(path)) == world.index.spans["MV"].tile_count
    assert 0 < refused < len(STEPS)
    assert rows


@pytest.mark.parametrize("suffix", ["parquet", "csv", "geojson", "gpkg"])
def test_points_are_whole_or_not_there(real: Built, tmp_path: Path, suffix: str) -> None:
    points = open_world(real.root).sample(country="MV", n=150, countries=real.countries)
    refused = 0
    for size in STEPS:
        path = tmp_path / f"points{size}.{suffix}"
        try:
            with files_up_to(size):
                points.write(path)
        except PublishError:
            refused += 1
            assert list(tmp_path.glob(f"points{size}.*")) == []
        else:
            assert path.stat().st_size <= size
            if suffix in {"geojson", "gpkg"}:
                assert len(gpd.read_file(path)) == 150
    assert 0 < refused < len(STEPS)


def test_rasters_are_whole_or_not_there(real: Built, tmp_path: Path) -> None:
    world, refused = open_world(real.root), 0
    export_rasters(world, tmp_path / "whole", ["MV"])
    for size in STEPS:
        folder = tmp_path / str(size)
        try:
            with files_up_to(size):
                export_rasters(world, folder, ["MV"])
        except PublishError:
            refused += 1
        for path in folder.glob("*.tif"):
            with (
                rasterio.open(path) as ours,
                rasterio.open(tmp_path / "whole" / path.name) as whole,
            ):
                assert ours.checksum(1) == whole.checksum(1)
    assert refused > 0
