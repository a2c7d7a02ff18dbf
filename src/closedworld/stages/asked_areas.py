"""Where rows of a user's table ask to be: in a country of the world, in a circle, in a named place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.config.run import RunConfig
from closedworld.datasets import Dataset
from closedworld.errors import InputError, IntegrityError
from closedworld.inputs.loading import Inputs
from closedworld.inputs.reference.place_names import find_place
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.inputs.tables.asked_rows import AskedRows
from closedworld.inputs.tables.columns import RowProblem, RowProblems, first_like
from closedworld.kernels.digests import digest_of_dataset
from closedworld.kernels.placing import (
    Circle,
    PlacingDomain,
    have_circles,
    on_tile,
    tiles_of_shape,
    within_circle,
)
from closedworld.kernels.sampling import CountryShape
from closedworld.kernels.spans import RowSpans
from closedworld.stages.placing_inputs import PlacingInputs

R = TypeVar("R", bound=AskedRows)


def settled_without_tiles(table: R, config: RunConfig, inputs: Inputs) -> R:
    """Return a table checked against the polygons of a world, if its tiles are still to be built.

    Raises:
        InputError: As ``AskedRows.settled``.
    """
    if inputs.countries is None or config.result is not None:
        return table
    countries, problems = inputs.countries.made_valid(), RowProblems([*table.problems.found])
    _check_codes(table.rows, countries.isos, problems)
    circles = np.full((table.rows.num_rows, 3), np.nan)
    _fill_circles_of_places(table.rows, circles, countries, problems)
    settled = replace(table, problems=problems)
    return settled.settled(skip_unplaceable=config.skip_unplaceable)


def settled_in_world(
    table: R,
    circles: NDArray[np.float64],
    inputs: PlacingInputs,
    found: Sequence[RowProblem] = (),
) -> tuple[R, NDArray[np.float64]]:
    """Return a table checked against a world, and the circles that its rows must lie in.

    Args:
        table: The table.
        circles: Longitude and latitude of the centre, degrees, and radius, km, of the circle that each row asks for;
            NaN for none; float64 (rows, 3); circles of places are filled in.
        inputs: The world.
        found: Problems of rows, besides those that the table has.

    Raises:
        InputError: As ``AskedRows.settled``.
    """
    rows, problems = table.rows, RowProblems([*table.problems.found, *found])
    _check_codes(rows, inputs.spans, problems)
    _fill_circles_of_places(rows, circles, inputs.countries, problems)
    _check_circles(rows, circles, inputs.spans, inputs.countries, problems)
    kept = np.ones(len(circles), np.bool_)
    kept[problems.rows()] = False
    settled = replace(table, problems=problems)
    return settled.settled(skip_unplaceable=inputs.skip_unplaceable), circles[kept]


def digest_of_rows(dataset: Dataset, by_country: Mapping[str, pa.Table]) -> str:
    """Return the digest of what is asked for in each country, lower-case hex."""
    digests = {iso: dataset.digest_of(rows.to_batches()) for iso, rows in by_country.items()}
    return digest_of_dataset(dataset.name, digests)


def _check_codes(rows: pa.Table, with_tiles: Collection[str], problems: RowProblems) -> None:
    """Find rows whose ``country_iso`` is none of those with tiles; rows without one have a problem already."""
    known = pa.array([None, *sorted(with_tiles)], pa.string())
    codes = rows["country_iso"]
    for row in np.flatnonzero(pc.invert(pc.is_in(codes, known)).to_numpy()).tolist():
        problems.add([row], f"the world has no tiles of {codes[row].as_py()}")


def _fill_circles_of_places(
    rows: pa.Table,
    circles: NDArray[np.float64],
    countries: CountrySet,
    problems: RowProblems,
) -> None:
    """Fill in the circle of each row that names a ``place``; each name is looked up once.

    Args:
        rows: Columns ``country_iso``, ``place`` and ``admin1``.
        circles: Longitude and latitude of the centre, degrees, and radius, km, float64 (rows, 3).
        countries: The polygons of the world; rows of other countries are left alone.
        problems: Get the rows whose place is not known.
    """
    places_of = cache(countries.places)
    named = np.flatnonzero(rows["place"].is_valid().to_numpy())
    some = rows.select(["country_iso", "place", "admin1"]).take(pa.array(named))
    like = first_like(some)
    first, counts = np.unique(like, return_counts=True)
    # Behind the last split is nothing.
    alike = np.split(named[np.argsort(like, kind="stable")], np.cumsum(counts))
    for own, one in zip(alike, some.take(pa.array(first)).to_pylist(), strict=False):
        iso = one["country_iso"]
        if iso not in countries:
            continue
        try:
            place = find_place(places_of(iso), one["place"], one["admin1"])
        except InputError as error:
            # A table without coordinates cannot give them instead.
            is_useful = "lon" not in error.hint or "lon" in rows.column_names
            text = f"{error.message} {error.hint if is_useful else ''}".rstrip(" .")
            problems.add(own.tolist(), text)
        else:
            circles[own] = place.lon, place.lat, place.radius_km


def _check_circles(
    rows: pa.Table,
    circles: NDArray[np.float64],
    spans: Mapping[str, RowSpans],
    countries: CountrySet,
    problems: RowProblems,
) -> None:
    """Find rows whose circle has nothing of their country's land and tiles; each circle is tried once."""
    shape_of = cache(lambda iso: CountryShape(countries[iso].features))

    @cache
    def is_there(iso: str, lon: float, lat: float, radius_km: float) -> bool:
        land = shape_of(iso).within(Circle(lon, lat, radius_km).polygon())
        return len(tiles_of_shape(spans[iso], land)) > 0

    # Rows of other countries have a problem already.
    asked = np.setdiff1d(np.flatnonzero(have_circles(circles)), problems.rows())
    codes = rows["country_iso"].take(pa.array(asked)).to_pylist()
    for row, iso in zip(asked.tolist(), codes, strict=True):
        lon, lat, radius_km = circles[row].tolist()
        if not is_there(iso, lon, lat, radius_km):
            problems.add(
                [row], f"no tile of {iso} lies within {radius_km:g} km of {lon:g}, {lat:g}"
            )


