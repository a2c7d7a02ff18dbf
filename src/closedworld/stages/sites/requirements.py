"""What is asked for in each country: merchants with their kinds filled in, and where their outlets must lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.datasets import Dataset
from closedworld.datasets.sites import OwnColumn, merchants_with
from closedworld.errors import InputError
from closedworld.execution.events import Observer, Warned
from closedworld.inputs.merchants.kinds import GAMMA_STEPS, Kind, kind_of_mcc, merchant_kinds
from closedworld.inputs.merchants.table import MerchantTable
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.inputs.tables.asked_rows import rows_between
from closedworld.inputs.tables.columns import RowProblem, ranges_of_countries
from closedworld.kernels.spans import RowSpans
from closedworld.sanitize import listed, number_of, one_line, quoted
from closedworld.stages.asked_areas import settled_in_world
from closedworld.stages.placing_inputs import PlacingInputs


@dataclass(frozen=True, slots=True, eq=False)
class CountryMerchants:
    """The merchants of a country, rows as ``merchants`` publishes them.

    Attributes:
        country_iso: Its code.
        rows: Rows of ``merchants``.
        on_map: Whether the outlets of each row have coordinates, bool (rows,).
        circles: Longitude and latitude of the centre, degrees, and radius, km, of the circle that the outlets of
            each row must lie in; NaN for none; float64 (rows, 3).
    """

    country_iso: str
    rows: pa.Table
    on_map: NDArray[np.bool_]
    circles: NDArray[np.float64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Outlets of each row, int64 (rows,)."""
        return self.numbers("n")

    @property
    def site_count(self) -> int:
        """Outlets of all rows."""
        return int(self.counts.sum())

    @property
    def is_spaced(self) -> NDArray[np.bool_]:
        """Whether the outlets of each row keep apart, bool (rows,)."""
        spaced: NDArray[np.bool_] = pc.equal(self.rows["spacing"], "catchment").to_numpy()
        return spaced

    @property
    def gamma8(self) -> NDArray[np.int64]:
        """Eight times the power of density that the outlets of each row follow, int64 (rows,)."""
        gammas: NDArray[np.float64] = self.rows["gamma"].to_numpy()
        return (gammas * GAMMA_STEPS).astype(np.int64)

    def numbers(self, name: str) -> NDArray[np.int64]:
        """Return a column of integers, int64 (rows,)."""
        numbers: NDArray[np.int64] = self.rows[name].to_numpy().astype(np.int64)
        return numbers

    def slice(self, first: int, stop: int) -> tuple[CountryMerchants, int]:
        """Return the rows that some outlets belong to, and how many outlets of the first of them come before.

        Args:
            first: First outlet, counted through all rows.
            stop: Outlet after the last.
        """
        upto = np.cumsum(self.counts)
        begin, end = np.searchsorted(upto, (first, stop - 1), side="right").tolist()
        part = slice(begin, end + 1)
        before = first - int(upto[begin - 1]) if begin else first
        rows = rows_between(self.rows, begin, end + 1)
        return CountryMerchants(
            self.country_iso, rows, self.on_map[part], self.circles[part]
        ), before


@dataclass(frozen=True, slots=True, eq=False)
class Requirements:
    """What is asked for.

    Attributes:
        by_country: Merchants of each country, ascending by code.
        own_columns: The user's own columns.
        table: The table that this came from, without the rows that were skipped.
    """

    by_country: Mapping[str, CountryMerchants]
    own_columns: tuple[OwnColumn, ...]
    table: MerchantTable

    @property
    def dataset(self) -> Dataset:
        """The dataset ``merchants`` with the user's own columns."""
        return merchants_with(self.own_columns)


def require_sites(merchants: MerchantTable, inputs: PlacingInputs) -> Requirements:
    """Return what is asked for, kinds filled in, checked against the world.

    Tells of unused columns, unknown kinds and skipped rows.

    Raises:
        InputError: ``merchants-unplaceable``.
    """
    if merchants.for_any_world:
        merchants = merchants.within(inputs.spans)
        if not merchants.rows.num_rows:
            raise InputError(
                "merchants-unplaceable",
                f"the world has no country of {merchants.source}; it has {listed(tuple(inputs.spans))}.",
                "Give a table of merchants in these countries, or take the demonstration of all countries, demo.",
            )
    given = [
        pc.fill_null(merchants.rows[name], float("nan")).to_numpy()
        for name in ("lon", "lat", "radius_km")
    ]
    merchants, circles = settled_in_world(
        merchants, np.column_stack(given), inputs, _tile_problems(merchants, inputs.spans)
    )
    kinds = _kinds_of(merchants, inputs.observer)
    own_columns = tuple(
        OwnColumn(name, str(merchants.rows.schema.field(name).type))
        for name in merchants.own_columns
    )
    rows = _published_rows(
        merchants, kinds, _gammas(merchants, kinds, inputs.countries), own_columns
    )
    on_map = np.array([kind is None or kind.has_site for kind in kinds], np.bool_)
    _emit_findings(merchants, inputs.observer)
    by_country = {
        iso: CountryMerchants(
            iso, rows_between(rows, first, stop), on_map[first:stop], circles[first:stop]
        )
        for iso, first, stop in ranges_of_countries(rows)
    }
    return Requirements(by_country, own_columns, merchants)


