"""Reads and checks countries, from a file or from shapely geometries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.errors import ClosedWorldError, InputError
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
from closedworld.inputs.regions.row_checks import RowChecks
from closedworld.sanitize import one_line, quoted


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
    rows = RowChecks()
    try:
        reader = open_reader(path, layer)
        # A wrong reference system is reported together with what else is wrong.
        crs_is_known = _note_crs(reader.header, rows)
        columns = choose_columns(reader.header.columns, iso_column, name_column)
        read = reader.rows(columns.to_read)
    except ClosedWorldError as error:
        return CountryCheck(source, problems=(*rows.problems, _of_file(error)))
    rows.notes += [Note("reader", "", f"the reader says: {warning}") for warning in read.warnings]
    names = [None] * len(read) if columns.name is None else read.values[columns.name]
    hint = advice_for_unknown(columns.iso, reader.header.columns)
    given = zip(read.values[columns.iso], names, read.wkb, strict=True)
    _label(rows, given, hint, skip_unknown_codes=skip_unknown_codes)
    if crs_is_known:
        decode(rows)
        check_geometries(rows, repair_geometry=repair_geometry)
    countries = _gather(rows)
    return CountryCheck(
        source, len(read), columns.iso, columns.name or "", countries, _by_row(rows.problems)
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
    rows = RowChecks()
    hint = "Give ISO 3166-1 alpha-2 or alpha-3 codes, or skip_unknown_codes=True."
    _label(rows, features, hint, skip_unknown_codes=skip_unknown_codes)
    _take_shapely(rows)
    check_geometries(rows, repair_geometry=repair_geometry)
    countries = _gather(rows)
    return CountryCheck("features", countries=countries, problems=_by_row(rows.problems)).require()


def _take_shapely(rows: RowChecks) -> None:
    """Set the geometries of rows from shapely geometries; refuse what is none."""
    for at, value in enumerate(rows.raw):
        if value is None or isinstance(value, shapely.Geometry):
            rows.geometries[at] = value
            continue
        what = f"has a {type(value).__name__} where a shapely geometry belongs."
        hint = "Convert it, for example with shapely.geometry.shape or shapely.from_wkt."
        rows.refuse(at, "geometry-unreadable", what, hint)


def _of_file(error: ClosedWorldError) -> Problem:
    return Problem(type(error), error.code, error.message, error.hint)


def _note_crs(header: Header, rows: RowChecks) -> bool:
    """Report a wrong reference system; return whether coordinates may be longitude and latitude."""
    try:
        require_wgs84(header.crs)
    except InputError as error:
        rows.problems.append(_of_file(error))
        return error.code == "crs-missing"
    return True


def _label(
    rows: RowChecks,
    given: Iterable[tuple[object, object, object]],
    hint: str,
    *,
    skip_unknown_codes: bool,
) -> None:
    """Take the ``(code, name, geometry)`` of every row that is not to be skipped."""
    for row, (code, name, geometry) in enumerate(given, start=1):
        iso = alpha_2_of(code)
        label = RowLabel(row, iso or "", name if isinstance(name, str) else "")
        if iso is None:
            what = f"has the code {quoted(code)}, which is not in ISO 3166-1."
            if skip_unknown_codes:
                rows.notes.append(Note("skipped", "", f"{label} {what}", (("row", row),)))
                continue
            rows.problems.append(Problem.of_row(InputError, "code-unknown", label, what, hint))
        rows.labels.append(label)
        rows.raw.append(geometry)
    rows.geometries = np.full(len(rows.raw), None)


def _gather(checked: RowChecks) -> CountrySet:
    """Merge the rows of each country; leave out countries with a problem in any row."""
    rows_of: dict[str, list[int]] = {}
    for at, label in enumerate(checked.labels):
        if label.iso:
            rows_of.setdefault(label.iso, []).append(at)
    countries = []
    for iso, rows in sorted(rows_of.items()):
        if len(rows) > 1:
            message = f"{iso}: {len(rows)} rows were merged into one country."
            checked.notes.append(Note("merged", iso, message, (("rows", len(rows)),)))
        geometries = checked.geometries[rows]
        if not shapely.is_missing(geometries).any():
            features = sorted(geometries, key=shapely.to_wkb)
            name = _name(iso, [checked.labels[at] for at in rows], geometries)
            countries.append(Country(iso, name, tuple(features)))
    if not countries and not checked.problems:
        hint = "Check that the right file and layer are read."
        checked.problems.append(Problem(InputError, "countries-none", "no country is left.", hint))
    known = {country.iso for country in countries} | {""}
    notes = sorted((note for note in checked.notes if note.iso in known), key=lambda note: note.iso)
    return CountrySet(tuple(countries), tuple(notes))


def _name(iso: str, labels: Sequence[RowLabel], geometries: NDArray[np.object_]) -> str:
    ranked = sorted(
        zip(-shapely.area(geometries), (one_line(label.name) for label in labels), strict=True)
    )
    return ranked[0][1] or name_of(iso)


def _by_row(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.row))
