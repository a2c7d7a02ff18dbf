"""The advice for projected rasters is followed: the raster that comes out can be used and has the same people."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import Resampling, reproject

from closedworld.errors import InputError
from closedworld.inputs.raster.info import read_raster_info
from closedworld.kernels.grid import Grid

if TYPE_CHECKING:
    from pathlib import Path


def projected(
    path: Path, crs: str, west: float, north: float, cell: float, shape: tuple[int, int]
) -> Path:
    """Write a raster with people in its middle."""
    rows, cols = shape
    persons = np.zeros(shape)
    middle = slice(rows // 4, 3 * rows // 4), slice(cols // 4, 3 * cols // 4)
    persons[middle] = np.random.default_rng(1).gamma(0.5, 1000, persons[middle].shape)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=1,
        dtype="float64",
        crs=crs,
        height=rows,
        width=cols,
        transform=Affine(cell, 0, west, 0, -cell, north),
    ) as file:
        file.write(persons, 1)
    return path


def follow(command: list[str], source: Path, target: Path) -> None:
    """Do what a gdalwarp command says, with the program where there is one and else with its library."""
    if shutil.which("gdalwarp"):
        words = [*command[:-2], str(source), str(target)]
        subprocess.run(words, check=True, capture_output=True)
        return
    step = float(command[command.index("-tr") + 1])
    first = command.index("-te") + 1
    west, south, east, north = map(float, command[first : first + 4])
    shape = round((north - south) / step), round((east - west) / step)
    warped = np.zeros(shape)
    transform = Affine(step, 0, west, 0, -step, north)
    with rasterio.open(source) as file:
        reproject(
            rasterio.band(file, 1),
            warped,
            dst_transform=transform,
            dst_crs="EPSG:4326",
            resampling=Resampling.sum,
            tolerance=0,
        )
    with rasterio.open(
        target,
        "w",
        driver="GTiff",
        count=1,
        dtype="float64",
        crs="EPSG:4326",
        height=shape[0],
        width=shape[1],
        transform=transform,
    ) as file:
        file.write(warped, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("crs", "west", "north", "cell", "shape", "seconds"),
    [
        ("ESRI:54009", -18_040_000, 9_000_000, 100_000, (180, 360), 3600),
        ("ESRI:54009", 500_000, 6_000_000, 1000, (200, 300), 30),
        ("EPSG:3035", 4_000_000, 3_300_000, 1000, (150, 200), 30),
        ("EPSG:3035", 4_321_000, 3_210_000, 100, (200, 200), 3),
        ("EPSG:6933", 0, 5_000_000, 9000, (60, 80), 300),
        ("EPSG:32632", 400_000, 5_400_000, 250, (100, 100), 10),
    ],
)
def test_the_command_gives_a_usable_raster_of_like_cells_and_the_same_people(
    tmp_path: Path,
    crs: str,
    west: float,
    north: float,
    cell: float,
    shape: tuple[int, int],
    seconds: int,
) -> None:
    source = projected(tmp_path / "in.tif", crs, west, north, cell, shape)
    with pytest.raises(InputError) as caught:
        read_raster_info(source)
    assert caught.value.code == "crs-not-wgs84"
    command = caught.value.hint.removeprefix("Convert it: ").partition(" (")[0].split()
    assert command[0] == "gdalwarp"
    follow(command, source, tmp_path / "out.tif")
    info = read_raster_info(tmp_path / "out.tif")
    assert info.notes == ()
    assert info.grid.cell_width == pytest.approx(seconds / 3600, rel=1e-9)
    globe = Grid.from_resolution(f"{seconds}s")
    offset = (
        (info.grid.west - globe.west) / globe.cell_width,
        (globe.north - info.grid.north) / globe.cell_height,
    )
    assert all(abs(one - round(one)) < 1e-3 for one in offset)
    with rasterio.open(source) as before, rasterio.open(tmp_path / "out.tif") as after:
        assert after.read(1).sum() == pytest.approx(before.read(1).sum(), rel=1e-3)
