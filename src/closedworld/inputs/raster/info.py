"""Reads the grid of a raster from its header alone."""

from __future__ import annotations

import math
import os
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from closedworld.errors import GridError, InputError
from closedworld.execution.events import Warned
from closedworld.inputs.crs import RASTER_TOOL, require_wgs84
from closedworld.inputs.raster.gdal_commands import (
    aligning_command,
    conversion_advice,
    warp_command,
)
from closedworld.kernels.grid.affine import MAX_SIDE_CELLS, Grid, most_cols, rows_beyond_poles
from closedworld.sanitize import library_message, number_of

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Rasters: TypeAlias = "str | Path | Sequence[str | Path]"
"""A GeoTIFF, a folder of aligned ones, or several of either that are taken as one."""

SUFFIXES = (".tif", ".tiff")

# GDAL would look for files next to the raster that move or rescale it, and goes by content, so that a
# virtual raster in disguise could open other files. Only the GeoTIFF itself counts here.
_GDAL_OPTIONS = {
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_GEOREF_SOURCES": "INTERNAL",
}

# Less than this at every corner is the rounding of whoever wrote the file.
_SKEW_CELLS = 1e-3

# Files state 1/1200 degree with ten digits; thousands of cells away that is hundredths of a cell.
_ALIGNED_CELLS = 0.05

# Cells centred on the poles reach half a cell beyond them.
_CENTRED, _CENTRED_SLACK = 0.5, 0.01

_TURN = (
    "Turn it north-up: gdalwarp -t_srs EPSG:4326 -r sum -et 0 in.tif out.tif (-r sum keeps counts, such "
    "as people)"
)


