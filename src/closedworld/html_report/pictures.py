"""The pictures of a report page, as the bytes of their PNGs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from closedworld.datasets.parameters import WeightParameters, WeightTotals
from closedworld.errors import ClosedWorldError, IntegrityError
from closedworld.explore.contents import Shown
from closedworld.explore.writing import map_page
from closedworld.html_report.finding import find_results
from closedworld.html_report.stage_sections import stage_sections
from closedworld.inputs.isolated import READ_ARGUMENTS, read_in_subprocess
from closedworld.inputs.loading import BUNDLED_COUNTRIES, BUNDLED_RASTER
from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.kernels.weights import basis_in_words
from closedworld.maps import draw_weights_map
from closedworld.maps.world_map import cell_text, draw_tiles
from closedworld.published.cumulative_weights import read_cumulative_weights
from closedworld.published.polygons import polygons_of
from closedworld.published.tile_index import PublishedIndex, read_index
from closedworld.run.record.model import RunRecord
from closedworld.stages import TILES, WEIGHTS
from closedworld.store.durable import temporary_folder
from closedworld.store.reading import Published

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its description.

    Attributes:
        png: The file.
        title: A few words.
        description: Its text alternative.
    """

    png: bytes
    title: str
    description: str

    @property
    def width(self) -> int:
        """Width in px, from the header of the file."""
        return int.from_bytes(self.png[16:20], "big")

    @property
    def height(self) -> int:
        """Height in px."""
        return int.from_bytes(self.png[20:24], "big")


@dataclass(slots=True)
class Pictures:
    """The pictures that could be drawn, and why others could not.

    Attributes:
        live: The interactive map, an HTML page; None for a run without tiles.
        maps: Map of the tiles by country, then that of the weights, for readers without scripts.
        sections: What each stage with a section of its own shows there, as ``(stage, figures)``.
        notes: One sentence for each that is missing.
    """

    live: str | None = None
    maps: list[Picture] = field(default_factory=list)
    sections: list[tuple[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def draw_all(record: RunRecord, report: Path) -> Pictures:
    """Draw the pictures of a run.

    Args:
        record: What its report says.
        report: The folder of the report.

    Raises:
        IntegrityError: What the run published is damaged.
    """
    pictures = Pictures()
    if not record.stages:
        return pictures
    results = find_results(record, report)
    names = dict.fromkeys((TILES.name, *(stage.name for stage in record.stages)))
    pictures.notes += [
        f"The {name} of this run are no longer where it put them: no map."
        for name in names
        if name not in results
    ]
    if TILES.name not in results:
        return pictures
    index = read_index(results[TILES.name])
    countries, credit = None, ""
    try:
        countries, credit = _polygons_of(index.published, record.config)
    except ClosedWorldError as error:
        pictures.notes.append(f"No borders: {error.message}")
    shown = Shown(index, results.get(WEIGHTS.name), countries, results)
    pictures.live = map_page(shown, budget=0).html
    with temporary_folder() as scratch:
        path = scratch / "picture.png"
        pictures.maps.append(_tile_map(report, index, credit, path))
        if WEIGHTS.name in results:
            pictures.maps.append(_weight_map(results[WEIGHTS.name], index, path))
    pictures.sections += stage_sections(results, index)
    return pictures


def _tile_map(report: Path, index: PublishedIndex, credit: str, path: Path) -> Picture:
    """Return the run's own map of tiles, or draw one."""
    own = report / TILES.picture_name
    png = own.read_bytes() if own.is_file() else b""
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


def _weight_map(published: Published, index: PublishedIndex, path: Path) -> Picture:
    parameters = published.parameters(WeightParameters)
    raster = bundled(BUNDLED_RASTER)
    by_country = read_cumulative_weights(published, index).values()
    try:
        draw_weights_map(
            index.spans,
            (weights for one in by_country for weights in one.tile_weights()),
            path,
            total=10**parameters.dp,
            title="Weights",
            subtitle=(
                f"where each country's weight lies · basis {basis_in_words(parameters.basis)} · tiles of "
                f"{cell_text(index.grid.cell_width)}"
            ),
            credit=raster.attribution if parameters.raster_sha256 == raster.sha256 else "",
        )
    except ValueError as error:
        raise IntegrityError(
            "weights-damaged",
            f"{published.folder} does not have the weights of {index.published.folder}: {error}.",
            "Run `closedworld verify` on the output folder.",
        ) from error
    zero = published.totals(WeightTotals).tiles_of_weight_zero
    return Picture(
        path.read_bytes(),
        "Weights",
        f"World map of weights by {basis_in_words(parameters.basis)}, on a logarithmic scale from pale to dark: the "
        f"share of its country's weight that lies in a pixel. {zero:,} tiles have no weight and are "
        "grey.",
    )


def _polygons_of(tiles: Published, config: Mapping[str, Any]) -> tuple[CountrySet, str]:
    """Return the countries that tiles were made from, read as the run read them, and the credit to show.

    Raises:
        ClosedWorldError: They cannot be read, or they are others.
    """
    given = config.get("polygons")
    if given is None:
        # The options of a run of weights alone name no polygons; most tiles are of the bundled ones.
        return polygons_of(tiles, None), bundled(BUNDLED_COUNTRIES).attribution
    options = {name: config[name] for name in READ_ARGUMENTS if name in config}
    return polygons_of(tiles, read_in_subprocess(str(given), **options)), ""
