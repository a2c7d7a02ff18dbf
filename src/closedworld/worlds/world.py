"""A published world: tiles, and the weights that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from numpy.typing import ArrayLike

from closedworld.datasets.parameters import TileParameters, WeightParameters
from closedworld.errors import ConfigError
from closedworld.execution.observers import LogObserver
from closedworld.explore.contents import BUDGET, Shown
from closedworld.explore.writing import MapPage, map_page
from closedworld.inputs.regions.country_codes import wanted_codes
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.inputs.tables.geometry import points_of
from closedworld.kernels.spans import RowSpans
from closedworld.kernels.weights import Basis, basis_in_words
from closedworld.published.cumulative_weights import CumulativeWeights, read_cumulative_weights
from closedworld.published.polygons import polygons_of
from closedworld.published.tile_index import PublishedIndex
from closedworld.sanitize import html_table
from closedworld.stages import WEIGHTS
from closedworld.stages.weights.outcome import persons_of
from closedworld.store.reading import Published
from closedworld.worlds.later_results import only_result
from closedworld.worlds.locating import TileLocator, lon_lat, on_globe
from closedworld.worlds.plotting import Picture, plot_points, plot_tiles
from closedworld.worlds.points import refuse_without_tiles, sample_points
from closedworld.worlds.sample_request import SampleRequest
from closedworld.worlds.sampled_points import SampledPoints
from closedworld.worlds.world_tiles import WorldTiles

if TYPE_CHECKING:
    import pyarrow.dataset as pads


@dataclass(frozen=True, slots=True, eq=False)
class PublishedWorld:
    """A published tile index, its weights, and the sites, people and purchases in it, if any.

    Attributes:
        index: The tiles.
        weights: Folder and receipt of the weights; None for a world without weights.
        later: Folders and receipts of later results that build on these weights, by stage.
    """

    index: PublishedIndex
    weights: Published | None
    later: Mapping[str, tuple[Published, ...]] = field(default_factory=dict)
    _locators: dict[tuple[str, ...], TileLocator] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def sites(self) -> pads.Dataset:
        """The outlets of merchants: dataset ``sites``, ready to scan, filter or turn into a table.

        Raises:
            ConfigError: ``sites-missing``, ``published-several``.
        """
        return self.result("sites").dataset("sites")

    @property
    def merchants(self) -> pads.Dataset:
        """The merchants of the sites: dataset ``merchants``.

        Raises:
            ConfigError: ``sites-missing``, ``published-several``.
        """
        return self.result("sites").dataset("merchants")

    @property
    def cards(self) -> pads.Dataset:
        """Payment cards, and where their holders live and work: dataset ``cards``.

        Raises:
            ConfigError: ``people-missing``, ``published-several``.
        """
        return self.result("people").dataset("cards")

    @property
    def purchases(self) -> pads.Dataset:
        """What cards paid: dataset ``purchases``; ``result("purchases")`` has ``stays`` and ``truth``, too.

        Raises:
            ConfigError: ``purchases-missing``, ``published-several``.
        """
        return self.result("purchases").dataset("purchases")

    def result(self, stage: str) -> Published:
        """Return the result of a stage after the weights, such as ``sites``.

        Raises:
            ConfigError: ``sites-missing``, ``people-missing``, ``purchases-missing``, ``published-several``.
        """
        return only_result(self.later.get(stage, ()), stage, self.index.published.output)

    def cumulative_weights(self) -> Mapping[str, CumulativeWeights]:
        """Return the cumulative weights of every country; those of single tiles are not read yet.

        Raises:
            ConfigError: ``weights-missing``.
            IntegrityError: The files differ from the receipt or from the tiles.
        """
        return read_cumulative_weights(self._require_weights(), self.index)

    def _require_weights(self) -> Published:
        if self.weights is None:
            raise ConfigError(
                "weights-missing",
                f"{self.index.published.folder} has no weights.",
                "Make them with `closedworld weights`.",
            )
        return self.weights

    def __repr__(self) -> str:
        weights = "no weights"
        if self.weights is not None:
            basis = self.weights.parameters(WeightParameters).basis
            weights = f"weights by {basis_in_words(basis)}"
        tiles = str(self.index).strip("<>").removeprefix("PublishedIndex ")
        return f"<PublishedWorld: {tiles}, {weights}>"

    def spans_of(self, countries: str | Iterable[str] = ()) -> dict[str, RowSpans]:
        """Return the tiles of some countries, ascending by code; of all if none is named.

        Raises:
            ConfigError: ``country-without-tiles``.
        """
        spans = self.index.spans
        chosen = set(wanted_codes(countries, spans) if countries else spans)
        refuse_without_tiles(chosen, spans)
        return {iso: own for iso, own in spans.items() if iso in chosen}

    def tiles(self, country: str | Iterable[str] = ()) -> WorldTiles:
        """Return the tiles of some countries, of all if none is named, with all that is known of them.

        A table of index, bounds, coverage, weights and persons, made batch by batch while it is read.

        Args:
            country: An alpha-2 code, or several.

        Raises:
            ConfigError: ``country-without-tiles``.
            IntegrityError: The files differ from their receipts.
        """
        constants = {"inclusion_rule": str(self.index.rule)}
        persons: dict[str, float] = {}
        if self.weights is not None:
            parameters = self.weights.parameters(WeightParameters)
            constants |= {"dp": str(parameters.dp), "basis": parameters.basis}
            if parameters.basis == Basis.POPULATION.value:
                persons = persons_of(self.weights)
        return WorldTiles(
            self.index.grid,
            self.spans_of(country),
            {} if self.weights is None else self.cumulative_weights(),
            self.index.coverage() if self.index.has_coverage else None,
            persons,
            constants,
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return an Arrow stream of ``tiles()``."""
        return self.tiles().__arrow_c_stream__(requested_schema)

    def population(self) -> pa.Table:
        """Return the people of each country: ``country_iso``, ``tiles``, ``persons``.

        They are those that the weights were made from, to a millionth. ``tiles()`` has them per tile.

        Raises:
            ConfigError: ``weights-missing``, ``population-missing``.
            IntegrityError: ``receipt-unreadable``.
        """
        persons = persons_of(self._require_weights())
        tiles = [self.index.spans[iso].tile_count for iso in persons]
        columns = {"country_iso": list(persons), "tiles": tiles, "persons": list(persons.values())}
        return pa.table(columns)

    def locate(
        self, lons: ArrayLike, lats: ArrayLike, *, country: str | Iterable[str] = ()
    ) -> pa.Table:
        """Return the tile and the country of points: those of the tile that holds each.

        A point on the side between two tiles lies in the eastern or southern one. The country is that of
        the tile: within a border tile, a point may lie across the border.

        Args:
            lons: Longitudes, degrees, WGS 84, at any turn of 360, (n,).
            lats: Latitudes, degrees, (n,).
            country: Look at the tiles of these countries only.

        Returns:
            A row per point: ``tile_id``, null off the grid or for NaN; ``country_iso``, null where no country
            owns the tile, the first by code where several do; ``countries_on_tile``, how many do.

        Raises:
            ConfigError: ``points-lengths``, ``country-without-tiles``.
            GeometryError: ``coordinates-out-of-range``.
        """
        return self._locator(country).locate(lon_lat(lons, lats))

    def count(self, points: Any, *, country: str | Iterable[str] = ()) -> pa.Table:
        """Return how many points lie on each tile.

        Args:
            points: A table of any library with columns ``lon`` and ``lat``, or with point geometries.
            country: Look at the tiles of these countries only.

        Returns:
            A row per tile that holds a point, ascending by ``tile_id``: ``country_iso`` (as ``locate``),
            ``tile_id``, ``points``. Points off the grid are counted in a last row with nulls, so that the
            counts add up to the number of points.

        Raises:
            ConfigError: ``country-without-tiles``.
            InputError: ``table-kind``, ``table-column``.
            GeometryError: ``coordinates-out-of-range``.
        """
        return self._locator(country).count(on_globe(points_of(points)))

    def nearest(
        self,
        lons: ArrayLike,
        lats: ArrayLike,
        *,
        within_km: float = 100.0,
        country: str | Iterable[str] = (),
    ) -> pa.Table:
        """Return the tile nearest to each point, such as that of a coast for a point in the sea.

        Args:
            lons: Longitudes, degrees, WGS 84, (n,).
            lats: Latitudes, degrees, (n,).
            within_km: Look no farther than this.
            country: Look at the tiles of these countries only.

        Returns:
            A row per point: ``tile_id``, ``country_iso`` (as ``locate``) and ``distance_m``, to the tile's
            closest longitude and latitude on a sphere, 0 on the tile; null where none is near enough.

        Raises:
            ConfigError: ``points-lengths``, ``country-without-tiles``.
            GeometryError: ``coordinates-out-of-range``.
        """
        return self._locator(country).nearest(lon_lat(lons, lats), within_km)

    def plot(
        self, points: Any = None, *, country: str | Iterable[str] = (), width: int = 1600
    ) -> Picture:
        """Return a map: of the tiles by country, or of points over the tiles.

        Args:
            points: A table of any library with columns ``lon`` and ``lat``, or with point geometries, such as
                what ``sample`` returns; None for the tiles alone.
            country: Show the tiles of these countries only; they decide the frame.
            width: Width of the picture, px, >= 200.

        Returns:
            The picture, which notebooks show; ``save`` writes it.

        Raises:
            ConfigError: ``country-without-tiles``, ``picture-width``.
            InputError: ``table-kind``, ``table-column``.
            GeometryError: ``coordinates-out-of-range``.
        """
        spans = self.spans_of(country)
        if points is None:
            return plot_tiles(spans, self.index.rule, width)
        return plot_points(spans, on_globe(points_of(points)), width)

    def _repr_html_(self) -> str:
        rows = [(iso, own.tile_count) for iso, own in self.index.spans.items()]
        rows.sort(key=lambda row: (-row[1], row[0]))
        table = html_table(repr(self), ("country_iso", "tiles"), rows)
        return table + self.plot(width=480).as_html()

    def explore(
        self,
        *,
        country: str | Iterable[str] = (),
        beside: PublishedWorld | None = None,
        countries: CountrySet | Path | str | None = None,
        budget: int = BUDGET,
    ) -> MapPage:
        """Return an interactive map, from the globe to single tiles, as a page for notebooks and browsers.

        Args:
            country: Countries whose tiles keep their weights; none for as many as fit, the smallest first.
            beside: Another world on the same grid, to compare with.
            countries: The polygons that the tiles were built from, or their file; None for the bundled
                ones, and no borders if the tiles are of others.
            budget: Bytes of the page without points; tiles, borders and a picture of weights are always there.

        Returns:
            The page, which notebooks show; ``save`` writes it.

        Raises:
            ConfigError: ``country-without-tiles``, ``grids-differ``, ``weights-missing``, ``polygons-differ``,
                ``published-several``.
            IntegrityError: The files differ from their receipts.
        """
        chosen = list(self.spans_of(country)) if country else None
        other = None if beside is None else beside._shown(None)  # noqa: SLF001 -- another world of its kind
        return map_page(self._shown(countries), beside=other, chosen=chosen, budget=budget)

    def _shown(self, countries: CountrySet | Path | str | None) -> Shown:
        try:
            polygons = polygons_of(self.index.published, countries)
        except ConfigError as error:
            if countries is not None or error.code != "polygons-differ":
                raise
            polygons = None
        later = {
            name: self.result(name)
            for name, found in self.later.items()
            if found and name != WEIGHTS.name
        }
        return Shown(self.index, self.weights, polygons, later)

    def _locator(self, country: str | Iterable[str]) -> TileLocator:
        spans = self.spans_of(country)
        key = tuple(spans)
        if key not in self._locators:
            self._locators[key] = TileLocator.of(spans, self.index.grid)
        return self._locators[key]

    def sample(
        self,
        request: Any = None,
        *,
        country: str | Iterable[str] | None = None,
        n: int = 1,
        seed: int = 0,
        with_replacement: bool = True,
        countries: CountrySet | Path | str | None = None,
        workers: int | None = None,
        skip_bad_rows: bool = False,
    ) -> SampledPoints:
        """Draw points by weight, each on its tile and inside its country.

        The k-th point of an id depends only on seed, id, country and k, not on the other ids, their
        order, ``n`` or the number of workers. Log records of level WARNING say when countries are cut by
        the grid's edge, when weights are not by population, and which columns of a table are left out.

        Args:
            request: One row per id and country: column ``country`` (or ``country_iso``), and
                optionally ``id`` (text or integers) and ``n`` (1 without it); other columns go through to
                the points. A table of any library
                (pandas, Polars, DuckDB, pyarrow), or a path of a CSV or Parquet file.
            country: Instead of ``request``: an alpha-2 code, or several.
            n: With ``country``: points in each country.
            seed: Any integer.
            with_replacement: Whether several points of an id may lie on one tile.
            countries: The polygons that the tiles were built from, or their file; None for the bundled ones.
            workers: Countries drawn concurrently, in threads; None for one per core.
            skip_bad_rows: Leave out rows of ``request`` that cannot be used, with a log record that names them.

        Returns:
            The points of a row of ``request`` together, in the order of its rows.

        Raises:
            ConfigError: ``weights-missing``, ``polygons-differ``, ``country-without-tiles``,
                ``sample-too-many``, ``sample-memory``, ``sample-unclear``, ``workers``.
            InputError: ``request`` is unclear: ``table-kind``, ``table-column``,
                ``table-value``, ``table-id-twice``, or as a file.
            IntegrityError: The files differ from their receipts.
        """
        weights = self.cumulative_weights()
        own_codes = self.index.published.parameters(TileParameters).own_codes
        points = sample_points(
            self.index,
            weights,
            SampleRequest.of(request, country, n, own_codes, weights, skip_bad_rows=skip_bad_rows),
            seed=seed,
            with_replacement=with_replacement,
            countries=countries,
            workers=workers,
            observer=LogObserver(),
        )
        return SampledPoints(points)