@dataclass(frozen=True, slots=True)
class RasterInfo:
    """The header of a raster.

    Attributes:
        path: The file, or the first of several.
        grid: Its grid, without rows centred on a pole and without a column that covers ground again.
        dtype: Type of the band that is read, such as ``float32``.
        nodata: NODATA value of that band; None when it has none.
        bands: Number of bands.
        band: The one that is read, 1 for the first.
        first_row: Row of the file that is row 0 of the grid.
        notes: What was left out.
        members: The rasters that are taken as one, in the order in which they count; empty for a file.
    """

    path: Path
    grid: Grid
    dtype: str
    nodata: float | None
    bands: int
    first_row: int = 0
    notes: tuple[Warned, ...] = ()
    band: int = 1
    members: tuple[Member, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, in the order in which they count."""
        return tuple(one.info.path for one in self.members) or (self.path,)

    @property
    def name(self) -> str:
        """What messages call it."""
        return name_of_files(self.files)

    def __reduce__(self) -> tuple[type[RasterInfo], tuple[Any, ...]]:
        """Pickle an absolute path: a worker may have another working folder."""
        path, *others = (getattr(self, one.name) for one in fields(self))
        return RasterInfo, (path.absolute(), *others)


@dataclass(frozen=True, slots=True)
class Member:
    """One of several rasters that are taken as one.

    Attributes:
        info: Its header.
        row: Row of the common grid where it begins.
        col: Column of the common grid where it begins.
    """

    info: RasterInfo
    row: int
    col: int


def read_raster_info(path: Rasters, band: int = 1) -> RasterInfo:
    """Return the header of a GeoTIFF, or of several aligned ones as one; no pixels are read.

    Args:
        path: The file, a folder of files, or several of either.
        band: Which band is to be read, 1 for the first.

    Raises:
        InputError: ``raster-band``, ``raster-twice``, ``input-missing``, ``input-not-a-file``,
            ``input-format``, ``input-unreadable``, ``crs-missing``, ``crs-unreadable``, ``crs-not-wgs84``.
        GridError: ``grid-rotated``, ``grid-south-up``, ``grid-no-transform``, ``grid-too-large``,
            ``rasters-not-aligned``, or as ``Grid``.
    """
    files = raster_files(path)
    if len(files) > 1:
        return _info_of_several(files, band)
    path = _existing(files[0])
    # rasterio takes 0.2 s to import, and a grid from a resolution never needs it.
    from rasterio.errors import NotGeoreferencedWarning  # noqa: PLC0415

    with warnings.catch_warnings():
        # Reported by _grid_of as an error with advice.
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with open_raster(path) as raster:
            grid, first_row, notes = _grid_of(raster, path)
            if not 1 <= band <= raster.count:
                raise InputError(
                    "raster-band",
                    f"{path} has no band {band}; it has {raster.count}.",
                    "Choose one with --band.",
                )
            dtype, nodata = raster.dtypes[band - 1], raster.nodatavals[band - 1]
            return RasterInfo(path, grid, dtype, nodata, raster.count, first_row, notes, band)


def raster_files(path: Rasters) -> tuple[Path, ...]:
    """Return the files of rasters in the order given, those in a folder by name.

    Raises:
        InputError: ``input-missing``: none is given; ``input-not-a-file``: a folder has none; ``raster-twice``.
    """
    given = [path] if isinstance(path, str | Path) else path
    files = [file for one in given for file in _files_at(Path(one))]
    if not files:
        raise InputError("input-missing", "no raster is given.", "Name one at least.")
    # By their names: a link that leads to itself, or a name that no file can have, is found when it is opened.
    names = [os.path.abspath(file) for file in files]  # noqa: PTH100 -- resolve() follows links
    for file, count in Counter(names).items():
        if count > 1:
            raise InputError("raster-twice", f"{file} is given {count} times.", "Name it once.")
    return tuple(files)


def name_of_files(files: Sequence[Path]) -> str:
    """Return what messages call rasters that are taken as one."""
    more = len(files) - 1
    return f"{files[0]} and {number_of(more, 'other', 'others')}" if more else str(files[0])


def _files_at(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(
        one
        for one in path.iterdir()
        if one.suffix.lower() in SUFFIXES and not one.name.startswith(".")
    )
    if not found:
        raise InputError(
            "input-not-a-file",
            f"{path} is a folder without .tif or .tiff files.",
            "Name a GeoTIFF.",
        )
    return found


def _info_of_several(files: Sequence[Path], band: int) -> RasterInfo:
    infos = [read_raster_info(path, band) for path in files]
    first = infos[0].grid
    places = [_place_on(first, info) for info in infos]
    top, left = (min(place[axis] for place in places) for axis in (0, 1))
    members = tuple(
        Member(info, row - top, col - left) for info, (row, col) in zip(infos, places, strict=True)
    )
    grid = Grid(
        first.west + left * first.cell_width,
        first.north - top * first.cell_height,
        first.cell_width,
        first.cell_height,
        max(one.col + one.info.grid.n_cols for one in members),
        max(one.row + one.info.grid.n_rows for one in members),
    )
    notes = tuple(note for info in infos for note in info.notes)
    bands = max(info.bands for info in infos)
    return RasterInfo(
        files[0], grid, infos[0].dtype, None, bands, notes=notes, band=band, members=members
    )


def _place_on(first: Grid, info: RasterInfo) -> tuple[int, int]:
    """Return ``(row, col)`` where a raster begins, counted in cells of the first one."""
    grid = info.grid
    across, down = (
        (grid.west - first.west) / first.cell_width,
        (first.north - grid.north) / first.cell_height,
    )
    stretched = (
        abs(grid.cell_width / first.cell_width - 1) * grid.n_cols,
        abs(grid.cell_height / first.cell_height - 1) * grid.n_rows,
    )
    if max(abs(across - round(across)), abs(down - round(down)), *stretched) > _ALIGNED_CELLS:
        raise GridError(
            "rasters-not-aligned",
            f"{info.path} has a grid of {grid}, which is not on that of the first raster, {first}.",
            "Take rasters of one publisher and size, or bring it to the same cells: "
            f"{aligning_command(first, grid)}",
        )
    return round(down), round(across)


@contextmanager
def open_raster(path: Path, **options: Any) -> Iterator[DatasetReader]:
    """Open a GeoTIFF and nothing else, whatever its name and whatever lies next to it.

    Args:
        path: The file.
        options: Further GDAL options.

    Raises:
        InputError: ``input-unreadable``.
    """
    import rasterio  # noqa: PLC0415
    from rasterio.errors import RasterioIOError  # noqa: PLC0415

    with ExitStack() as stack:
        stack.enter_context(rasterio.Env(**_GDAL_OPTIONS, **options))
        try:
            # Absolute, so that no name can be taken for an address such as GTIFF_DIR:1:...
            raster = stack.enter_context(rasterio.open(path.absolute(), driver="GTiff"))
        except (RasterioIOError, UnicodeDecodeError) as error:
            # UnicodeDecodeError: a name in the file is not UTF-8, and rasterio fails to log it:
            # https://github.com/rasterio/rasterio/issues/3128
            raise InputError(
                "input-unreadable",
                f"{path} cannot be read as GeoTIFF: {library_message(error)}.",
                "Check that the file is whole, or convert it with gdal_translate -of COG.",
            ) from error
        yield raster


def _grid_of(raster: DatasetReader, path: Path) -> tuple[Grid, int, tuple[Warned, ...]]:
    """Return the grid, the row of the file where it begins, and what was left out."""
    at = raster.transform
    if at.is_identity:
        raise GridError(
            "grid-no-transform",
            f"{path} does not say where it lies on the globe.",
            "Georeference it: gdal_translate -a_ullr WEST NORTH EAST SOUTH in.tif out.tif",
        )
    try:
        require_wgs84(raster.crs.to_wkt() if raster.crs else None, RASTER_TOOL)
    except InputError as error:
        hint = error.hint
        if error.code == "crs-not-wgs84" and raster.crs.is_projected:
            hint = f"Convert it: {warp_command(raster)}"
        raise InputError(error.code, f"{path}: {error.message}", hint) from error
    skew = abs(at.b) * raster.height / abs(at.a or 1), abs(at.d) * raster.width / abs(at.e or 1)
    if max(skew) > _SKEW_CELLS:
        raise GridError(
            "grid-rotated",
            f"{path} is rotated or sheared: its transform has {at.b} and {at.d} off the diagonal.",
            _TURN,
        )
    if at.e > 0 or at.a < 0:
        raise GridError(
            "grid-south-up",
            f"{path} has its rows from south to north or its columns from east to west.",
            _TURN,
        )
    if max(raster.width, raster.height) > MAX_SIDE_CELLS:
        raise GridError(
            "grid-too-large",
            f"{path} has {raster.height:,} rows x {raster.width:,} columns; at most {MAX_SIDE_CELLS:,} "
            "of either are read.",
            "Take a coarser raster, or cut it.",
        )
    try:
        return _cropped(at.c, at.f, at.a, -at.e, raster.width, raster.height, path)
    except GridError as error:
        raise GridError(error.code, f"{path}: {error.message}", error.hint) from error


def _cropped(
    west: float, north: float, width: float, height: float, n_cols: int, n_rows: int, path: Path
) -> tuple[Grid, int, tuple[Warned, ...]]:
    """Return a grid without the rows and columns that lie on no ground of their own.

    Rows centred on a pole and one column beyond 360 degrees are left out with a warning: publishers of
    cells centred on whole degrees add them. More of either is a mistake that only its owner can judge.
    """
    if not (math.isfinite(west + north) and 0 < min(width, height) < math.inf):
        return Grid(west, north, width, height, n_cols, n_rows), 0, ()
    beyond = rows_beyond_poles(north, height, n_rows)
    top, bottom = (math.ceil(cells - _CENTRED_SLACK) for cells in beyond)
    rows, cols = n_rows - top - bottom, min(n_cols, most_cols(width))
    is_centred = all(not cells or abs(cells - _CENTRED) < _CENTRED_SLACK for cells in beyond)
    if rows < 1 or cols < 1 or not is_centred or n_cols - cols > 1:
        cut = f"Cut it: gdal_translate -srcwin 0 {top} {cols} {rows} in.tif out.tif"
        try:
            return Grid(west, north, width, height, n_cols, n_rows), 0, ()
        except GridError as error:
            hint = cut if error.code in {"grid-beyond-pole", "grid-too-wide"} else error.hint
            raise GridError(error.code, error.message, hint if rows > 0 < cols else "") from None
    notes = []
    if top + bottom:
        where = " and ".join(name for name, cells in (("first", top), ("last", bottom)) if cells)
        notes.append(
            Warned(
                "raster-rows-beyond-pole",
                f"{path}: left out, as centred on a pole: the {where} row; rows count from the one "
                f"whose north edge is at latitude {north - top * height:.10g}.",
            )
        )
    if n_cols > cols:
        notes.append(
            Warned(
                "raster-column-twice",
                f"{path}: {n_cols:,} columns are {n_cols * width:.10g} degrees; the last one, which "
                "covers the ground of the first again, is left out.",
            )
        )
    grid = Grid(west, north - top * height, width, height, cols, rows)
    return grid, top, tuple(notes)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise InputError("input-missing", f"{path} does not exist.", "Check the path.")
    if not path.is_file():
        raise InputError("input-not-a-file", f"{path} is not a file.", "Name a GeoTIFF.")
    if str(path.absolute()).startswith("/vsi"):
        raise InputError(
            "input-path",
            f"{path} begins with /vsi, which GDAL reads as an address.",
            "Rename or move the folder.",
        )
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            "input-format",
            f"{path} is not named .tif or .tiff.",
            conversion_advice(path.name),
        )
    return path