def _tile_problems(merchants: MerchantTable, spans: Mapping[str, RowSpans]) -> list[RowProblem]:
    ids, found = merchants.rows["tile_id"], []
    for row in np.flatnonzero(ids.is_valid().to_numpy()).tolist():
        iso, tile = merchants.rows["country_iso"][row].as_py(), ids[row].as_py()
        # As uint64, a negative id is off every grid.
        if iso in spans and not spans[iso].contains(np.array([tile]).astype(np.uint64)).item():
            found.append(RowProblem(row, f"tile {tile} is none of {iso}"))
    return found


def _kinds_of(merchants: MerchantTable, observer: Observer) -> list[Kind | None]:
    """Return the kind of each row, by its code or else its category; None where neither is known."""
    rows = merchants.rows
    codes, categories = rows["mcc"].to_pylist(), rows["category"].to_pylist()
    kinds = []
    unknown: dict[str, int] = {}
    for code, category in zip(codes, categories, strict=True):
        kind = kind_of_mcc(code) if code is not None else None
        if kind is None and category is not None:
            kind = merchant_kinds().get(category)
        if kind is None and (code is not None or category is not None):
            name = quoted(category) if code is None else str(code)
            unknown[name] = unknown.get(name, 0) + 1
        kinds.append(kind)
    if unknown:
        observer.on_event(
            Warned(
                "merchants-kind-unknown",
                f"{number_of(sum(unknown.values()), 'row has', 'rows have')} an mcc or a category of no known kind, "
                f"so outlets follow the population: {listed(tuple(unknown))}.",
            )
        )
    return kinds


def _gammas(merchants: MerchantTable, kinds: list[Kind | None], countries: CountrySet) -> pa.Array:
    """Return the gamma of each row's kind in its country; of regions, in those that they lie in."""
    in_regions = countries.own_codes is not None
    within = {
        iso: countries.places(iso).countries if in_regions else (iso,)
        for iso in merchants.countries
    }
    return pa.array(
        [
            1.0 if kind is None else kind.gamma8_in(within[iso]) / GAMMA_STEPS
            for kind, iso in zip(kinds, merchants.rows["country_iso"].to_pylist(), strict=True)
        ],
        pa.float64(),
    )


def _published_rows(
    merchants: MerchantTable,
    kinds: list[Kind | None],
    gammas: pa.Array,
    own_columns: tuple[OwnColumn, ...],
) -> pa.Table:
    rows = merchants.rows
    filled: dict[str, Any] = {
        "category": pa.array([None if kind is None else kind.name for kind in kinds], pa.string()),
        "mcc": pa.array([0 if kind is None else kind.mccs[0] for kind in kinds], pa.int32()),
        "gamma": gammas,
        "spacing": pa.array(
            ["catchment" if kind is not None and kind.spaced else "none" for kind in kinds],
            pa.string(),
        ),
        "tile_id": -1,
    }
    columns = {
        name: pc.coalesce(rows[name], filled[name]) if name in filled else rows[name]
        for name in rows.column_names
    }
    schema = merchants_with(own_columns).schema
    table = pa.table({name: columns[name].cast(schema.field(name).type) for name in schema.names})
    return table.cast(schema).combine_chunks()


def _emit_findings(merchants: MerchantTable, observer: Observer) -> None:
    """Tell of columns that mean nothing here and of rows that were left out."""
    if merchants.own_columns:
        names = ", ".join(one_line(name, 40) for name in merchants.own_columns)
        observer.on_event(
            Warned(
                "merchants-columns-unused",
                f"unused columns of {merchants.source}, kept in dataset merchants: {names}.",
            )
        )
    if merchants.skipped:
        observer.on_event(Warned("merchants-skipped", merchants.skipped_text()))
