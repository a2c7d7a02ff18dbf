"""The pictures of a report page, as the bytes of their PNGs."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from closedworld.datasets import TILE_WEIGHTS
from closedworld.errors import ClosedWorldError, IntegrityError
from closedworld.execution.events import NullObserver
from closedworld.html_report.closeups import choose_countries, close_ups
from closedworld.html_report.finding import published_tiles, published_weights
from closedworld.inputs.isolated import read_in_subprocess
from closedworld.inputs.loading import BUNDLED_COUNTRIES, BUNDLED_RASTER
from closedworld.inputs.reference import bundled
from closedworld.inputs.regions import read_countries
from closedworld.maps import draw_closeup, draw_weights_map
from closedworld.maps.captions import cell_text, draw_tiles
from closedworld.published.tile_index import read_index
from closedworld.run.pictures import WORLD_MAP_NAME
from closedworld.sanitize import number_of
from closedworld.stages.stage import TILES, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from closedworld.html_report.account import Account
    from closedworld.html_report.closeups import CloseUp
    from closedworld.inputs.regions import CountrySet
    from closedworld.published.tile_index import PublishedIndex
    from closedworld.store.reading import Published

_PNG = b"\x89PNG\r\n\x1a\n"
_BATCH_TILES = 1 << 17


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and what it shows, in words.

    Attributes:
        png: The file.
        title: A few words.
        description: What somebody who does not see it should know.
    """

    png: bytes
    title: str
    description: str

    @property
    def width(self) -> int:
        """Px from left to right, as the file's own header has it."""
        return int.from_bytes(self.png[16:20], "big")

    @property
    def height(self) -> int:
        """Px from top to bottom."""
        return int.from_bytes(self.png[20:24], "big")


