"""A result of weights: its files, its receipt, and every country in it."""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from closedworld.errors import InputError
from closedworld.kernels.grid import tile_areas_cm2
from closedworld.verification.accounts import BasisAccount, CountryAccount, settle
from closedworld.verification.files import Table, count_files, read_parts
from closedworld.verification.index import expect_countries
from closedworld.verification.law import check_law
from closedworld.verification.masses import OF_PEOPLE, CountryMasses, Shares, bases_of, split_units
from closedworld.verification.monotone import check_monotone
from closedworld.verification.population import Population, ValueTooLargeError
from closedworld.verification.receipts import bad_parameters, expect_summaries, expect_totals
from closedworld.verification.rows import column
from closedworld.verification.tiles import COVERAGE
from closedworld.verification.values import Values
from closedworld.verification.weights import (
    WEIGHT_DATASETS,
    CountryWeights,
    WeightParameters,
    check_country_weights,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from closedworld.store.reading import Published
    from closedworld.store.receipt import Receipt
    from closedworld.verification.findings import Account
    from closedworld.verification.index import Index

SAMPLED_TILES = 200_000
"""Countries of more tiles are recomputed in Python integers only when all are asked for."""

_MONOTONE = "larger mass never has smaller weight"
_LAW = "weights by the law: whole parts, then the largest remainders"
_MIXED_LAW = "weights of a mixture: whole parts, at most one more for each basis"
_PYTHON_LAW = "weights worked out again in Python integers"


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
        bad_parameters(error, account)
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
        values: Where digests of values go.
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
        self.account.checked("schema and row count of every file", count_files(table), "files")
        found = set(table["tile_weights"])
        known = found if self.index is None else set(self.index.tiles)
        for dataset in WEIGHT_DATASETS:
            expect_countries(dataset, set(table[dataset]), known, self.account)
        weighed = {iso: self._check_country(iso, table) for iso in sorted(found)}
        units = split_units(dict(self.said.bases), self.said.dp)
        accounts = {
            iso: CountryAccount(
                iso,
                own.tiles,
                own.zero_tiles,
                [BasisAccount(basis, share) for basis, share in units.items()],
            )
            for iso, own in weighed.items()
        }
        self._check_masses(table, weighed, accounts)
        self.values.compare(self.published.receipt, self.account)
        if found == known:
            self._check_totals(accounts)
        else:
            self.account.unchecked("totals of the receipt", "not every country is there")

    def _check_totals(self, accounts: Mapping[str, CountryAccount]) -> None:
        """Check what the receipt says of the weights."""
        receipt = self.published.receipt
        totals = {
            "countries": len(accounts),
            "tiles": sum(own.tiles for own in accounts.values()),
            "tiles_of_weight_zero": sum(own.zero_tiles for own in accounts.values()),
        }
        settled = [own for own in accounts.values() if own.zero_tiles_with_mass is not None]
        if len(settled) == len(accounts):
            fallback = [own.country_iso for own in settled if any(b.fallback for b in own.bases)]
            expect_totals(receipt, {**totals, "countries_fallback": fallback}, self.account)
        else:
            expect_totals(receipt, totals, self.account)
            left = len(accounts) - len(settled)
            reason = f"masses of {left} of {len(accounts)} countries could not be worked out"
            self.account.unchecked("masses in the accounts of the receipt", reason)
        figures = {iso: own.figures() for iso, own in accounts.items()}
        expect_summaries(receipt, figures, self.account)

    def _check_country(self, iso: str, table: Table) -> CountryWeights:
        """Check the weights of a country, mass left aside."""
        index = None
        if self.index is not None and iso in self.index.tiles:
            index = self.index.tiles[iso], self.index.said.grid.n_cols
        spans = table["span_weights"].get(iso)
        own = table["tile_weights"][iso]
        return check_country_weights(own, spans, index, self.said, self.account, self.values)

    def _check_masses(
        self,
        table: Table,
        weighed: Mapping[str, CountryWeights],
        accounts: Mapping[str, CountryAccount],
    ) -> None:
        """Check the weights of every country against its masses."""
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
                self._compare(country, accounts[iso], lawful=iso in lawful)

    def _compare(self, country: CountryMasses, own: CountryAccount, *, lawful: bool) -> None:
        """Check the weights of a country against its masses, and make its account."""
        iso = country.parts.country_iso
        place = country.parts.dataset, iso
        try:
            if lawful:
                tiles = check_law(country, {b.basis: b.units for b in own.bases}, self.account)
                self.account.checked(_PYTHON_LAW, tiles, "tiles")
                self.account.checked(_PYTHON_LAW, 1, "countries")
            keeps_law = settle(country, own, self.account)
            if len(own.bases) == 1:
                self.account.checked(_LAW, country.tiles, "tiles")
                if not keeps_law:
                    check_monotone(country, own.bases[0].basis, self.account)
                self.account.checked(_MONOTONE, country.tiles, "tiles")
            else:
                self.account.checked(_MIXED_LAW, country.tiles, "tiles")
                # A tile may have more of one basis and less of another.
                self.account.unchecked(_MONOTONE, "the tiles of a mixture have no single mass", iso)
        except ValueTooLargeError as error:
            code = "raster-value-too-large"
            self.account.find(code, str(error), *place, example=error.example)
            self.account.unchecked("weights against masses", "a value is too large", iso)
        except InputError as error:
            self.account.find(error.code, error.message, *place)
            self.account.unchecked("weights against masses", "the raster cannot be read", iso)

    def _drawn(self, weighed: Mapping[str, CountryWeights]) -> set[str]:
        """Return the countries whose weights are worked out again in Python integers."""
        if self.recompute is None:
            return set(weighed)
        few = sorted(iso for iso, own in weighed.items() if own.tiles <= SAMPLED_TILES)
        draw = random.Random(self.seed)  # noqa: S311 -- a sample that can be drawn again
        drawn = set(draw.sample(few, min(self.recompute, len(few))))
        if left := len(weighed) - len(drawn):
            self.account.unchecked(
                _PYTHON_LAW, f"{left} of {len(weighed)} countries not drawn; give --recompute all"
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
        none = np.empty(0, np.uint64), np.empty(0, np.float64)
        shares = {}
        for iso in self.index.tiles:
            parts = self.index.table[COVERAGE].get(iso)
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
