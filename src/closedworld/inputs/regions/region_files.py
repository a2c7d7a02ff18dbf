"""The files of an input of polygons: formats by suffix and first bytes, and files that belong together."""

from __future__ import annotations

from pathlib import Path

from closedworld.errors import InputError
from closedworld.sanitize import library_message

PARQUET_SUFFIXES = (".parquet", ".geoparquet")
_SHAPEFILE_SUFFIXES = (".shp", ".shx", ".dbf", ".prj", ".cpg")
SHAPEFILE_MUST = (".shx", ".dbf")
START_BYTES = 100
# The first bytes of each format. GDAL opens a file only if they fit its suffix, because GDAL goes by
# content alone: text named x.shp could be a virtual dataset that opens other files.
_MAGIC = {
    ".parquet": b"PAR1",
    ".geoparquet": b"PAR1",
    ".gpkg": b"SQLite format 3\x00",
    ".fgb": b"fgb",
    ".shp": b"\x00\x00\x27\x0a",
    ".zip": b"PK\x03\x04",
}
JSON_SUFFIXES = (".geojson", ".json", ".topojson")
GEODATABASE = ".gdb"
# The table that every file geodatabase has: its catalog.
_CATALOG = "a00000001.gdbtable"
SUFFIXES = (*_MAGIC, *JSON_SUFFIXES)
_NAMED_FILES = 5


def input_files(path: str | Path) -> tuple[Path, ...]:
    """Return every file that is read for ``path``, ``path`` itself first.

    For a shapefile these are the .shp, .shx, .dbf, .prj and .cpg that are there, in this order; for
    a GeoPackage with uncommitted pages, its write-ahead log as well; for a folder, the files in it that
    belong to the input.

    Raises:
        InputError: ``input-missing``, ``input-not-a-file``, ``input-format``.
    """
    main = existing(Path(path))
    suffix = main.suffix.lower()
    if main.is_dir():
        return parquet_parts(main) or tuple(
            sorted(file for file in main.iterdir() if file.is_file() and file.suffix != ".lock")
        )
    if suffix == ".shp":
        files = _shapefile_files(main)
        return (main, *(files[suffix] for suffix in _SHAPEFILE_SUFFIXES[1:] if suffix in files))
    if suffix == ".gpkg":
        log = main.with_name(f"{main.name}-wal")
        return (main, log) if log.is_file() and log.stat().st_size else (main,)
    return (main,)


def unreadable(error: BaseException | str, hint: str = "") -> InputError:
    """Return the error ``input-unreadable`` with the message of a library."""
    reason = error if isinstance(error, str) else library_message(error)
    return InputError(
        "input-unreadable",
        f"the file cannot be read: {reason}.",
        hint or "Copy or download it again; if it opens elsewhere, convert it to GeoPackage.",
    )


def existing(path: Path) -> Path:
    """Return the path if it is a file of a known format, a file geodatabase or a folder of Parquet parts.

    Raises:
        InputError: ``input-missing``, ``input-not-a-file``, ``input-format``.
    """
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise InputError("input-missing", f"{path} does not exist.", "Check the path.")
    if not path.is_file():
        raise InputError("input-not-a-file", f"{path} is not a regular file.", "Name a file.")
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            "input-format",
            f"{path.name} has an unknown suffix.",
            f"Supported are {_supported()}; ogr2ogr out.gpkg in.xyz converts.",
        )
    return path


def is_geodatabase(path: Path) -> bool:
    """Return whether a folder is a file geodatabase."""
    return (path / _CATALOG).is_file()


def parquet_parts(folder: Path) -> tuple[Path, ...]:
    """Return the Parquet files of a folder and its folders, in the order of their names; () if there are none."""
    found = (file for suffix in PARQUET_SUFFIXES for file in folder.rglob(f"*{suffix}"))
    hidden = ("_", ".")
    return tuple(
        sorted(
            file
            for file in found
            if file.is_file() and not file.relative_to(folder).name.startswith(hidden)
        )
    )


def _folder(path: Path) -> Path:
    """Return a folder that is an input by itself."""
    if is_geodatabase(path) or (parquet_parts(path) and not _files_in(path)):
        return path
    if path.suffix.lower() == GEODATABASE:
        raise InputError(
            "input-not-a-file",
            f"{path} is a folder without {_CATALOG}, so no file geodatabase.",
            "Unpack or copy all files of the geodatabase.",
        )
    files = _files_in(path)
    what = f"It holds {', '.join(files[:_NAMED_FILES])}: name one" if files else "Name a file"
    raise InputError(
        "input-not-a-file", f"{path} is a folder.", f"{what}. Supported are {_supported()}."
    )


def _files_in(folder: Path) -> list[str]:
    """Return the names of the files of known formats in a folder, but for parts of a Parquet table."""
    return sorted(
        file.name
        for file in folder.iterdir()
        if file.suffix.lower() in {*SUFFIXES, GEODATABASE} - {*PARQUET_SUFFIXES}
    )


def _supported() -> str:
    return ", ".join((*SUFFIXES, f"{GEODATABASE} folders, and folders of Parquet parts"))


def check_start(start: bytes, size: int, suffix: str) -> None:
    """Refuse content that does not fit its suffix, or a .shp that is cut off.

    Args:
        start: The first 100 bytes, fewer if there are no more.
        size: Length of the whole, bytes.
        suffix: Suffix of the file, lower case.

    Raises:
        InputError: ``input-unreadable``.
    """
    if suffix in JSON_SUFFIXES:
        # A byte order mark and blanks may come first.
        fits = start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    else:
        fits = start.startswith(_MAGIC[suffix])
    if not fits:
        raise unreadable(f"its first bytes are not those of a {suffix} file")
    if suffix == ".shp":
        # Bytes 24..27: length of the file in 16-bit words, big-endian (ESRI Shapefile Technical
        # Description, 1998, p. 4). GDAL would give the rows that are cut off no geometry.
        expected = 2 * int.from_bytes(start[24:28], "big")
        if size < max(expected, START_BYTES):
            raise unreadable(f"it is cut off at {size} of {max(expected, START_BYTES)} bytes")


def check_content(path: Path, suffix: str) -> None:
    """Refuse a file whose content does not fit its suffix, or a shapefile that lacks one of its files."""
    with path.open("rb") as file:
        start = file.read(START_BYTES)
    check_start(start, path.stat().st_size, suffix)
    files = _shapefile_files(path) if suffix == ".shp" else None
    missing = [
        path.with_suffix(other).name for other in SHAPEFILE_MUST if files and other not in files
    ]
    if missing:
        raise InputError(
            "input-incomplete",
            f"a shapefile is several files; there is no {' and no '.join(missing)}.",
            "Put all files of the shapefile into one folder.",
        )


def _shapefile_files(path: Path) -> dict[str, Path]:
    """Return the files of a shapefile that are there, by lower-case suffix."""
    files = {path.suffix.lower(): path}
    for suffix in _SHAPEFILE_SUFFIXES[1:]:
        # GDAL looks for these two spellings, so no other counts.
        for spelling in (suffix, suffix.upper()):
            candidate = path.with_suffix(spelling)
            if candidate.is_file():
                files.setdefault(suffix, candidate)
    return files
