"""Real countries, tile for tile as GEOS has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from effort import finest

from closedworld.inputs.reference.registry import bundled
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import RowSpans, Rule, region_spans, shared_tiles
from closedworld.testing import tiles_by_geos, tiles_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Countries: TypeAlias = "dict[str, shapely.Polygon | shapely.MultiPolygon]"

# Atolls and city states, fjords and archipelagos, enclaves, the antimeridian, the pole, the equator.
CHOSEN = (
    "AQ BE CA CL DE EG FJ FR GR ID IT KI LS MT MV NL NO NR NZ RU SM TV US VA ZA".split()  # noqa: SIM905
)
WINDOW_CELLS = 240


@pytest.fixture(scope="module")
def countries() -> Countries:
    table = pq.read_table(bundled("countries.parquet").path)
    shapes = shapely.from_wkb(table["geometry"].to_pylist())
    return dict(zip(table["country_iso"].to_pylist(), shapes, strict=True))


def differences(
    polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid, rule: Rule
) -> list[list[int]]:
    """Return row and column of the tiles on which the scanline and GEOS differ."""
    fast = tiles_of(RowSpans.from_polygon(polygon, grid, rule))
    slow: NDArray[np.bool_] = tiles_by_geos(polygon, grid, rule)
    differ: list[list[int]] = np.argwhere(fast != slow).tolist()
    return differ


def window(polygon: shapely.Polygon | shapely.MultiPolygon, grid: Grid, share: float) -> Grid:
    """Return the cells of a fine grid round the vertex at a share of the way along the rings."""
    coordinates = shapely.get_coordinates(polygon)
    lon, lat = coordinates[int(share * (len(coordinates) - 1))].tolist()
    col = int((lon - grid.west) / grid.cell_width) - WINDOW_CELLS // 2
    row = int((grid.north - lat) / grid.cell_height) - WINDOW_CELLS // 2
    row = min(max(row, 0), grid.n_rows - WINDOW_CELLS)
    return Grid(
        grid.west + col * grid.cell_width,
        grid.north - row * grid.cell_height,
        grid.cell_width,
        grid.cell_height,
        WINDOW_CELLS,
        WINDOW_CELLS,
    )


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("iso", CHOSEN)
def test_half_a_degree(countries: Countries, iso: str, rule: Rule) -> None:
    """Many borders run along whole and half degrees, so that ties are common here."""
    assert differences(countries[iso], Grid.from_resolution("0.5deg"), rule) == []


@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("iso", ["CA", "EG", "FJ", "LS", "NZ", "RU", "US"])
def test_a_degree_with_centres_on_whole_degrees(countries: Countries, iso: str, rule: Rule) -> None:
    """The 49th parallel, the 141st meridian and the antimeridian lie on centres of tiles."""
    grid = Grid(-180.5, 89.5, 1.0, 1.0, 360, 179)
    assert differences(countries[iso], grid, rule) == []


@pytest.mark.slow
@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("iso", CHOSEN)
def test_windows_at_30_arc_seconds(countries: Countries, iso: str, rule: Rule) -> None:
    globe = Grid.from_resolution("30s")
    worldpop = Grid(-180.001249265, 83.99958319871001, 0.0083333333, 0.0083333333, 43199, 16755)
    for grid, share in ((globe, 0.0), (worldpop, 0.4)):
        assert differences(countries[iso], window(countries[iso], grid, share), rule) == []


@pytest.mark.slow
@pytest.mark.parametrize("rule", list(Rule))
@pytest.mark.parametrize("iso", CHOSEN)
def test_a_fine_grid(countries: Countries, iso: str, rule: Rule) -> None:
    assert differences(countries[iso], Grid.from_resolution(finest("12m", "5m")), rule) == []


@pytest.mark.slow
@pytest.mark.parametrize("rule", list(Rule))
def test_every_country_at_a_quarter_degree_on_0_to_360(countries: Countries, rule: Rule) -> None:
    grid = Grid(0.0, 90.0, 0.25, 0.25, 1440, 720)
    wrong = {iso: differences(shape, grid, rule) for iso, shape in countries.items()}
    assert {iso: tiles for iso, tiles in wrong.items() if tiles} == {}


@pytest.mark.slow
@pytest.mark.parametrize("rule", list(Rule))
def test_the_world_in_one_pass_is_its_countries_one_by_one(
    countries: Countries, rule: Rule
) -> None:
    grid = Grid.from_resolution("15m")
    together = region_spans([[shape] for shape in countries.values()], grid, rule)
    owners = np.zeros((grid.n_rows, grid.n_cols), np.int64)
    for spans, shape in zip(together, countries.values(), strict=True):
        assert spans == RowSpans.from_polygon(shape, grid, rule)
        owners += tiles_of(spans)
    assert (tiles_of(shared_tiles(together, grid)) == (owners > 1)).all()


def test_the_poles_row_belongs_to_antarctica(countries: Countries) -> None:
    grid = Grid.from_resolution("5m")
    spans = RowSpans.from_polygon(countries["AQ"], grid, Rule.ANY_OVERLAP)
    last = spans.rows == grid.n_rows - 1
    assert (spans.col_stops[last] - spans.col_starts[last]).sum() == grid.n_cols


def test_the_vatican_has_no_centre_at_30_arc_seconds_and_some_overlap(
    countries: Countries,
) -> None:
    grid = Grid.from_resolution("30s")
    vatican = countries["VA"]
    assert RowSpans.from_polygon(vatican, grid, Rule.CENTER).tile_count == 0
    assert 1 <= RowSpans.from_polygon(vatican, grid, Rule.ANY_OVERLAP).tile_count <= 4
