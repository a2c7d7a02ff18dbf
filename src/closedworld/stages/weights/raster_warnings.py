"""What a user should know of a population raster, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from closedworld.errors import InputError
from closedworld.execution.events import Warned
from closedworld.inputs.raster.pixels import PixelLayout
from closedworld.kernels.weights import RasterFindings
from closedworld.sanitize import number_of

_TOO_SMALL_SHARE = 0.1
_CELLS_SHOWN = 10


def raster_warnings(
    found: RasterFindings, layout: PixelLayout, nouns: tuple[str, str]
) -> Iterator[Warned]:
    """Yield the warnings about a raster."""
    name, first_row, of_tiles = layout.info.name, layout.info.first_row, f"of {found.tiles:,} tiles"
    if found.negative:
        yield Warned(
            "raster-negative",
            f"{found.negative:,} {of_tiles} have a value below zero in {name}, down to {found.lowest:g}, "
            "counted as 0. If it stands for no data, say so: "
            f"gdal_edit.py -a_nodata {layout.nodata_digits(found.lowest)} in.tif",
        )
    if found.too_small > _TOO_SMALL_SHARE * found.positive:
        yield Warned(
            "raster-too-small",
            f"{found.too_small:,} of the {found.positive:,} tiles with a value above zero in {name} have one "
            "that rounds to 0 millionths of a person. If its values are shares or densities, multiply "
            "them: gdal_calc.py -A in.tif --calc 'A*1000000' --outfile out.tif",
        )
    if found.limit_row is not None:
        yield Warned(
            "raster-value-limit",
            f"{found.at_limit:,} {of_tiles} hold {layout.limit}, the largest number of "
            f"{layout.info.dtype}, in {name}, the first in row {found.limit_row + first_row}, column "
            f"{found.limit_col}. If it stands for no data, say so: "
            f"gdal_edit.py -a_nodata {layout.limit} in.tif",
        )
    if found.heavy_cells:
        shown = ", ".join(
            f"{one.country_iso} ({one.share:.1%} in row {one.row + first_row}, column {one.col})"
            for one in found.heavy_cells[:_CELLS_SHOWN]
        )
        many = number_of(len(found.heavy_cells), f"{nouns[0]} has", f"{nouns[1]} have")
        yield Warned(
            "raster-one-cell",
            f"{many} nearly all people in one cell of {name}: {shown}. If its value stands for no data, "
            "say so: gdal_edit.py -a_nodata VALUE in.tif",
        )


def refuse_limit(layout: PixelLayout, row: int, col: int) -> None:
    """Raise when a cell holds the largest number of a type of 32 bits or more: no cell has so many people.

    Args:
        layout: The raster.
        row: Row of the grid.
        col: Column of the grid.

    Raises:
        InputError: ``raster-nodata-undeclared``.
    """
    limit = layout.limit
    if limit is not None and limit > np.iinfo(np.uint16).max:
        raise InputError(
            "raster-nodata-undeclared",
            f"{layout.info.name}: row {row + layout.info.first_row}, column {col} holds {limit}, the "
            f"largest number of {layout.info.dtype}, which stands for no data although the file does "
            "not say so.",
            f"Say so: gdal_edit.py -a_nodata {limit} in.tif",
        )
