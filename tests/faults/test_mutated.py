"""Files changed at random: no crash, no hang, errors with a code; what still opens is sound by itself."""

from __future__ import annotations

import faulthandler
import json
import random
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from effort import tries
from harness import HANG_SECONDS, hostile, small

from closedworld.config.run import RunConfig
from closedworld.errors import ClosedWorldError
from closedworld.inputs.raster.pixels import PixelReader, read_pixel_layout
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.store.receipt import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

RUN_FILE = """\
polygons = "mine.gpkg"   # where they are
countries = ["DE", "FR"]
rule = "any_overlap"
basis = 'population:0.9,area_m2:0.1'
dp = 12
coverage = true
s1_workers = 2
"""


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Return content with a few of the things that happen to files."""
    changed = bytearray(content)
    for _ in range(1 + draw.randrange(4)):
        at = draw.randrange(len(changed) or 1)
        width = 1 + draw.randrange(16)
        match draw.randrange(7):
            case 0 if changed:
                changed[at] ^= 1 << draw.randrange(8)
            case 1 if changed:
                changed[at] = draw.randrange(256)
            case 2:
                changed[at:at] = draw.randbytes(width)
            case 3:
                del changed[at : at + width]
            case 4:
                changed[at : at + 4] = draw.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f")
                )
            case 5:
                other = draw.randrange(len(changed) or 1)
                changed[at : at + width] = changed[other : other + width]
            case _:
                del changed[len(changed) - draw.randrange(min(len(changed), 200) + 1) :]
    return bytes(changed)


@contextmanager
def no_hang() -> Iterator[None]:
    """End everything, with a traceback, when a reader hangs."""
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def is_refused(read: Callable[[Path], object], path: Path) -> bool:
    """Return whether a reader refuses a file; any other failure is one of the test."""
    try:
        read(path)
    except ClosedWorldError:
        return True
    return False


def survived(
    read: Callable[[Path], object], path: Path, content: bytes, wanted: int
) -> tuple[int, int]:
    """Return ``(refused, opened)`` of files changed at random."""
    draw, refused = random.Random(1), 0
    for _ in range(wanted):
        path.write_bytes(mutated(content, draw))
        with no_hang(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            refused += is_refused(read, path)
    return refused, wanted - refused


def read_receipt(path: Path) -> None:
    Receipt.from_bytes(path.read_bytes(), str(path))


def read_raster(path: Path) -> None:
    layout = read_pixel_layout(path)
    with PixelReader(layout) as reader:
        rows, cols = layout.window_shape
        reader.read(0, 0, rows, cols)


@pytest.mark.parametrize("kind", ["GeoTIFF", "GeoParquet", "GeoJSON", "GeoPackage", "Shapefile", "FlatGeobuf", "TOML", "receipt"])  # fmt: skip
def test_mutated_files_are_refused_or_read(
    kind: str,
    place: Path,
    score: Callable[[str, int], None],
) -> None:
    """Some open with other content: only digests can tell, so inputs are pinned by them."""
    read: Callable[[Path], object] = read_countries
    if kind == "GeoTIFF":
        path, read = hostile.tif(place / "a.tif", compress="deflate", predictor=3), read_raster
    elif kind == "GeoParquet":
        path = hostile.parquet(place / "a.parquet", [hostile.SQUARE.wkb] * 3)
    elif kind == "GeoJSON":
        path = hostile.geojson(place / "a.geojson")
    elif kind == "GeoPackage":
        path = hostile.vector(place / "a.gpkg", "GPKG")
    elif kind == "Shapefile":
        path = hostile.vector(place / "a.shp", "ESRI Shapefile")
    elif kind == "FlatGeobuf":
        path = hostile.vector(place / "a.fgb", "FlatGeobuf")
    elif kind == "TOML":
        path, read = place / "run.toml", RunConfig.from_toml
        path.write_text(RUN_FILE)
    else:
        small.build(place / "out", isos=("FJ",))
        path, read = next(place.glob("out/tiles/*/_receipt.json")), read_receipt
        content = json.loads(path.read_text())
        assert content["files"]
    refused, opened = survived(read, path, path.read_bytes(), tries(250, 20_000))
    assert refused > 0
    score(f"mutated {kind}: no crash, no hang, typed errors", refused + opened)
