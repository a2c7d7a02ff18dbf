"""A result of weights: its files, its receipt, and every country in it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from closedworld.datasets import SPAN_WEIGHTS, TILE_WEIGHTS
from closedworld.datasets.parameters import WeightParameters
from closedworld.errors import InputError
from closedworld.inputs.raster.info import name_of_files
from closedworld.kernels.grid import tile_areas_cm2
from closedworld.store.reading import Published
from closedworld.verification.apportionment import (
    BasisSummary,
    CountrySummary,
    check_apportionment,
)
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.country_masses import (
    OF_PEOPLE,
    CountryMasses,
    IntegerCoverage,
    bases_of,
    split_units,
)
from closedworld.verification.country_weights import CountryWeightChecks, CountryWeights
from closedworld.verification.exact_apportionment import check_exactly
from closedworld.verification.file_checks import check_countries, check_schemas
from closedworld.verification.findings import Findings
from closedworld.verification.population_raster import (
    PopulationRaster,
    SeveralRasters,
    ValueTooLargeError,
    open_population,
)
from closedworld.verification.receipt_checks import (
    check_summaries,
    check_totals,
    read_parameters,
)
from closedworld.verification.request import Request
from closedworld.verification.tile_checks import TileIndex

SAMPLED_TILES = 200_000
"""Countries of more tiles are recomputed in Python integers only when all are asked for."""

_MANY_TILES, _NEARLY_ALL = 16, 0.9

_MASSES = "weights against masses"
_LAW = "weights by the law: integer parts, then the largest remainders"
_MIXED_LAW = "weights of a mixture: integer parts, at most one more for each basis"
_PYTHON_LAW = "weights recomputed in Python integers"


def read_weight_parameters(published: Published, findings: Findings) -> WeightParameters | None:
    """Return the parameters of weights; None, with a finding, when they make no sense."""
    return read_parameters(
        published,
        WeightParameters,
        findings,
        lambda stated: split_units(bases_of(stated.basis), stated.dp),
    )


@dataclass(slots=True, eq=False)
class WeightChecks:
    """Checks one result of weights.

    Attributes:
        published: The result.
        parameters: Its parameters.
        index: The index that it belongs to; None when there is none.
        raster: Files of the population raster; empty when none is needed or at hand.
        request: What was asked for.
        findings: Where findings go.
    """

    published: Published
    parameters: WeightParameters
    index: TileIndex | None
    raster: tuple[Path, ...]
    request: Request
    findings: Findings

    def run(self) -> None:
        """Check everything."""
        table = check_schemas(self.published, self.parameters.datasets, self.findings)
        files = table[TILE_WEIGHTS.name]
        tiles = {} if self.index is None else self.index.countries
        known = set(files) if self.index is None else set(tiles)
        for dataset in self.parameters.datasets:
            check_countries(table, dataset.name, known, self.findings)
        n_cols = 0 if self.index is None else self.index.parameters.grid.n_cols
        checks = CountryWeightChecks(self.parameters, n_cols, self.findings)
        weights = {}
        for iso, own in sorted(files.items()):
            ids = tiles[iso].ids if iso in tiles else None
            found = checks.check(own, table[SPAN_WEIGHTS.name].get(iso), ids)
            if found.tiles:
                weights[iso] = found
            if found.tiles >= _MANY_TILES and found.largest > _NEARLY_ALL * 10**self.parameters.dp:
                share = found.largest / 10**self.parameters.dp
                message = f"one of its {found.tiles:,} tiles has {share:.1%} of the weight."
                self.findings.add_note("one-tile", message, iso)
        units = split_units(bases_of(self.parameters.basis), self.parameters.dp)
        summaries = {
            iso: CountrySummary(
                iso, own.tiles, own.zero_tiles, [BasisSummary(*share) for share in units.items()]
            )
            for iso, own in weights.items()
        }
        self._check_masses(files, weights, summaries)
        checks.digests.compare(self.published.receipt, self.findings)
        if set(files) == known:
            self._check_totals(summaries)
        else:
            self.findings.add_unchecked("totals of the receipt", "countries are missing")

    def _check_totals(self, summaries: Mapping[str, CountrySummary]) -> None:
        own = summaries.values()
        totals: dict[str, Any] = {
            "countries": len(summaries),
            "tiles": sum(one.tiles for one in own),
            "tiles_of_weight_zero": sum(one.zero_tiles for one in own),
        }
        if left := sum(one.zero_tiles_with_mass is None for one in own):
            reason = f"masses of {left} of {len(summaries)} countries could not be computed"
            self.findings.add_unchecked("masses in the summaries of the receipt", reason)
        else:
            totals["countries_fallback"] = [
                one.country_iso for one in own if any(basis.fallback for basis in one.bases)
            ]
        check_totals(self.published.receipt, totals, self.findings)
        figures = {iso: asdict(one) for iso, one in summaries.items()}
        check_summaries(self.published.receipt, figures, self.findings)

    def _check_masses(
        self,
        files: Mapping[str, CountryFiles],
        weights: Mapping[str, CountryWeights],
        summaries: Mapping[str, CountrySummary],
    ) -> None:
        needs_raster = any(basis in OF_PEOPLE for basis in bases_of(self.parameters.basis))
        if self.index is None or (needs_raster and not self.raster):
            reason = "no index" if self.index is None else "no raster at hand; give --raster"
            self.findings.add_unchecked(_MASSES, reason)
            return
        by_coverage = self.parameters.weigh_by_coverage
        if by_coverage and not self.index.parameters.coverage:
            self.findings.add("coverage-missing", "the index has no coverage.")
            self.findings.add_unchecked(_MASSES, "the index has no coverage")
            return
        grid = self.index.parameters.grid
        with ExitStack() as stack:
            people: PopulationRaster | SeveralRasters | None = None
            if needs_raster:
                opened = open_population(self.raster, self.parameters.raster_band)
                people = stack.enter_context(opened)
                if not people.lies_on(grid):
                    self.findings.add(
                        "raster-grid", f"{name_of_files(self.raster)} is not on the grid {grid}."
                    )
                    reason = "the raster is not on the grid of the index"
                    self.findings.add_unchecked(_MASSES, reason)
                    return
            recomputed, areas_cm2 = self._drawn(weights), tile_areas_cm2(grid)
            for iso, own in weights.items():
                tiles = self.index.countries.get(iso)
                if tiles is None or not own.is_sound:
                    reason = "its tiles are not those of the index"
                    self.findings.add_unchecked(_MASSES, reason, iso)
                    continue
                coverage = IntegerCoverage.of(tiles.borders) if by_coverage else None
                country = CountryMasses(
                    files[iso], own.tiles, grid.n_cols, areas_cm2, people, coverage
                )
                self._check_law(country, summaries[iso], exactly=iso in recomputed)
            if people is not None and people.limit_cell is not None:
                row, col, value = people.limit_cell
                message = f"row {row}, column {col} holds {value}, the largest number of its type."
                self.findings.add_note(
                    "raster-value-limit", f"{name_of_files(self.raster)}: {message}"
                )

    def _check_law(self, country: CountryMasses, own: CountrySummary, *, exactly: bool) -> None:
        iso = own.country_iso
        try:
            if exactly:
                tiles = check_exactly(country, {b.basis: b.units for b in own.bases})
                self.findings.add_check(_PYTHON_LAW, tiles, "tiles")
                self.findings.add_check(_PYTHON_LAW, 1, "countries")
            check_apportionment(country, own)
            what = _LAW if len(own.bases) == 1 else _MIXED_LAW
            self.findings.add_check(what, country.tiles, "tiles")
        except ValueTooLargeError as error:
            country.files.add("raster-value-too-large", str(error), example=error.example)
            self.findings.add_unchecked(_MASSES, "a value is too large", iso)
        except InputError as error:
            country.files.add(error.code, error.message)
            self.findings.add_unchecked(_MASSES, "the raster cannot be read", iso)

    def _drawn(self, weights: Mapping[str, CountryWeights]) -> set[str]:
        """Return the countries whose weights are recomputed in Python integers."""
        most = math.inf if self.request.recompute is None else SAMPLED_TILES
        few = sorted(iso for iso, own in weights.items() if own.tiles <= most)
        return self.request.drawn(few, len(weights), _PYTHON_LAW, self.findings)
