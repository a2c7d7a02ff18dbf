"""The advice for projected and unaligned rasters is followed: what comes out can be used and has the same people."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import Resampling, reproject

from closedworld.errors import GridError, InputError
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
    assert command[0] == "gdalwarp"
    if shutil.which("gdalwarp"):
        words = [*command[:-2], str(source), str(target)]
        subprocess.run(words, check=True, capture_output=True)
        return
    first = command.index("-te") + 1
    west, south, east, north = map(float, command[first : first + 4])
    if "-ts" in command:
        first = command.index("-ts") + 1
        shape = int(command[first + 1]), int(command[first])
    else:
        step = float(command[command.index("-tr") + 1])
        shape = round((north - south) / step), round((east - west) / step)
    warped = np.zeros(shape)
    width, height = (east - west) / shape[1], (north - south) / shape[0]
    transform = Affine(width, 0, west, 0, -height, north)
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


@pytest.mark.parametrize(
    ("west", "north", "cell"),
    [(7.1, 51.97, 1 / 12), (6.02, 50.3, 1 / 11), (8.51, 52.003, 1 / 60), (5.51, 51.5, 1 / 60)],
)
def test_a_raster_between_the_cells_of_another_is_brought_to_them(
    tmp_path: Path, west: float, north: float, cell: float
) -> None:
    """The last two have edges on those of the cells, where gdalwarp -r sum loses people unless it is kept off them."""
    first = projected(tmp_path / "a.tif", "EPSG:4326", 5.01, 52, 1 / 12, (40, 60))
    other = projected(tmp_path / "b.tif", "EPSG:4326", west, north, cell, (30, 30))
    with pytest.raises(GridError) as caught:
        read_raster_info([first, other])
    assert caught.value.code == "rasters-not-aligned"
    follow(
        ["gdalwarp", *caught.value.hint.partition("gdalwarp ")[2].split()],
        other,
        tmp_path / "c.tif",
    )
    info = read_raster_info([first, tmp_path / "c.tif"])
    assert info.grid.cell_width == read_raster_info(first).grid.cell_width
    with rasterio.open(other) as before, rasterio.open(tmp_path / "c.tif") as after:
        assert after.read(1).sum() == pytest.approx(before.read(1).sum(), rel=1e-9)


@pytest.mark.skipif(shutil.which("gdal_translate") is None, reason="needs GDAL's programs")
@pytest.mark.parametrize("suffix", [".nc", ".h5"])
def test_the_command_for_netcdf_and_hdf5_keeps_place_and_rows(tmp_path: Path, suffix: str) -> None:
    original, given = tmp_path / "original.tif", tmp_path / f"given{suffix}"
    persons = np.arange(36.0 * 72).reshape(36, 72)
    cells = {"width": 72, "height": 36, "transform": Affine(5, 0, -180, 0, -5, 90)}
    with rasterio.open(
        original, "w", driver="GTiff", count=1, dtype="float64", crs="EPSG:4326", **cells
    ) as file:
        file.write(persons, 1)
    netcdf = ["gdal_translate", "-q", "-of", "netCDF", "-co", "FORMAT=NC4"]
    written = tmp_path / "written.nc"
    if subprocess.run([*netcdf, original, written], check=False).returncode:
        pytest.skip("GDAL has no netCDF")
    written.rename(given)
    with pytest.raises(InputError) as caught:
        read_raster_info(given)
    command = caught.value.hint.removeprefix("Convert it: ").split(" (", 1)[0].split()
    assert command[0] == "gdal_translate"
    source = command[1].replace('"', "").replace(f"in{suffix}", str(given))
    source = source.replace("VARIABLE", "Band1")
    out = tmp_path / "out.tif"
    subprocess.run([command[0], source, str(out)], check=True, capture_output=True)
    info = read_raster_info(out)
    assert info.grid == read_raster_info(original).grid
    with rasterio.open(out) as file:
        np.testing.assert_array_equal(file.read(1), persons)
