"""Several aligned rasters as one: where each lies, who decides a cell, and the same weights as one file gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from weights_law import Watcher

from closedworld.config.run import RunConfig
from closedworld.errors import GridError, InputError
from closedworld.execution.events import InputLoaded
from closedworld.inputs.loading import files_of, load_population
from closedworld.inputs.lock import InputLock
from closedworld.inputs.raster.info import Rasters, read_raster_info
from closedworld.inputs.raster.pixels import PixelReader, read_pixel_layout
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.store.file_digests import digest_of_rasters
from closedworld.verification import verify

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL = 1 / 120


def write(
    path: Path, values: NDArray[Any], row: int, col: int, cell: float = CELL, **more: Any
) -> Path:
    """Write a raster that begins at a row and column of a common grid from 5 east, 55 north."""
    path.parent.mkdir(exist_ok=True)
    profile = {"driver": "GTiff", "count": 1, "dtype": values.dtype.name, "crs": "EPSG:4326"}
    shape = {"height": values.shape[0], "width": values.shape[1]}
    transform = Affine(cell, 0, 5 + col * CELL, 0, -cell, 55 - row * CELL)
    with rasterio.open(path, "w", transform=transform, **profile, **shape, **more) as file:
        file.write(values, 1)
    return path


def three(folder: Path) -> NDArray[np.float32]:
    """Write three rasters whose boxes overlap, as those of neighbouring countries do; return what they are as one."""
    draw = np.random.default_rng(5)
    whole = np.full((60, 90), np.nan, np.float32)
    for name, row, col, rows, cols in (
        ("a", 10, 0, 40, 40),
        ("b", 0, 30, 50, 40),
        ("c", 20, 50, 40, 40),
    ):
        values = draw.gamma(0.5, 100, (rows, cols)).astype(np.float32)
        values[draw.random(values.shape) < 0.4] = -99999
        values[draw.random(values.shape) < 0.1] = 0
        write(folder / f"{name}.tif", values, row, col, nodata=-99999)
        here = whole[row : row + rows, col : col + cols]
        own = np.where(values == -99999, np.nan, values)
        takes = (np.isnan(here) & ~np.isnan(own)) | (~(here > 0) & (own > 0))
        here[takes] = own[takes]
    return whole


def test_rasters_are_placed_by_their_coordinates(tmp_path: Path) -> None:
    three(tmp_path / "many")
    (tmp_path / "many" / "readme.txt").write_text("no raster")
    (tmp_path / "many" / ".hidden.tif").write_text("no raster")
    info = read_raster_info(tmp_path / "many")
    assert (info.grid.n_rows, info.grid.n_cols) == (60, 90)
    assert (info.grid.west, info.grid.north) == pytest.approx((5, 55))
    assert [(one.info.path.name, one.row, one.col) for one in info.members] == [
        ("a.tif", 10, 0),
        ("b.tif", 0, 30),
        ("c.tif", 20, 50),
    ]


@pytest.mark.parametrize("window", [(0, 0, 60, 90), (15, 25, 30, 40), (0, 0, 5, 5), (59, 89, 1, 1)])
def test_the_first_with_people_decides_a_cell(
    tmp_path: Path, window: tuple[int, int, int, int]
) -> None:
    whole = three(tmp_path / "many")
    row, col, rows, cols = window
    with PixelReader(read_pixel_layout(tmp_path / "many")) as reader:
        values, mask = reader.read(*window)
    assert mask is None
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, whole[row : row + rows, col : col + cols])


def test_types_scales_and_masks_may_differ(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    write(folder / "a.tif", np.full((2, 2), 7, "int32"), 0, 0)
    write(folder / "b.tif", np.full((2, 2), 7, "int16"), 0, 2, nodata=7)
    write(folder / "c.tif", np.full((2, 2), 0.25, "float64"), 2, 0)
    scaled = write(folder / "d.tif", np.full((2, 2), 7, "uint8"), 2, 2)
    with rasterio.open(scaled, "r+") as file:
        file.scales, file.offsets = (0.5,), (1.0,)
    layout = read_pixel_layout(folder)
    assert layout.value_dtype == np.float64
    with PixelReader(layout) as reader:
        values, _ = reader.read(0, 0, 4, 4)
    assert (values[:2, :2] == 7).all()
    assert np.isnan(values[:2, 2:]).all()
    assert (values[2:, :2] == 0.25).all()
    assert (values[2:, 2:] == 4.5).all()


@pytest.mark.parametrize(
    ("cell", "col"), [(CELL * 1.01, 10), (CELL / 2, 10), (CELL, 10.4), (CELL, 0.5)]
)
def test_rasters_of_other_cells_are_refused_by_name(
    tmp_path: Path, cell: float, col: float
) -> None:
    write(tmp_path / "many" / "a.tif", np.ones((9, 9), "float32"), 0, 0)
    values = np.ones((9, 9), "float32")
    path = write(tmp_path / "many" / "b.tif", values, 0, 0, cell)
    with rasterio.open(path, "r+") as file:
        file.transform = Affine(cell, 0, 5 + col * CELL, 0, -cell, 55)
    with pytest.raises(GridError) as caught:
        read_raster_info(tmp_path / "many")
    assert caught.value.code == "rasters-not-aligned"
    assert "b.tif" in caught.value.message


def test_a_folder_without_rasters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_raster_info(tmp_path)
    assert caught.value.code == "input-not-a-file"


def test_the_order_given_decides_and_not_the_names(tmp_path: Path) -> None:
    first = write(tmp_path / "a.tif", np.array([[1, 2, 0]], "int16"), 0, 0)
    second = write(tmp_path / "b.tif", np.array([[7, 8, 9]], "int16"), 0, 1)
    found = {}
    orders: list[list[Path | str]] = [[first, second], [str(second), first]]
    for paths in orders:
        layout = read_pixel_layout(paths)
        assert layout.info.files == tuple(map(Path, paths))
        with PixelReader(layout) as reader:
            values, _ = reader.read(0, 0, 1, 4)
        found[Path(paths[0]).name] = values.tolist()
    assert found == {"a.tif": [[1, 2, 8, 9]], "b.tif": [[1, 7, 8, 9]]}


def test_files_and_folders_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when some paths are relative and others are not."""
    three(tmp_path / "many")
    more = write(tmp_path / "other" / "a.tif", np.ones((2, 2), "float32"), 60, 90)
    monkeypatch.chdir(tmp_path)
    watcher = Watcher()
    population = load_population([more, Path("many")], watcher)
    info = population.layout.info
    assert [path.name for path in info.files] == ["a.tif", "a.tif", "b.tif", "c.tif"]
    assert info.name == f"{more} and 3 others"
    assert (info.grid.n_rows, info.grid.n_cols) == (62, 92)
    (loaded,) = [one for one in watcher.events if isinstance(one, InputLoaded)]
    assert list(loaded.sha256) == ["other/a.tif", "many/a.tif", "many/b.tif", "many/c.tif"]
    assert population.sha256 == digest_of_rasters(list(loaded.sha256.values()))
    assert population.sha256 != load_population([Path("many"), more]).sha256


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["a.tif", "a.tif"], "raster-twice"),
        (["a.tif", "../many/a.tif"], "raster-twice"),
        ([".", "b.tif"], "raster-twice"),
        ([], "input-missing"),
        (["a.tif", "none.tif"], "input-missing"),
    ],
)
def test_a_raster_given_twice_or_missing_is_refused(
    tmp_path: Path, names: list[str], code: str
) -> None:
    three(tmp_path / "many")
    with pytest.raises(InputError) as caught:
        read_raster_info([tmp_path / "many" / name for name in names])
    assert caught.value.code == code


