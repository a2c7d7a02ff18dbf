"""Reads and checks countries, from a file or from shapely geometries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.errors import ClosedWorldError, GeometryError, InputError
from closedworld.inputs.crs import require_wgs84
from closedworld.inputs.regions.country_codes import (
    advice_for_unknown,
    alpha_2_of,
    choose_columns,
    name_of,
)
from closedworld.inputs.regions.country_set import Country, CountrySet, Note
from closedworld.inputs.regions.geometry_checks import check_geometries
from closedworld.inputs.regions.problems import CountryCheck, Problem, RowLabel
from closedworld.inputs.regions.raw_rows import Header, decode
from closedworld.inputs.regions.reader import open_reader
from closedworld.sanitize import one_line, quoted

Geometries = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class _Options:
    repair_geometry: bool
    skip_unknown_codes: bool


@dataclass(slots=True)
class _Findings:
    """Problems and notes so far; every step adds to them."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read_countries(
    path: str | Path,
    *,
    iso_column: str | None = None,
    name_column: str | None = None,
    layer: str | None = None,
    repair_geometry: bool = False,
    skip_unknown_codes: bool = False,
) -> CountrySet:
    """Read the countries in a file of polygons.

    Args:
        path: GeoParquet, GeoPackage, shapefile (also zipped), GeoJSON or FlatGeobuf, recognised by
            its suffix, in WGS 84 longitude and latitude.
        iso_column: Column of ISO 3166-1 alpha-2 or alpha-3 codes; ``None`` looks for one by name.
        name_column: Column of names; ``None`` looks for one and falls back to the ISO table.
        layer: Layer, for files with several.
        repair_geometry: Whether to repair invalid polygons, and note it, instead of raising.
        skip_unknown_codes: Whether to leave out rows without a code, and note it, instead of raising.

    Returns:
        The countries in the order of their codes. They do not depend on the order of the rows.

    Raises:
        ConfigError: ``column-unknown``, ``layer-unknown``.
        InputError: The file cannot be used; the codes are those listed at ``check_countries``.
        GeometryError: Likewise for polygons that are missing, invalid or not on the globe.
    """
    return check_countries(
        path,
        iso_column=iso_column,
        name_column=name_column,
        layer=layer,
        repair_geometry=repair_geometry,
        skip_unknown_codes=skip_unknown_codes,
    ).require()


def check_countries(
    path: str | Path,
    *,
    iso_column: str | None = None,
    name_column: str | None = None,
    layer: str | None = None,
    repair_geometry: bool = False,
    skip_unknown_codes: bool = False,
) -> CountryCheck:
    """Read the countries in a file of polygons and list all problems.

    Takes the arguments of ``read_countries`` and raises nothing for a file that cannot be used; its
    problems are in the result. Codes of problems:

    - the file: ``input-missing``, ``input-not-a-file``, ``input-format``, ``input-path``,
      ``input-incomplete``, ``input-unreadable``, ``zip-content``, ``layer-unknown``,
      ``layer-ambiguous``, ``layer-none``, ``geoparquet-metadata``, ``geoparquet-encoding``,
      ``geoparquet-edges``, ``crs-missing``, ``crs-unreadable``, ``crs-not-wgs84``,
      ``column-unknown``, ``iso-column-missing``, ``countries-none``;
    - a row: ``code-unknown``, ``geometry-empty``, ``geometry-unreadable``,
      ``geometry-not-polygon``, ``coordinates-not-finite``, ``coordinates-out-of-range``,
      ``ring-round-pole``, ``geometry-invalid``, ``geometry-unrepairable``,
      ``geometry-overlaps-itself``.
    """
    source = one_line(Path(path).name)
    options = _Options(repair_geometry, skip_unknown_codes)
    found = _Findings()
    try:
        reader = open_reader(path, layer)
        # A wrong reference system is reported together with what else is wrong.
        crs_is_known = _note_crs(reader.header, found)
        columns = choose_columns(reader.header.columns, iso_column, name_column)
        rows = reader.rows(columns.to_read)
    except ClosedWorldError as error:
        return CountryCheck(source, problems=(*found.problems, _of_file(error)))
    found.notes += [Note("reader", "", f"the reader says: {warning}") for warning in rows.warnings]
    names = [None] * len(rows) if columns.name is None else rows.values[columns.name]
    hint = advice_for_unknown(columns.iso, reader.header.columns)
    labels = _labels(rows.values[columns.iso], names, hint, options, found)
    kept = [label for label in labels if label is not None]
    wkb = [value for value, label in zip(rows.wkb, labels, strict=True) if label is not None]
    geometries = np.full(len(kept), None)
    if crs_is_known:
        geometries = decode(wkb, kept, found.problems)
        geometries = _check(geometries, kept, options, found)
    countries = _gather(geometries, kept, found)
    return CountryCheck(
        source, len(rows), columns.iso, columns.name or "", countries, _by_row(found.problems)
    )


