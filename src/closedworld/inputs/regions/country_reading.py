"""Reads and checks countries, from a file or from shapely geometries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Unpack

import numpy as np
import shapely
from numpy.typing import NDArray

from closedworld.errors import ClosedWorldError, InputError
from closedworld.inputs.crs import require_wgs84
from closedworld.inputs.regions.code_columns import (
    Columns,
    advice_for_unknown,
    choose_columns,
    wrong_column,
)
from closedworld.inputs.regions.code_contradictions import contradictions
from closedworld.inputs.regions.country_codes import name_of
from closedworld.inputs.regions.country_set import Country, CountrySet, Note
from closedworld.inputs.regions.geometry_checks import check_geometries
from closedworld.inputs.regions.problems import CountryCheck, Problem, RowLabel
from closedworld.inputs.regions.read_options import ReadArguments, ReadOptions
from closedworld.inputs.regions.region_files import (
    GEODATABASE,
    PARQUET_SUFFIXES,
    check_content,
    existing,
    is_geodatabase,
    parquet_parts,
    unreadable,
)
from closedworld.inputs.regions.repair import Progress, unobserved
from closedworld.inputs.regions.row_codes import RowCodes
from closedworld.inputs.regions.rows import Header, Reader, RowChecks, decode
from closedworld.inputs.regions.swapped_axes import check_axes, elsewhere
from closedworld.kernels.inclusion import Fill
from closedworld.sanitize import one_line


def read_countries(path: str | Path, **options: Unpack[ReadArguments]) -> CountrySet:
    """Read the countries, or other regions with codes, in a file of polygons.

    Args:
        path: GeoParquet (also a folder of parts), GeoPackage, shapefile (also zipped), GeoJSON, TopoJSON, FlatGeobuf
            or file geodatabase, recognised by its suffix, in WGS 84 longitude and latitude.
        options: Those of ``ReadOptions``, such as ``iso_column="CODE"`` or ``fill="nonzero"``.

    Returns:
        The countries in the order of their codes. They do not depend on the order of the rows.

    Raises:
        ConfigError: ``column-unknown``, ``layer-unknown``, ``country-unknown``, or as ``ReadOptions``.
        InputError: The file cannot be used; the codes are those listed at ``check_countries``.
        GeometryError: Likewise for polygons that are missing, invalid or not on the globe.
    """
    return check_countries(path, **options).require()


def check_countries(path: str | Path, **options: Unpack[ReadArguments]) -> CountryCheck:
    """Read the countries in a file of polygons and list all problems.

    Takes the arguments of ``read_countries`` and raises nothing for a file that cannot be used; its
    problems are in the result. Codes of problems:

    - the file: ``input-missing``, ``input-not-a-file``, ``input-format``, ``input-path``,
      ``input-incomplete``, ``input-unreadable``, ``zip-content``, ``layer-unknown``,
      ``layer-ambiguous``, ``layer-none``, ``geoparquet-metadata``, ``geoparquet-encoding``,
      ``geoparquet-edges``, ``crs-missing``, ``crs-unreadable``, ``crs-not-wgs84``,
      ``column-unknown``, ``iso-column-missing``, ``country-unknown``, ``codes-contradict-names``,
      ``coordinates-swapped``, ``countries-none``;
    - a row: ``code-unknown``, ``code-unusable``, ``geometry-empty``, ``geometry-unreadable``,
      ``geometry-not-polygon``, ``coordinates-not-finite``, ``coordinates-out-of-range``,
      ``ring-round-pole``, ``geometry-invalid``, ``geometry-unrepairable``,
      ``geometry-overlaps-itself``.

    Raises:
        ConfigError: As ``ReadOptions``.
    """
    return check_file(path, ReadOptions(**options))


def check_file(
    path: str | Path, options: ReadOptions, progress: Progress = unobserved
) -> CountryCheck:
    """Do what ``check_countries`` does.

    Args:
        path: The file.
        options: How to read it.
        progress: Told of repairs.
    """
    source = one_line(Path(path).name)
    rows = RowChecks()
    try:
        reader = _open(path, options.layer)
        # A wrong reference system is reported together with what else is wrong.
        crs_is_known = _note_crs(reader.header, rows, options)
        columns = choose_columns(reader, options)
        warnings, n_rows = _read_rows(reader, columns, rows, options)
    except ClosedWorldError as error:
        return CountryCheck(source, problems=(*rows.problems, _of_file(error)))
    rows.notes += [Note("reader", "", f"the reader says: {warning}") for warning in warnings]
    if crs_is_known:
        decode(rows)
        check_geometries(rows, options, progress)
    countries = _gather(rows, options)
    return CountryCheck(
        source, n_rows, columns.codes, columns.name or "", countries, _by_row(rows.problems)
    )


def countries_from_features(
    features: Iterable[tuple[str, str, shapely.Geometry | None]], **options: Unpack[ReadArguments]
) -> CountrySet:
    """Return the countries of shapely geometries, checked like those of a file.

    Args:
        features: ``(code, name, geometry)`` of each feature: an ISO 3166-1 code, a name or an empty string, and a
            polygon or multipolygon in WGS 84 longitude and latitude.
            From geopandas: ``zip(frame["iso"], frame["name"], frame.geometry)``.
        options: Those of ``ReadOptions``; columns and layers have no meaning here.

    Raises:
        ConfigError: ``country-unknown``, or as ``ReadOptions``.
        InputError: ``code-unknown``, ``countries-none``, ``codes-contradict-names``.
        GeometryError: The codes for rows at ``check_countries``.
    """
    given = list(features)
    if options.get("regions") == "any":
        options = {"code_column": "code", **options}
    asked = ReadOptions(**options)
    rows = RowChecks()
    codes = RowCodes([code for code, _, _ in given], [name for _, name, _ in given], asked)
    codes.hint = "Give ISO 3166-1 codes, or skip_unknown_codes=True."
    keep = codes.label(rows)
    rows.take([given[at][2] for at in keep])
    _take_shapely(rows)
    check_geometries(rows, asked, unobserved)
    countries = _gather(rows, asked)
    return CountryCheck("features", countries=countries, problems=_by_row(rows.problems)).require()


def _open(path: str | Path, layer: str | None) -> Reader:
    """Open a file of polygons with the reader of its format, by its suffix."""
    main = existing(Path(path))
    suffix = GEODATABASE if main.is_dir() and is_geodatabase(main) else main.suffix.lower()
    try:
        parts = parquet_parts(main) if main.is_dir() else (main,)
        if suffix != GEODATABASE:
            for part in parts:
                check_content(part, part.suffix.lower())
    except OSError as error:
        raise unreadable(error) from error
    if suffix != GEODATABASE and parts[0].suffix.lower() in PARQUET_SUFFIXES:
        from closedworld.inputs.regions.geoparquet_reader import GeoParquetReader  # noqa: PLC0415 (pyarrow)

        return GeoParquetReader.open(parts, layer)
    from closedworld.inputs.regions.gdal_reader import VectorReader  # noqa: PLC0415 (GDAL, 100 ms)

    return VectorReader.open(main, layer)


def _read_rows(
    reader: Reader, columns: Columns, rows: RowChecks, options: ReadOptions
) -> tuple[tuple[str, ...], int]:
    """Label the rows, and read the geometries of those that are wanted; return warnings, and how many rows there are."""
    is_part = bool(options.countries or options.except_countries)
    read = reader.rows(columns.to_read, geometry=not is_part)
    given = read.values[columns.codes]
    names = [None] * len(given) if columns.name is None else read.values[columns.name]
    codes = RowCodes(given, names, options)
    if codes.is_wrong_column:
        raise wrong_column(reader, columns, given)
    if not options.any_codes:
        codes.hint = advice_for_unknown(reader, columns, given)
    keep = codes.label(rows)
    if is_part:
        read = reader.rows((), keep)
        rows.take(read.wkb)
    else:
        rows.take([read.wkb[at] for at in keep])
    return read.warnings, len(given)


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


def _note_crs(header: Header, rows: RowChecks, options: ReadOptions) -> bool:
    """Report a wrong reference system; return whether coordinates may be longitude and latitude."""
    try:
        assumed = require_wgs84(header.crs, assume=options.assume_wgs84)
    except InputError as error:
        rows.problems.append(_of_file(error))
        return error.code == "crs-missing"
    if assumed:
        rows.notes.append(Note("assumed", "", assumed))
    return True


def _gather(checked: RowChecks, options: ReadOptions) -> CountrySet:
    """Merge the rows of each country; leave out countries with a problem in any row, or only such rows."""
    if options.skip_bad_rows:
        checked.skip_bad()
    rows_of: dict[str, list[int]] = {}
    for at, label in enumerate(checked.labels):
        if label.iso and not (options.skip_bad_rows and checked.geometries[at] is None):
            rows_of.setdefault(label.iso, []).append(at)
    countries = []
    for iso, rows in sorted(rows_of.items()):
        if len(rows) > 1:
            message = f"{iso}: {len(rows)} rows were merged into one country."
            checked.notes.append(Note("merged", iso, message, (("rows", len(rows)),)))
        geometries = checked.geometries[rows]
        if not shapely.is_missing(geometries).any():
            features = sorted(geometries, key=shapely.to_wkb)
            name = _name(iso, [checked.labels[at] for at in rows], geometries, options)
            fill = Fill(options.fill) if options.fill and checked.invalid[rows].any() else None
            countries.append(Country(iso, name, tuple(features), fill))
    if not options.any_codes:
        checked.problems += [*contradictions(checked.labels), *check_axes(countries)]
        checked.notes += [] if checked.problems else elsewhere(countries)
    if not countries and not checked.problems:
        hint = "Check that the right file and layer are read."
        checked.problems.append(Problem(InputError, "countries-none", "no country is left.", hint))
    known = {country.iso for country in countries} | {""}
    notes = sorted((note for note in checked.notes if note.iso in known), key=lambda note: note.iso)
    return CountrySet(tuple(countries), tuple(notes), options.regions)


def _name(
    iso: str, labels: Sequence[RowLabel], geometries: NDArray[np.object_], options: ReadOptions
) -> str:
    ranked = sorted(
        zip(-shapely.area(geometries), (one_line(label.name) for label in labels), strict=True)
    )
    return ranked[0][1] or (iso if options.any_codes else name_of(iso))


def _by_row(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.row))
