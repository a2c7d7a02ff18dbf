"""The box of a world on the globe, and a collection's licence and bytes, by hand."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from closedworld.kernels.grid import Grid
from closedworld.published.stac import _wrapped, bbox_of, collection, providers_of, to_json

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("lon", "wrapped"),
    [
        (-180.0, -180.0),
        (180.0, 180.0),
        (179.5, 179.5),
        (-179.5, -179.5),
        (0.0, 0.0),
        (180.5, -179.5),
        (359.0, -1.0),
        (-180.5, 179.5),
        (-359.0, 1.0),
    ],
)
def test_a_longitude_is_named_between_both_ends(lon: float, wrapped: float) -> None:
    assert _wrapped(lon) == wrapped


def box(folder: Path, grid: Grid, *files: list[tuple[int, int, int]]) -> tuple[float, ...]:
    """Return the box of runs, ``(row, first column, last but one)``, in some files of small row groups."""
    names = "raster_row", "col_start", "col_stop"
    for number, runs in enumerate(files):
        columns = [[run[side] for run in runs] for side in range(3)]
        table = pa.table(
            {"tiles": [1] * len(runs)}
            | {name: pa.array(own, pa.int64()) for name, own in zip(names, columns, strict=True)}
        )
        pq.write_table(table, folder / f"{number}", row_group_size=2)
    entries = [SimpleNamespace(rows=len(runs), path=str(n)) for n, runs in enumerate(files)]
    tiles: Any = SimpleNamespace(
        files=lambda _: {"A": entries[:1], "B": entries[1:]},
        open_parquet=lambda entry: pq.ParquetFile(folder / entry.path),
        parameters=lambda _: SimpleNamespace(grid=grid),
    )
    return bbox_of(tiles)


def test_a_box_holds_every_run_of_every_file(tmp_path: Path) -> None:
    grid = Grid(-180.0, 90.0, 10.0, 10.0, 36, 18)
    runs = [(4, 20, 22), (5, 19, 21), (5, 25, 26), (6, 20, 28), (7, 20, 21)]
    assert box(tmp_path, grid, runs) == (10.0, 10.0, 100.0, 50.0)
    assert box(tmp_path, grid, [], runs[:2], [(9, 20, 21)]) == (10.0, -10.0, 40.0, 50.0)


@pytest.mark.parametrize(
    ("first", "stop", "sides"),
    [
        (0, 36, (-180.0, 180.0)),
        (0, 35, (-180.0, 180.0)),
        (1, 36, (-180.0, 180.0)),
        (0, 34, (-180.0, 160.0)),
        (2, 36, (-160.0, 180.0)),
    ],
)
def test_a_box_that_lacks_a_column_at_most_goes_round_the_globe(
    tmp_path: Path, first: int, stop: int, sides: tuple[float, float]
) -> None:
    grid = Grid(-180.0, 90.0, 10.0, 10.0, 36, 18)
    west, south, east, north = box(tmp_path, grid, [(0, first, stop), (17, first, stop)])
    assert ((west, east), south, north) == (sides, -90.0, 90.0)


def test_a_box_ends_at_the_poles(tmp_path: Path) -> None:
    """On grids whose outermost cells reach beyond."""
    grid: Any = SimpleNamespace(west=-180.0, north=95.0, cell_width=10.0, cell_height=10.0)
    assert box(tmp_path, grid, [(0, 18, 19), (18, 18, 19)]) == (0.0, -90.0, 10.0, 90.0)


def provider(licence: str) -> dict[str, Any]:
    return {"name": licence, "url": "https://example.org", "closedworld:licence": licence}


@pytest.mark.parametrize(
    ("licences", "stated"),
    [
        ([], "other"),
        (["CC-BY-4.0"], "CC-BY-4.0"),
        (["CC-BY-4.0", "CC-BY-4.0"], "CC-BY-4.0"),
        (["CC-BY-4.0", "ODbL-1.0"], "other"),
        (["LicenseRef-public-domain"], "other"),
    ],
)
def test_a_collection_has_the_licence_of_all_or_another(licences: list[str], stated: str) -> None:
    content = collection("a", "b", None, [provider(one) for one in licences], {})
    assert content["license"] == stated
    assert [one["title"] for one in content["links"]] == licences


@pytest.mark.parametrize("bbox", [None, (1.0, 2.0, 3.0, 4.0)])
def test_without_a_box_a_collection_is_of_the_globe(bbox: tuple[float, ...] | None) -> None:
    content = collection("a", "b", bbox, [], {})
    expected = [-180.0, -90.0, 180.0, 90.0] if bbox is None else [1.0, 2.0, 3.0, 4.0]
    assert content["extent"]["spatial"]["bbox"] == [expected]


def test_a_collection_is_written_as_lines() -> None:
    content = {"a": [1], "b": "c"}
    assert to_json(content).decode().split("\n") == [
        "{", ' "a": [', "  1", " ],", ' "b": "c"', "}", ""
    ]  # fmt: skip
    assert json.loads(to_json(content)) == content


def test_a_collection_that_cannot_be_read_names_nobody() -> None:
    def missing(_: str) -> Any:
        raise FileNotFoundError

    published: Any = SimpleNamespace(storage=SimpleNamespace(open=missing))
    assert providers_of(published) == []