@dataclass(slots=True)
class Pictures:
    """The pictures that could be drawn, and why others could not.

    Attributes:
        tiles: Map of the tiles by country.
        weights: Map of the weights.
        closeups: Countries from near.
        notes: One sentence for each that is missing.
    """

    tiles: Picture | None = None
    weights: Picture | None = None
    closeups: list[Picture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def draw_all(account: Account, report: Path, wanted: Sequence[str] | None) -> Pictures:
    """Draw the pictures of a run.

    Args:
        account: What its report says.
        report: The folder of the report.
        wanted: Codes of the countries to show from near; None to choose some.

    Raises:
        ConfigError: ``country-unknown``, ``closeup-off-grid`` for countries that were asked for.
        IntegrityError: What the run published is damaged.
    """
    pictures = Pictures()
    published = published_tiles(account, report)
    if published is None:
        if account.stages:
            pictures.notes.append("The tiles of this run are no longer where it put them: no maps.")
        return pictures
    index = read_index(published, TILES, NullObserver())
    polygons = _polygons(account, index)
    with tempfile.TemporaryDirectory(prefix="closedworld-report-") as scratch:
        path = Path(scratch) / "picture.png"
        pictures.tiles = _tiles(report, index, polygons.credit, path)
        weights = published_weights(account, report)
        if weights is not None:
            pictures.weights = _weights(weights, index, path)
        elif account.stage(WEIGHTS.name) is not None:
            pictures.notes.append(
                "The weights of this run are no longer where it put them: no map."
            )
        isos = _chosen(index) if wanted is None else wanted
        if isos and polygons.countries is None:
            pictures.notes.append(f"No close-ups: {polygons.problem}")
        elif isos and polygons.countries is not None:
            pictures.closeups = [
                _closeup(one, polygons.credit, path)
                for one in close_ups(polygons.countries, isos, index.grid)
            ]
    return pictures


def _tiles(report: Path, index: PublishedIndex, credit: str, path: Path) -> Picture:
    """Return the map of tiles: the run's own, or a new one."""
    png = b""
    own = report / WORLD_MAP_NAME
    if own.is_file():
        png = own.read_bytes()
    if not png.startswith(_PNG):
        draw_tiles(index.spans, index.rule, credit, path)
        png = path.read_bytes()
    most = sorted(index.spans, key=lambda iso: -index.spans[iso].tile_count)[:3]
    return Picture(
        png,
        "Tiles by country",
        f"World map of {sum(own.tile_count for own in index.spans.values()):,} tiles, neighbouring "
        f"countries in different colours. Most tiles: {', '.join(most) or 'none'}.",
    )


def _weights(weights: Published, index: PublishedIndex, path: Path) -> Picture:
    """Return the map of weights."""
    parameters = weights.receipt.parameters
    basis, dp = str(parameters.get("basis", "")), int(parameters.get("dp", 0))
    raster = bundled(BUNDLED_RASTER)
    shown = parameters.get("raster_sha256") == raster.sha256
    try:
        draw_weights_map(
            index.spans,
            _weights_of_tiles(weights, list(index.spans)),
            path,
            total=10**dp,
            title="Weights",
            subtitle=(
                f"share of each country's weight by place · basis {basis} · tiles of "
                f"{cell_text(index.grid.cell_width)}"
            ),
            credit=raster.attribution if shown else "",
        )
    except (ValueError, OSError) as error:
        raise IntegrityError(
            "weights-damaged",
            f"{weights.folder} does not have the weights of {index.published.folder}: {error}.",
            "Run `closedworld verify` on the output folder.",
        ) from error
    zero = weights.receipt.totals.get("tiles_of_weight_zero", 0)
    return Picture(
        path.read_bytes(),
        "Weights",
        f"World map of weights by {basis}, on a logarithmic scale from pale to dark: the share of "
        f"its country's weight that lies in a pixel. {zero:,} tiles have no weight and are grey.",
    )


def _weights_of_tiles(weights: Published, isos: Sequence[str]) -> Iterator[NDArray[np.uint64]]:
    """Yield the weights of all tiles, country by country, some at a time.

    Raises:
        ValueError: When the countries are not those of the index, or a file is no Parquet.
    """
    weights.expect_files()
    files = [one for one in weights.receipt.files if one.dataset == TILE_WEIGHTS.name]
    folders = dict.fromkeys(entry.path.split("/")[1].partition("=")[2] for entry in files)
    if list(folders) != list(isos):
        raise ValueError("their countries differ")
    for entry in files:
        with pq.ParquetFile(weights.folder / entry.path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_TILES, columns=["weight_fp"]):
                yield batch.column(0).to_numpy()


def _chosen(index: PublishedIndex) -> list[str]:
    """Return the countries to show from near when nobody asked for any."""
    parameters, totals = index.published.receipt.parameters, index.published.receipt.totals
    off = set(totals.get("countries_off_grid", ()))
    counts = {str(iso): 0 for iso in parameters["countries"] if iso not in off}
    counts |= {iso: own.tile_count for iso, own in index.spans.items()}
    return choose_countries(counts, index.spans)


def _closeup(one: CloseUp, credit: str, path: Path) -> Picture:
    """Return the picture of a country from near."""
    name, grid = one.country.name, one.center.grid
    part = "all of it" if one.is_whole else "where its two rules differ most"
    title = f"{name} ({one.country.iso})"
    center, wider = len(one.center), len(one.any_overlap)
    counts = f"{center:,} tiles by rule center, {wider:,} by any_overlap"
    draw_closeup(
        one.center,
        one.any_overlap,
        one.border,
        one.window,
        path,
        title=title,
        subtitle=f"{part} · {counts} · {cell_text(grid.cell_width)}",
        credit=credit,
    )
    return Picture(
        path.read_bytes(),
        title,
        f"Close-up of {name}, {part}: single tiles over the border. The country has {counts}: "
        f"{number_of(wider - center, 'tile', 'tiles')} more.",
    )


@dataclass(frozen=True, slots=True)
class _Polygons:
    """The polygons that tiles were made from.

    Attributes:
        countries: They; None when they are not to be had.
        credit: Credit to show with them.
        problem: Why they are not to be had.
    """

    countries: CountrySet | None
    credit: str = ""
    problem: str = ""


def _polygons(account: Account, index: PublishedIndex) -> _Polygons:
    """Return the countries that the tiles were made from, read from where the run read them."""
    parameters, config = index.published.receipt.parameters, account.config
    given = config.get("polygons")
    try:
        if given is None:
            # A run of weights alone does not know, either: the digest below tells.
            countries = read_countries(bundled(BUNDLED_COUNTRIES).path)
        else:
            limit = (
                {"input_time_limit": config["input_time_limit"]}
                if "input_time_limit" in config
                else {}
            )
            countries = read_in_subprocess(
                given,
                **limit,
                iso_column=config.get("iso_column"),
                name_column=config.get("name_column"),
                layer=config.get("layer"),
                repair_geometry=bool(config.get("repair_geometry")),
                skip_unknown_codes=bool(config.get("skip_unknown_codes")),
            )
    except ClosedWorldError as error:
        return _Polygons(None, problem=error.message)
    isos = [str(iso) for iso in parameters["countries"]]
    if all(iso in countries for iso in isos):
        countries = countries.select(isos)
        if countries.polygons_sha256() == parameters["polygons_sha256"]:
            return _Polygons(countries, "" if given else bundled(BUNDLED_COUNTRIES).attribution)
    return _Polygons(None, problem="the polygons are not those that the tiles were made from.")
