"""Peers on the same polygons and grid, each in its best form, each as a whole process of its own."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from measure import (
    HERE,
    Cost,
    Form,
    ask_script,
    median_cost,
    median_ratio,
    published,
    run_closedworld,
    run_process,
    script,
)
from table import head, row, section

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTRY = "DE"

POLYGONS = (
    HERE.parent / "src" / "closedworld" / "inputs" / "reference" / "data" / "countries.parquet"
)

FINDERS = {
    "closedworld": "closedworld, spans expanded to identifiers",
    "rasterio": "rasterio {}, `rasterize` into the country's window",
    "rusterize": "rusterize {}, uint8 window",
    "regionmask": "regionmask {}, mask of the window",
    "shapely": "shapely {}, prepared, `contains_xy` of the window's centres",
    "nothing": "baseline: starting Python and reading the polygon",
}

TOUCHED = {
    "closedworld-touched": "closedworld, rule any_overlap",
    "exactextract-touched": "exactextract {}, `cell_id`, `center_x`, `center_y`",
}

WORLD = {
    "closedworld": "closedworld, spans written into one uint8 array",
    "rasterio": "rasterio {}, `rasterize` into one uint8 array",
    "rusterize": "rusterize {}, one uint8 array",
}

WRITERS = {
    "duckdb": "DuckDB {}, 2 threads, `COPY ... PARTITION_BY (country_iso)`",
    "polars": "Polars {}, all threads, `sink_parquet` partitioned by country",
}

DATASETS = ("tile_index", "tile_bounds")

COLUMNS = ("wall", "CPU", "peak memory", "tiles/s", "wall / closedworld", "result")


@dataclass(frozen=True, slots=True)
class Question:
    """The task of all peers of one table.

    Attributes:
        where: ISO code of a country, or ``world``.
        seconds: Cell size, arc-seconds.
        names: Each rasterizer, closedworld first, and its label in the table.
    """

    where: str
    seconds: int
    names: dict[str, str]


def main() -> None:
    """Measure and print."""
    form = Form.asked(__doc__)
    one, world = (30, 120) if form.quick else (10, 30)
    section(
        "Peers: which tiles a country has",
        "All programs read the same polygons in the same way. The result for a country is a list of tile "
        "identifiers, for the world one raster of country codes; nothing is written. An additional run "
        "checks that the identifiers are the same as closedworld's.",
    )
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as scratch:
        for names in (FINDERS, TOUCHED):
            compare_rasterizers(Question(COUNTRY, one, names), Path(scratch), form.runs)
        compare_rasterizers(Question("world", world, WORLD), Path(scratch), form.runs)
        section(
            "Peers: writing the rows",
            "DuckDB and Polars read the finished rows from Parquet and write index and bounds again, one "
            "folder per country. closedworld starts from polygons, also writes spans, summaries and a map, "
            "and syncs. Results are compared by each country's number of tiles and a digest of their identifiers.",
        )
        compare_writers(Path(scratch), form)


def compare_rasterizers(question: Question, scratch: Path, runs: int) -> None:
    """Time rasterizers in turn and print a table."""
    commands = {
        name: script("rasterizers.py", name, str(POLYGONS), question.where, str(question.seconds))
        for name in question.names
    }
    answers = {name: scratch / f"{name}.npy" for name in commands}
    for name, command in commands.items():
        run_process([*command, "--keep", str(answers[name])])
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            costs[name].append(run_process(command))
    mine = next(iter(commands))
    head(f"{question.where} at {question.seconds} arc-seconds", *COLUMNS)
    for name, kept in costs.items():
        found = ask_script("compare_tiles.py", str(answers[mine]), str(answers[name]))
        result = f"{found['differing']:,} tiles differ" if found["differing"] else "same tiles"
        if name == mine or not found["tiles"]:
            result = f"{found['tiles']:,} tiles" if found["tiles"] else ""
        called = _called(name, question.names[name])
        print_row(called, kept, costs[mine], found["tiles"], result)
    print(flush=True)
    for answer in answers.values():
        answer.unlink()


def compare_writers(scratch: Path, form: Form) -> None:
    """Time writers of the same rows in turn and print a table."""
    countries, resolution = ("DE,ES,FR,IT,PL", "30s") if form.quick else ("BR,CA,IN", "30s")
    costs: dict[str, list[Cost]] = {name: [] for name in ("closedworld", *WRITERS)}
    sizes: dict[str, int] = {}
    digests = {}
    for _ in range(form.runs):
        world = scratch / "world"
        options = ("--resolution", resolution, "--countries", countries, "--workers", "2")
        costs["closedworld"].append(run_closedworld("tiles", *options, "--out", str(world)))
        folder, datasets = published(world, "tiles")
        written = {"closedworld": folder, **{name: scratch / name for name in WRITERS}}
        for name in WRITERS:
            command = script("writers.py", name, str(folder), str(written[name]), *DATASETS)
            costs[name].append(run_process(command))
        for name, at in written.items():
            digests[name] = [ask_script("writers.py", "digest", str(at / d)) for d in DATASETS]
            files = (file for d in DATASETS for file in (at / d).rglob("*.parquet"))
            sizes[name] = sum(file.stat().st_size for file in files)
        for at in (world, *(scratch / name for name in WRITERS)):
            shutil.rmtree(at)
    tiles = datasets["tile_index"]["rows"]
    head(f"{countries} at {resolution}, {tiles:,} tiles", *COLUMNS, "bytes per tile")
    for name, kept in costs.items():
        called = (
            _called(name, WRITERS[name]) if name in WRITERS else "`closedworld tiles`, 2 workers"
        )
        same = "same tiles" if digests[name] == digests["closedworld"] else "other tiles"
        result = same if name in WRITERS else f"{tiles:,} tiles"
        print_row(called, kept, costs["closedworld"], tiles, result, f"{sizes[name] / tiles:.2f}")


def print_row(
    name: str, costs: Sequence[Cost], ours: Sequence[Cost], tiles: int, *more: str
) -> None:
    """Print what a peer cost."""
    cost = median_cost(costs)
    row(
        name,
        f"{cost.wall:.2f} s",
        f"{cost.cpu:.2f} s",
        f"{cost.peak_mib:.0f} MiB",
        f"{tiles / cost.wall / 1e6:.2f} M" if tiles else "",
        f"{median_ratio(costs, ours):.2f} x",
        *more,
    )


def _called(name: str, text: str) -> str:
    """Return how a peer is called in the table, with its version."""
    return text.format(version(name.removesuffix("-touched"))) if "{}" in text else text


if __name__ == "__main__":
    main()