def parts_of_country(
    domain: PlacingDomain,
    country_iso: str,
    circles: NDArray[np.float64],
    tiles: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> Iterator[tuple[NDArray[np.int64], PlacingDomain]]:
    """Yield what must lie in the same part of a country, and that part.

    Args:
        domain: The country.
        country_iso: Its code.
        circles: As ``settled_in_world`` returns them.
        tiles: Tile that each row asks for, -1 for none, int64 (rows,).
        rows: Row of each thing to place, int64 (n,).

    Raises:
        IntegrityError: ``sites-invalid``: a circle that planning has found to be there is not.
    """
    is_bound = (have_circles(circles) | (tiles != -1))[rows]
    free, bound = np.flatnonzero(~is_bound), np.flatnonzero(is_bound)
    if len(free):
        yield free, domain
    asked = np.column_stack([np.nan_to_num(circles), tiles])[rows[bound]]
    parts, part, counts = np.unique(asked, axis=0, return_inverse=True, return_counts=True)
    order = bound[np.argsort(part.ravel(), kind="stable")]
    # Behind the last split is nothing.
    alike = np.split(order, np.cumsum(counts))
    for which, (lon, lat, radius_km, tile) in zip(alike, parts.tolist(), strict=False):
        if tile != -1:
            yield which, on_tile(domain, int(tiles[rows[which[0]]]))
            continue
        own = within_circle(domain, Circle(lon, lat, radius_km))
        if own is None:
            raise IntegrityError(
                "sites-invalid",
                f"{country_iso} has no tile within {radius_km} km of {lon}, {lat}.",
            )
        yield which, own
