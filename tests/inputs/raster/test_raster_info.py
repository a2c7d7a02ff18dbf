"""The grid of a raster file: which files give one, and what is said of those that do not."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from closedworld.errors import GridError, InputError
from closedworld.inputs.raster.info import read_raster_info
from closedworld.kernels.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NORTH_UP = Affine(0.5, 0.0, -10.0, 0.0, -0.25, 50.0)
WGS84_VRT = """\
<VRTDataset rasterXSize="4" rasterYSize="3">
  <SRS>EPSG:4326</SRS>
  <GeoTransform>-10, 0.5, 0, 50, 0, -0.25</GeoTransform>
  <VRTRasterBand dataType="Byte" band="1">
    <SimpleSource><SourceFilename relativeToVRT="1">{source}</SourceFilename></SimpleSource>
  </VRTRasterBand>
</VRTDataset>
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a small GeoTIFF."""

    def write_raster(name: str = "some.tif", **options: Any) -> Path:
        path = tmp_path / name
        profile = {
            "driver": "GTiff",
            "width": 4,
            "height": 3,
            "count": 1,
            "dtype": "float32",
            "crs": "EPSG:4326",
            "transform": NORTH_UP,
            **options,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, "w", **profile) as raster:
                shape = (profile["count"], profile["height"], profile["width"])
                raster.write(np.zeros(shape, profile["dtype"]))
        return path

    return write_raster


def refusal(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        read_raster_info(path)
    return caught.value


def test_the_grid_is_that_of_the_header(write: Callable[..., Path]) -> None:
    path = write(count=2, nodata=-99999.0)
    info = read_raster_info(path)
    assert info.path == path
    assert info.grid == Grid(-10.0, 50.0, 0.5, 0.25, 4, 3)
    assert (info.dtype, info.nodata, info.bands) == ("float32", -99999.0, 2)


def test_a_raster_without_nodata_says_so(write: Callable[..., Path]) -> None:
    assert read_raster_info(write(dtype="uint8")).nodata is None


@pytest.mark.parametrize("crs", ["EPSG:4326", "OGC:CRS84", "+proj=longlat +datum=WGS84 +no_defs"])
def test_wgs84_is_accepted_under_each_of_its_names(write: Callable[..., Path], crs: str) -> None:
    """Longitude comes first in a raster whatever the order of the axes in the definition."""
    assert read_raster_info(write(crs=crs)).grid.west == -10.0


@pytest.mark.parametrize("name", ["some.tif", "some.tiff", "SOME.TIF"])
def test_both_suffixes_in_either_case_are_accepted(write: Callable[..., Path], name: str) -> None:
    assert read_raster_info(str(write(name))).grid.n_cols == 4


def test_a_raster_on_0_to_360_is_as_good(write: Callable[..., Path]) -> None:
    path = write(width=360, height=180, transform=Affine(1.0, 0.0, 0.0, 0.0, -1.0, 90.0))
    assert read_raster_info(path).grid == Grid(0.0, 90.0, 1.0, 1.0, 360, 180)


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("crs-missing", {"crs": None}),
        ("crs-not-wgs84", {"crs": "EPSG:3857"}),
        ("crs-not-wgs84", {"crs": "EPSG:32633"}),
        ("crs-not-wgs84", {"crs": "EPSG:4267"}),
        ("crs-not-wgs84", {"crs": "EPSG:4258"}),
        ("crs-not-wgs84", {"crs": "+proj=longlat +datum=WGS84 +pm=paris"}),
        ("grid-rotated", {"transform": Affine(0.49, 0.04, -10, 0.09, -0.24, 50)}),
        ("grid-rotated", {"transform": Affine(0.5, 0.02, -10, 0, -0.25, 50)}),
        ("grid-south-up", {"transform": Affine(0.5, 0, -10, 0, 0.25, 50)}),
        ("grid-south-up", {"transform": Affine(-0.5, 0, -10, 0, -0.25, 50)}),
        ("grid-no-transform", {"transform": None}),
        ("grid-no-transform", {"transform": None, "crs": None}),
        ("grid-beyond-pole", {"transform": Affine(0.5, 0, -10, 0, -0.25, 90.1)}),
        ("grid-beyond-pole", {"transform": Affine(0.5, 0, -10, 0, -0.25, -89.5)}),
        ("grid-too-wide", {"transform": Affine(130.0, 0, -180, 0, -0.25, 50)}),
    ],
)
def test_a_raster_without_a_usable_grid_is_refused_by_name_and_with_advice(
    write: Callable[..., Path], code: str, options: dict[str, Any]
) -> None:
    path = write(**options)
    error = refusal(path)
    assert error.code == code
    assert isinstance(error, GridError) is code.startswith("grid-")
    assert str(path) in error.message
    assert "gdal" in error.hint


def test_the_advice_for_a_projected_raster_names_it_and_the_way_out(
    write: Callable[..., Path],
) -> None:
    error = refusal(write(crs="EPSG:3857"))
    assert "WGS 84 / Pseudo-Mercator" in error.message
    assert "EPSG:3857" in error.message
    assert "gdalwarp -t_srs EPSG:4326 -tr " in error.hint
    assert " -r sum " in error.hint


@pytest.mark.parametrize(
    "transform", [Affine(1.0, 0, -180, 0, 1.0, -90), Affine(1.0, 0.1, -180, 0.1, -1.0, 90)]
)
def test_the_advice_to_turn_a_raster_keeps_counts(
    write: Callable[..., Path], transform: Affine
) -> None:
    """The usual resampling would take one of several cells and lose people."""
    assert "-r sum" in refusal(write(transform=transform)).hint


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path / "none.tif")
    assert error.code == "input-missing"
    assert "none.tif" in error.message
    assert error.hint


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.tif").mkdir()
    error = refusal(tmp_path / "folder.tif")
    assert error.code == "input-not-a-file"
    assert "folder.tif" in error.message


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("some.vrt", "gdal_translate in.vrt out.tif"),
        ("some.nc", 'gdal_translate NETCDF:"in.nc":VARIABLE out.tif'),
        ("some.HDF5", 'gdal_translate NETCDF:"in.HDF5":VARIABLE out.tif'),
        ("some", "gdal_translate in.xyz out.tif"),
        ("some.tif.gz", "Unpack it first."),
    ],
)
def test_other_suffixes_are_refused_with_what_to_do(
    write: Callable[..., Path], name: str, advice: str
) -> None:
    error = refusal(write().rename(write().with_name(name)))
    assert error.code == "input-format"
    assert name in error.message
    assert advice in error.hint


def test_the_placeholder_of_a_raster_of_points_is_no_reference_system(
    write: Callable[..., Path],
) -> None:
    """GDAL writes it for an ASCII grid whose header has xllcenter; gdalwarp cannot convert from it."""
    placeholder = (
        'LOCAL_CS["unnamed",UNIT["unknown",1],AXIS["Easting",EAST],AXIS["Northing",NORTH]]'
    )
    error = refusal(write(crs=placeholder))
    assert error.code == "crs-missing"
    assert "gdal_translate -a_srs EPSG:4326" in error.hint


@pytest.mark.parametrize("content", [b"", b"not a raster", b"II*\0", b"MM\0*" + b"\xff" * 100])
def test_what_is_no_tiff_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fake.tif"
    path.write_bytes(content)
    error = refusal(path)
    assert error.code == "input-unreadable"
    assert str(path) in error.message
    assert "gdal_translate" in error.hint


def test_a_truncated_tiff_is_refused(write: Callable[..., Path]) -> None:
    path = write()
    path.write_bytes(path.read_bytes()[:60])
    assert refusal(path).code == "input-unreadable"


def test_a_virtual_raster_in_disguise_is_refused(write: Callable[..., Path]) -> None:
    """GDAL goes by content, and a VRT may open any other file."""
    real = write("real.tif")
    disguised = real.with_name("disguised.tif")
    disguised.write_text(WGS84_VRT.format(source=real.name))
    with rasterio.open(disguised) as raster:
        assert raster.driver == "VRT"
    assert refusal(disguised).code == "input-unreadable"


def test_a_file_beside_the_raster_does_not_move_it(write: Callable[..., Path]) -> None:
    path = write()
    moved = "<PAMDataset><GeoTransform>0, 1, 0, 0, 0, -1</GeoTransform></PAMDataset>"
    path.with_name("some.tif.aux.xml").write_text(moved)
    with rasterio.open(path) as raster:
        assert raster.transform == Affine(1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
    assert read_raster_info(path).grid == Grid(-10.0, 50.0, 0.5, 0.25, 4, 3)


def test_a_world_file_beside_the_raster_does_not_place_it(write: Callable[..., Path]) -> None:
    path = write(transform=None)
    path.with_name("some.tfw").write_text("1\n0\n0\n-1\n10\n20\n")
    with rasterio.open(path) as raster:
        assert raster.transform.a == 1.0
        assert raster.transform.c == 9.5
    assert refusal(path).code == "grid-no-transform"


def test_only_the_header_is_read(tmp_path: Path) -> None:
    """A raster of 80 GB whose blocks were never written gives its grid: S1 needs no pixel."""
    path = tmp_path / "sparse.tif"
    cell = 360 / 200_000
    shape: dict[str, Any] = {"width": 200_000, "height": 100_000, "count": 1, "dtype": "float32"}
    blocks = {"tiled": True, "blockxsize": 4096, "blockysize": 4096, "sparse_ok": True}
    transform = Affine(cell, 0, -180, 0, -cell, 90)
    rasterio.open(
        path, "w", "GTiff", crs="EPSG:4326", transform=transform, **shape, **blocks
    ).close()
    assert path.stat().st_size < 1e6
    assert read_raster_info(path).grid == Grid(-180.0, 90.0, cell, cell, 200_000, 100_000)


def global_grid(
    write: Callable[..., Path], west: float, north: float, shape: tuple[int, int], cell: float
) -> Path:
    transform = Affine(cell, 0, west, 0, -cell, north)
    return write(width=shape[1], height=shape[0], transform=transform)


@pytest.mark.parametrize(
    ("west", "north", "shape", "cell", "kept", "first_row", "codes"),
    [
        (-180, 90, (180, 361), 1, (180, 360), 0, ["raster-column-twice"]),
        (-180.5, 89.5, (179, 361), 1, (179, 360), 0, ["raster-column-twice"]),
        (0, 90, (90, 181), 2, (90, 180), 0, ["raster-column-twice"]),
        (-180, 60, (100, 515), 0.7, (100, 514), 0, ["raster-column-twice"]),
        (-180.5, 90.5, (181, 360), 1, (179, 360), 1, ["raster-rows-beyond-pole"]),
        (-0.125, 90.125, (721, 1440), 0.25, (719, 1440), 1, ["raster-rows-beyond-pole"]),
        (-180, 90.25, (100, 720), 0.5, (99, 720), 1, ["raster-rows-beyond-pole"]),
        (-180, 0, (91, 360), 1, None, 0, None),
        (-180, -0.5, (90, 360), 1, (89, 360), 0, ["raster-rows-beyond-pole"]),
        (
            -180.5,
            90.5,
            (181, 361),
            1,
            (179, 360),
            1,
            ["raster-rows-beyond-pole", "raster-column-twice"],
        ),
        (-180, 90, (180, 360), 1, (180, 360), 0, []),
        (-180, 90.3, (100, 360), 1, None, 0, None),
        (-180, 90, (180, 362), 1, None, 0, None),
        (-180, 92, (184, 365), 1, None, 0, None),
    ],
)
def test_what_covers_no_ground_of_its_own_is_left_out_or_refused_with_a_cut_that_works(
    write: Callable[..., Path],
    west: float,
    north: float,
    shape: tuple[int, int],
    cell: float,
    kept: tuple[int, int] | None,
    first_row: int,
    codes: list[str] | None,
) -> None:
    """Cells centred on whole degrees bring half rows beyond the poles and a column too many."""
    path = global_grid(write, west, north, shape, cell)
    if kept is None:
        advice = refusal(path).hint.split()
        at = advice.index("-srcwin")
        left, top, width, height = map(int, advice[at + 1 : at + 5])
        path = global_grid(write, west + left * cell, north - top * cell, (height, width), cell)
        assert read_raster_info(path).notes == ()
        return
    info = read_raster_info(path)
    assert (info.grid.n_rows, info.grid.n_cols) == kept
    assert info.grid.north == north - first_row * cell
    assert (info.first_row, [note.code for note in info.notes]) == (first_row, codes)
    assert all(str(path) in note.message for note in info.notes)


@pytest.mark.parametrize("skew", [(1e-17, -1e-17), (1e-12, -1e-12), (0, 5e-5), (-5e-5, 0)])
def test_skew_that_moves_no_corner_by_a_thousandth_of_a_cell_is_none(
    write: Callable[..., Path], skew: tuple[float, float]
) -> None:
    path = write(transform=Affine(0.5, skew[0], -10, skew[1], -0.25, 50))
    assert read_raster_info(path).grid == Grid(-10.0, 50.0, 0.5, 0.25, 4, 3)


@pytest.mark.parametrize("skew", [(5e-4, 0), (0, -5e-4)])
def test_skew_that_moves_a_corner_by_more_is_refused(
    write: Callable[..., Path], skew: tuple[float, float]
) -> None:
    assert (
        refusal(write(transform=Affine(0.5, skew[0], -10, skew[1], -0.25, 50))).code
        == "grid-rotated"
    )