def test_weights_are_those_of_one_raster_and_each_file_is_sealed(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    whole = three(folder)
    single = write(tmp_path / "one" / "one.tif", whole, 0, 0, nodata=np.nan)
    box = shapely.MultiPolygon([shapely.box(5.05, 54.55, 5.7, 54.95)])
    countries = CountrySet((Country("NL", "Netherlands", (box,)),))
    found = []
    files = [folder / name for name in ("a.tif", "b.tif", "c.tif")]
    several: list[Rasters] = [single, folder, files]
    for number, raster in enumerate(several):
        out = tmp_path / str(number)
        population = load_population(raster)
        build_tile_index(countries, population.layout.info.grid, out)
        built = build_tile_weights(open_index(out), out, basis="population", population=population)
        table = built.published.dataset("tile_weights").to_table()
        found.append(table["weight_fp"].to_pylist())
        checked = verify(out, raster=raster, polygons=countries, recompute="all")
        assert [one.code for one in checked.findings] == []
        assert any("weights by the law" in check.what for check in checked.checks)
    assert found[0] == found[1] == found[2]
    assert verify(tmp_path / "2", raster=folder).ok
    backwards = verify(tmp_path / "2", raster=files[::-1])
    assert [one.code for one in backwards.findings] == ["raster-differs"]
    assert files_of(RunConfig(raster=files), {"population"}) == tuple(files)
    lock = InputLock.of(tmp_path / "a.lock", files_of(RunConfig(raster=folder), {"population"}))
    assert [one.path.rsplit("/", 1)[-1] for one in lock.inputs] == ["a.tif", "b.tif", "c.tif"]
    write(folder / "c.tif", np.ones((40, 40), "float32"), 20, 50)
    assert {one.code for one in verify(tmp_path / "1", raster=folder).findings} == {
        "raster-differs"
    }


def test_grids_of_ten_digits_are_aligned(tmp_path: Path) -> None:
    """As the 100 m files of WorldPop state them: a hundred thousand cells away it is a hundredth of a cell."""
    (tmp_path / "many").mkdir()
    for name, west, cell in (("a", -20.0, 0.0008333333), ("b", 100.0, 1 / 1200)):
        path = tmp_path / "many" / f"{name}.tif"
        profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": "EPSG:4326"}
        transform = Affine(cell, 0, west, 0, -cell, 10)
        with rasterio.open(path, "w", height=10, width=20, transform=transform, **profile) as file:
            file.write(np.ones((10, 20), "uint8"), 1)
    info = read_raster_info(tmp_path / "many")
    assert [(one.row, one.col) for one in info.members] == [(0, 0), (0, 144_000)]
    assert (info.grid.n_rows, info.grid.n_cols) == (10, 144_020)