def countries_from_features(
    features: Iterable[tuple[str, str, shapely.Geometry | None]],
    *,
    repair_geometry: bool = False,
    skip_unknown_codes: bool = False,
) -> CountrySet:
    """Return the countries of shapely geometries, checked like those of a file.

    Args:
        features: ``(code, name, geometry)`` of each feature: an ISO 3166-1 alpha-2 or alpha-3 code,
            a name or an empty string, and a polygon or multipolygon in WGS 84 longitude and latitude.
            From geopandas: ``zip(frame["iso"], frame["name"], frame.geometry)``.
        repair_geometry: As in ``read_countries``.
        skip_unknown_codes: As in ``read_countries``.

    Raises:
        InputError: ``code-unknown``, ``countries-none``.
        GeometryError: The codes for rows at ``check_countries``.
    """
    given = list(features)
    options = _Options(repair_geometry, skip_unknown_codes)
    found = _Findings()
    hint = "Give ISO 3166-1 alpha-2 or alpha-3 codes, or skip_unknown_codes=True."
    labels = _labels([code for code, _, _ in given], [n for _, n, _ in given], hint, options, found)
    kept = [label for label in labels if label is not None]
    in_hand = [g for (_, _, g), label in zip(given, labels, strict=True) if label is not None]
    geometries = _check(_of_shapely(in_hand, kept, found), kept, options, found)
    countries = _gather(geometries, kept, found)
    return CountryCheck(
        "features", len(given), countries=countries, problems=_by_row(found.problems)
    ).require()


def _of_shapely(
    in_hand: Sequence[object], labels: Sequence[RowLabel], found: _Findings
) -> Geometries:
    """Return shapely geometries and ``None``, object (n,); report anything else as a problem."""
    geometries = np.full(len(in_hand), None)
    for at, value in enumerate(in_hand):
        if value is None or isinstance(value, shapely.Geometry):
            geometries[at] = value
            continue
        what = f"has a {type(value).__name__} where a shapely geometry belongs."
        hint = "Convert it, for example with shapely.geometry.shape or shapely.from_wkt."
        code = "geometry-unreadable"
        found.problems.append(Problem.of_row(GeometryError, code, labels[at], what, hint))
    return geometries


def _of_file(error: ClosedWorldError) -> Problem:
    return Problem(type(error), error.code, error.message, error.hint)


def _note_crs(header: Header, found: _Findings) -> bool:
    """Report a wrong reference system; return whether coordinates may be longitude and latitude."""
    try:
        require_wgs84(header.crs)
    except InputError as error:
        found.problems.append(_of_file(error))
        return error.code == "crs-missing"
    return True


def _labels(
    codes: Sequence[object],
    names: Sequence[object],
    hint: str,
    options: _Options,
    found: _Findings,
) -> list[RowLabel | None]:
    """Return the label of every row, ``None`` for those to be skipped."""
    labels: list[RowLabel | None] = []
    for row, (code, name) in enumerate(zip(codes, names, strict=True), start=1):
        iso = alpha_2_of(code)
        label = RowLabel(row, iso or "", name if isinstance(name, str) else "")
        if iso is None:
            what = f"has the code {quoted(code)}, which is not in ISO 3166-1."
            if options.skip_unknown_codes:
                found.notes.append(Note("skipped", "", f"{label} {what}", (("row", row),)))
                labels.append(None)
                continue
            found.problems.append(Problem.of_row(InputError, "code-unknown", label, what, hint))
        labels.append(label)
    return labels


def _check(
    geometries: Geometries, labels: Sequence[RowLabel], options: _Options, found: _Findings
) -> Geometries:
    """Check the geometries of all rows that could be read."""
    failed = {problem.row for problem in found.problems if problem.code == "geometry-unreadable"}
    at = [i for i, label in enumerate(labels) if label.row not in failed]
    checked = check_geometries(
        geometries[at], [labels[i] for i in at], repair_geometry=options.repair_geometry
    )
    found.problems += checked.problems
    found.notes += checked.notes
    result = np.full(len(geometries), None)
    result[at] = checked.geometries
    return result


def _gather(geometries: Geometries, labels: Sequence[RowLabel], found: _Findings) -> CountrySet:
    """Merge the rows of each country; leave out countries with a problem in any row."""
    rows_of: dict[str, list[int]] = {}
    for at, label in enumerate(labels):
        if label.iso:
            rows_of.setdefault(label.iso, []).append(at)
    countries = []
    for iso in sorted(rows_of):
        rows = rows_of[iso]
        if len(rows) > 1:
            message = f"{iso}: {len(rows)} rows were merged into one country."
            found.notes.append(Note("merged", iso, message, (("rows", len(rows)),)))
        if all(geometries[at] is not None for at in rows):
            features = sorted((geometries[at] for at in rows), key=shapely.to_wkb)
            name = _name(iso, [labels[at] for at in rows], geometries[rows])
            countries.append(Country(iso, name, tuple(features)))
    if not countries and not found.problems:
        hint = "Check that the right file and layer are read."
        found.problems.append(Problem(InputError, "countries-none", "no country is left.", hint))
    known = {country.iso for country in countries} | {""}
    notes = sorted((note for note in found.notes if note.iso in known), key=lambda note: note.iso)
    return CountrySet(tuple(countries), tuple(notes))


def _name(iso: str, labels: Sequence[RowLabel], geometries: Geometries) -> str:
    """Return the name of the row with the largest area, or the ISO table's when it has none."""
    ranked = sorted(
        zip(-shapely.area(geometries), (one_line(label.name) for label in labels), strict=True)
    )
    return ranked[0][1] or name_of(iso)


def _by_row(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.row))
