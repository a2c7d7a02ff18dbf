"""Other ways to make points for merchants, each as a whole process, and the merchants themselves."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from closedworld import bundled, open_world, read_countries

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

OUTLETS = 10
MCCS = (5411, 5541, 5812, 5814, 5912, 6011)


def write_merchants(world: Path, target: Path, n: int) -> None:
    """Write a table of merchants of ten outlets each, in countries by their persons."""
    chance = np.random.default_rng(7)
    people = open_world(world).population()
    persons = people["persons"].to_numpy()
    isos = people["country_iso"].take(
        pa.array(chance.choice(len(persons), n, p=persons / persons.sum()))
    )
    columns = {
        "merchant_id": [f"m{k}" for k in range(n)],
        "country_iso": isos,
        "n": np.full(n, OUTLETS),
        "mcc": chance.choice(MCCS, n),
    }
    pq.write_table(pa.table(columns), target)


def in_polygons(world: Path, merchants: pa.Table) -> dict[str, tuple[Any, Any]]:
    """Return points scattered evenly over the polygons of each country by GeoPandas."""
    del world
    frame = read_countries(bundled("countries.parquet").path).to_geopandas()
    wanted = dict(zip(*sites_of(merchants), strict=True))
    frame = frame[frame["country_iso"].isin(wanted)]
    drawn = frame.geometry.sample_points(frame["country_iso"].map(wanted).to_numpy(), rng=7)
    found = {}
    for iso, points in zip(
        frame["country_iso"], drawn.explode(index_parts=False).groupby(level=0), strict=True
    ):
        found[iso] = points[1].x.to_numpy(), points[1].y.to_numpy()
    return found


def on_tiles(world: Path, merchants: pa.Table) -> dict[str, tuple[Any, Any]]:
    """Return points on tiles drawn by weight with NumPy, again where shapely finds them outside."""
    import shapely

    chance = np.random.default_rng(7)
    opened = open_world(world)
    grid = opened.index.grid
    weights = opened.weights.folder / "tile_weights"  # type: ignore[union-attr]
    countries = read_countries(bundled("countries.parquet").path)
    found = {}
    for iso, n in zip(*sites_of(merchants), strict=True):
        files = sorted(weights.glob(f"{iso}-*.parquet"))
        table = pa.concat_tables(
            [pq.read_table(one, columns=["tile_id", "weight_fp"]) for one in files]
        )
        mass = table["weight_fp"].to_numpy()
        ids = table["tile_id"].to_numpy()[chance.choice(len(mass), n, p=mass / mass.sum())]
        rows, cols = np.divmod(ids, grid.n_cols)
        shape = shapely.union_all(countries[iso].features)
        shapely.prepare(shape)
        lons, lats = np.empty((2, n))
        left = np.arange(n)
        while len(left):
            lons[left] = grid.west + (cols[left] + chance.random(len(left))) * grid.cell_width
            lats[left] = grid.north - (rows[left] + chance.random(len(left))) * grid.cell_height
            left = left[~shapely.contains_xy(shape, lons[left], lats[left])]
        found[iso] = lons, lats
    return found


WAYS: dict[str, Callable[[Path, pa.Table], dict[str, tuple[Any, Any]]]] = {
    "geopandas": in_polygons,
    "numpy": on_tiles,
}


def sites_of(merchants: pa.Table) -> tuple[list[str], NDArray[np.int64]]:
    """Return the countries of a table of merchants, and the outlets in each."""
    counted = merchants.group_by("country_iso").aggregate([("n", "sum")]).sort_by("country_iso")
    return counted["country_iso"].to_pylist(), counted["n_sum"].to_numpy()


def write_points(merchants: pa.Table, points: dict[str, tuple[Any, Any]], target: Path) -> None:
    """Write the points with their merchants, sorted by country."""
    rows = merchants.sort_by("country_iso")
    owner = pa.array(np.repeat(np.arange(rows.num_rows), rows["n"].to_numpy()))
    columns = {
        **{name: rows[name].take(owner) for name in ("merchant_id", "country_iso", "mcc")},
        "lon": np.concatenate([points[iso][0] for iso in sorted(points)]),
        "lat": np.concatenate([points[iso][1] for iso in sorted(points)]),
    }
    pq.write_table(pa.table(columns), target, compression="zstd")


def count(folder: Path) -> dict[str, int]:
    """Return how many points a file or a dataset has, and how many of them are different."""
    points = pq.read_table(folder, columns=["lon", "lat"])
    different = points.group_by(["lon", "lat"]).aggregate([])
    return {"points": len(pc.drop_null(points["lon"])), "different": different.num_rows}


def main() -> None:
    """Write merchants, write points for them in some way, or count those of a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=["merchants", *WAYS, "count"])
    parser.add_argument("source", type=Path, help="folder of a world; for count, of points")
    parser.add_argument("target", type=Path, nargs="?")
    parser.add_argument("--merchants", type=Path)
    parser.add_argument("--n", type=int, default=0, help="how many merchants")
    given = parser.parse_args()
    answer: Any = None
    if given.way == "merchants":
        write_merchants(given.source, given.target, given.n)
    elif given.way == "count":
        answer = count(given.source)
    else:
        merchants = pq.read_table(given.merchants)
        write_points(merchants, WAYS[given.way](given.source, merchants), given.target)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
