"""A tile index: its files, its receipt, and every country in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closedworld.datasets import TILE_INDEX
from closedworld.datasets.parameters import TileParameters
from closedworld.store.reading import Published
from closedworld.verification.country_tiles import CountryTiles, TileChecks
from closedworld.verification.file_checks import check_countries, check_schemas, open_files
from closedworld.verification.findings import Findings
from closedworld.verification.grid_columns import BorderTiles, GridColumns, zone_areas_m2
from closedworld.verification.id_runs import RunCollector, shared_tiles
from closedworld.verification.receipt_checks import check_totals, read_parameters
from closedworld.verification.row_checks import column


@dataclass(frozen=True, slots=True, eq=False)
class TileIndex:
    """A tile index as far as other checks need it.

    Attributes:
        published: Where it is.
        parameters: Its parameters.
        countries: Tiles of each country that could be read, none of some.
    """

    published: Published
    parameters: TileParameters
    countries: Mapping[str, CountryTiles]

    def listed(self, total: str) -> set[str]:
        """Return the codes of a list in the totals of the receipt; empty when it is not a list."""
        codes = self.published.receipt.totals.get(total)
        return set(map(str, codes)) if isinstance(codes, list) else set()

    @property
    def kept_small(self) -> set[str]:
        """Countries that were given the tile of their representative point."""
        kept = self.parameters.keep_small_countries
        return self.listed("countries_kept_small") if kept else set()

    @property
    def without_tiles(self) -> set[str]:
        """Countries of the receipt of which no tile is there."""
        found = {iso for iso, own in self.countries.items() if own.ids.tile_count}
        return set(self.parameters.countries) - found


def check_tile_index(published: Published, findings: Findings) -> TileIndex | None:
    """Check a tile index; return it for the checks of others, or None when nothing can be said."""
    parameters = read_parameters(published, TileParameters, findings)
    if parameters is None:
        return None
    table = check_schemas(published, parameters.datasets, findings)
    grid = parameters.grid
    checks = TileChecks(table, parameters, GridColumns.of(grid), zone_areas_m2(grid), findings)
    tiles = {iso: checks.check(iso) for iso in sorted(set().union(*table.values()))}
    known = {iso: own for iso, own in tiles.items() if own is not None}
    index = TileIndex(published, parameters, known)
    expected = set(parameters.countries)
    for dataset in parameters.datasets:
        check_countries(table, dataset.name, expected, findings)
    if set(known) == expected:
        check_totals(published.receipt, _totals(index), findings)
    else:
        findings.add_unchecked("totals of the receipt", "not every country could be read")
    checks.digests.compare(published.receipt, findings)
    return index


def read_tile_index(published: Published, findings: Findings) -> TileIndex | None:
    """Return an index for comparison, only its tile ids and coverage read."""
    parameters = read_parameters(published, TileParameters, findings)
    if parameters is None:
        return None
    names, countries = ["tile_id", *(["coverage"] if parameters.coverage else [])], {}
    for iso, files in open_files(published, parameters.datasets, findings)[TILE_INDEX.name].items():
        collector, borders = RunCollector(), []
        for batch in files.batches(names):
            collector.add(column(batch, "tile_id"))
            if parameters.coverage:
                borders.append(BorderTiles.of(*(column(batch, name) for name in names)))
        if files.is_whole:
            countries[iso] = CountryTiles(collector.finish(), BorderTiles.joined(borders))
    findings.add_unchecked(
        "the index that the weights belong to",
        f"{published.folder} was read for comparison only; verify it by its own path",
    )
    return TileIndex(published, parameters, countries)


def _totals(index: TileIndex) -> dict[str, Any]:
    """Return the totals that the tiles make.

    Which countries the grid does not meet and which were given a tile can only be told from the polygons;
    here the lists are compared with the tiles only.
    """
    tiles = {iso: own.ids for iso, own in index.countries.items()}
    kept = {iso for iso in index.kept_small & set(tiles) if tiles[iso].tile_count == 1}
    n_cols = index.parameters.grid.n_cols
    return {
        "countries": len(index.parameters.countries),
        "countries_without_tiles": sorted(index.without_tiles),
        "countries_off_grid": sorted(index.listed("countries_off_grid") & index.without_tiles),
        "countries_kept_small": sorted(kept),
        "tiles": sum(own.tile_count for own in tiles.values()),
        "runs": sum(len(own.by_row(n_cols).starts) for own in tiles.values()),
        "tiles_shared": shared_tiles(list(tiles.values())),
    }
