"""One result at a time: its files, its receipt, and every country in it."""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from closedworld.errors import GridError, InputError
from closedworld.grid import Grid, tile_areas_cm2
from closedworld.text import shown
from closedworld.validation.files import Table, check_files, read_parts
from closedworld.validation.law import check_law
from closedworld.validation.masses import OF_PEOPLE, CountryMasses, Shares, bases_of, split_units
from closedworld.validation.monotone import check_monotone
from closedworld.validation.population import Population
from closedworld.validation.rows import column
from closedworld.validation.runs import RunCollector, shared_tiles
from closedworld.validation.tiles import (
    COVERAGE,
    TILE_DATASETS,
    Expected,
    TileParameters,
    check_country_tiles,
)
from closedworld.validation.values import Values
from closedworld.validation.weights import (
    WEIGHT_DATASETS,
    CountryWeights,
    WeightParameters,
    check_country_weights,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from closedworld.datasets import Published, Receipt
    from closedworld.validation.findings import Account
    from closedworld.validation.runs import IdRuns

SAMPLED_TILES = 200_000
"""Countries of more tiles are recomputed only when all are asked for."""

_MONOTONE = "larger mass never has smaller weight"


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """A tile index as far as other checks need it.

    Attributes:
        published: Where it is.
        said: Its parameters.
        tiles: Tiles of each country that could be read.
    """

    published: Published
    said: TileParameters
    tiles: Mapping[str, IdRuns]


def verify_tiles(published: Published, account: Account) -> Index | None:
    """Check a tile index; return it for the checks of others, or None when nothing can be said."""
    check_files(published, account)
    said = tile_parameters(published.receipt, account)
    if said is None:
        return None
    table = read_parts(published, said.datasets, account)
    without = published.receipt.totals.get("countries_without_tiles")
    empty = set(map(str, without)) if isinstance(without, list) else set()
    for dataset in TILE_DATASETS:
        _expect_countries(dataset, set(table[dataset]), set(said.countries) - empty, account)
    expected, tiles, values = Expected.of(said.grid), {}, Values()
    for iso in sorted(set().union(*map(set, table.values()))):
        own = check_country_tiles(iso, table, expected, said, account, values)
        if own is not None:
            tiles[iso] = own
    if set(tiles) == set(said.countries) - empty:
        totals = {
            "countries": len(said.countries),
            "tiles": sum(own.tile_count for own in tiles.values()),
            "runs": sum(len(own.by_row(said.grid.n_cols).starts) for own in tiles.values()),
            "tiles_shared": shared_tiles(list(tiles.values())),
        }
        _expect_totals(published.receipt, totals, account)
    else:
        account.unchecked("totals of the receipt", "not every country could be read")
    values.compare(published.receipt, account)
    return Index(published, said, tiles)


def tile_parameters(receipt: Receipt, account: Account) -> TileParameters | None:
    """Return what a receipt says of an index; None, with a finding, when it makes no sense."""
    content = receipt.parameters
    try:
        return TileParameters(
            Grid.from_dict(content["grid"]),
            str(content["rule"]),
            tuple(sorted(map(str, content["countries"]))),
            str(content["polygons_sha256"]),
            content.get("coverage") is True,
        )
    except (KeyError, TypeError, ValueError, OverflowError, GridError) as error:
        _bad_parameters(error, account)
        return None


def read_index(published: Published, account: Account) -> Index | None:
    """Return an index for comparison, only its tile ids read."""
    said = tile_parameters(published.receipt, account)
    if said is None:
        return None
    table, tiles = read_parts(published, said.datasets, account), {}
    for iso, parts in table["tile_index"].items():
        collector = RunCollector()
        for batch in parts.batches(account, ["tile_id"]):
            collector.add(column(batch, "tile_id"))
        if parts.is_whole:
            tiles[iso] = collector.finish()
    account.unchecked(
        "the index that the weights belong to",
        f"{published.folder} was read for comparison only; verify it by its own path",
    )
    return Index(published, said, tiles)


def weight_parameters(receipt: Receipt, account: Account) -> WeightParameters | None:
    """Return what a receipt says of weights; None, with a finding, when it makes no sense."""
    content = receipt.parameters
    try:
        raster = content["raster_sha256"]
        return WeightParameters(
            str(content["tiles_parameter_hash"]),
            str(content["basis"]),
            bases_of(str(content["basis"])),
            int(content["dp"]),
            bool(content["weigh_by_coverage"]),
            None if raster is None else str(raster),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        _bad_parameters(error, account)
        return None


@dataclass(slots=True, eq=False)
class WeightCheck:
    """Checks one result of weights.

    Attributes:
        published: The result.
        said: Its parameters.
        index: The index that it belongs to; None when there is none.
        raster: The population raster; None when none is needed or at hand.
        recompute: How many countries have their weights worked out again; None for all.
        seed: Decides which.
        account: Where findings go.
    """

    published: Published
    said: WeightParameters
    index: Index | None
    raster: Path | None
    recompute: int | None
    seed: int
    account: Account
    values: Values = field(default_factory=Values)

    def run(self) -> None:
        """Check everything."""
        table = read_parts(self.published, WEIGHT_DATASETS, self.account)
        found = set(table["tile_weights"])
        known = found if self.index is None else set(self.index.tiles)
        for dataset in WEIGHT_DATASETS:
            _expect_countries(dataset, set(table[dataset]), known, self.account)
        weighed = {iso: self._check_country(iso, table) for iso in sorted(found)}
        if found == known:
            totals = {
                "countries": len(weighed),
                "tiles": sum(own.tiles for own in weighed.values()),
                "tiles_of_weight_zero": sum(own.zero_tiles for own in weighed.values()),
            }
            _expect_totals(self.published.receipt, totals, self.account)
        self._check_masses(table, weighed)
        self.values.compare(self.published.receipt, self.account)

    def _check_country(self, iso: str, table: Table) -> CountryWeights:
        """Check the weights of a country, mass left aside."""
        index = None
        if self.index is not None and iso in self.index.tiles:
            index = self.index.tiles[iso], self.index.said.grid.n_cols
        spans = table["span_weights"].get(iso)
        own = table["tile_weights"][iso]
        return check_country_weights(own, spans, index, self.said, self.account, self.values)

    def _check_masses(self, table: Table, weighed: Mapping[str, CountryWeights]) -> None:
        """Check weights against masses, for every country or a sample of them."""
        needs_raster = any(basis in OF_PEOPLE for basis in self.said.bases)
        if self.index is None or (needs_raster and self.raster is None):
            reason = "no index" if self.index is None else "no raster at hand; give --raster"
            self._skip(reason)
            return
        grid = self.index.said.grid
        with ExitStack() as stack:
            people = None
            if needs_raster and self.raster is not None:
                people = stack.enter_context(Population(self.raster))
                if not people.lies_on(grid):
                    self.account.find("raster-grid", f"{self.raster} is not on the grid {grid}.")
                    self._skip("the raster is not on the grid of the index")
                    return
            lawful = self._drawn(weighed)
            areas_cm2 = tile_areas_cm2(grid)
            shares = self._shares() if self.said.weigh_by_coverage else {}
            for iso, own in weighed.items():
                if iso not in self.index.tiles or not own.is_sound:
                    reason = "its tiles are not those of the index"
                    self.account.unchecked("weights against masses", reason, iso)
                    continue
                if self.said.weigh_by_coverage and iso not in shares:
                    reason = "tile_coverage of the index cannot be read"
                    self.account.unchecked("weights against masses", reason, iso)
                    continue
                parts, tiles = table["tile_weights"][iso], own.tiles
                country = CountryMasses(
                    parts, tiles, grid.n_cols, areas_cm2, people, shares.get(iso), self.account
                )
                self._compare(country, lawful=iso in lawful)

    def _compare(self, country: CountryMasses, *, lawful: bool) -> None:
        """Check the weights of a country against its masses."""
        iso = country.parts.country_iso
        try:
            if len(self.said.bases) == 1:
                (basis,) = self.said.bases
                tiles = check_monotone(country, basis, self.account)
                self.account.checked(_MONOTONE, tiles, "tiles")
            else:
                # A tile may have more of one basis and less of another.
                self.account.unchecked(_MONOTONE, "the tiles of a mixture have no single mass", iso)
            if lawful:
                units = split_units(dict(self.said.bases), self.said.dp)
                tiles = check_law(country, units, self.account)
                self.account.checked("weights worked out again by the law", tiles, "tiles")
                self.account.checked("weights worked out again by the law", 1, "countries")
        except InputError as error:
            self.account.unchecked("weights against masses", error.message, iso)

    def _drawn(self, weighed: Mapping[str, CountryWeights]) -> set[str]:
        """Return the countries whose weights are worked out again."""
        if self.recompute is None:
            return set(weighed)
        few = sorted(iso for iso, own in weighed.items() if own.tiles <= SAMPLED_TILES)
        draw = random.Random(self.seed)  # noqa: S311 -- a sample that can be drawn again
        drawn = set(draw.sample(few, min(self.recompute, len(few))))
        if left := len(weighed) - len(drawn):
            self.account.unchecked(
                "weights worked out again by the law",
                f"{left} of {len(weighed)} countries not drawn; give --recompute all",
            )
        return drawn

    def _skip(self, reason: str) -> None:
        """Note that nothing is said of masses."""
        self.account.unchecked("weights against masses: the law, and their order", reason)

    def _shares(self) -> dict[str, Shares]:
        """Return the coverage of the tiles that are not wholly inside, by country."""
        if self.index is None or not self.index.said.has_coverage:
            self.account.find("coverage-missing", "the index says nothing of coverage.")
            return {}
        table = read_parts(self.index.published, self.index.said.datasets, self.account)
        none = np.empty(0, np.uint64), np.empty(0, np.float64)
        shares = {}
        for iso in self.index.tiles:
            parts = table[COVERAGE].get(iso)
            batches = (
                [] if parts is None else list(parts.batches(self.account, ("tile_id", "coverage")))
            )
            if parts is None or parts.is_whole:
                ids = np.concatenate([none[0], *(column(batch, "tile_id") for batch in batches)])
                cover = np.concatenate([none[1], *(column(b, "coverage") for b in batches)])
                if (np.diff(ids.view(np.int64)) > 0).all() and self.index.tiles[iso].holds(
                    ids.view(np.int64)
                ).all():
                    shares[iso] = Shares.of(ids, cover)
        return shares


def _expect_countries(dataset: str, found: set[str], expected: set[str], account: Account) -> None:
    """Note countries that are missing, and those that should not be there."""
    for iso in sorted(expected - found):
        message = f"no file of {shown(iso)} in the receipt."
        account.find("country-missing", message, dataset=dataset, country_iso=iso)
    for iso in sorted(found - expected):
        message = f"{iso} is not among the countries that have tiles."
        account.find("country-unexpected", message, dataset=dataset, country_iso=iso)
    account.checked("every country is there and no other", len(expected), "countries")


def _expect_totals(receipt: Receipt, totals: Mapping[str, int], account: Account) -> None:
    """Note totals of the receipt that are not what is there."""
    for name, count in totals.items():
        said: Any = receipt.totals.get(name)
        if said != count:
            account.find("receipt-total", f"{name} is {count:,}; the receipt says {shown(said)}.")
    account.checked("totals of the receipt", len(totals), "totals")


def _bad_parameters(error: Exception, account: Account) -> None:
    """Note parameters that make no sense."""
    account.find(
        "receipt-parameters",
        f"the parameters cannot be understood: {type(error).__name__}: {shown(str(error))}.",
    )
    account.unchecked("content", "the parameters cannot be understood")
