"""What the outside sees of a small world: hashes, digests, seals, sampled points, outlets, homes and
purchases.

``python tests/golden/golden.py`` prints it as ``golden.json`` holds it. That file changes only with a
``FORMAT`` or a version of pyarrow, tzfpy or tzdata, and the changelog says so.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import closedworld as cw

HERE = Path(__file__).parent
POLYGONS, POPULATION, MERCHANTS, LITERALS = (
    HERE / name for name in ("countries.geojson", "population.tif", "merchants.csv", "golden.json")
)

RULES = ("center", "any_overlap")
BASES = ("population", "area_m2")
SLIVER_SEEDS = (29, 41, 106, 375, 383, 507)
"""Seeds whose first point in the Maldives, tile chosen by area or by population under ``any_overlap``,
lies in a sliver: all points tried over its tile miss the country, so it comes from the triangles."""
CARDS = "FJ=6,MV=2,ZA=12"
"""Cards by country."""

SAMPLES = [
    ("FJ", 7, 7),
    ("MV", 6, 7),
    ("ZA", 7, 7),
    *(("MV", 1, seed) for seed in SLIVER_SEEDS),
]
"""Country, points and seed: Fiji lies across the antimeridian, the Maldives are many islands, South
Africa has a hole."""


def observe(out: Path, rule: str, basis: str, **options: Any) -> dict[str, Any]:
    """Build a world and return what is public of it."""
    outcome = cw.run_world(
        cw.RunConfig(
            out=out,
            polygons=POLYGONS,
            raster=POPULATION,
            rule=rule,
            basis=basis,
            coverage=rule == "any_overlap",
            weigh_by_coverage=rule == "any_overlap",
            merchants=MERCHANTS,
            cards=CARDS,
            days=2,
            seed=7,
            **options,
        )
    )
    world = cw.open_world(out)
    sites = world.sites.to_table().to_pylist()
    cards = world.cards.to_table().to_pylist()
    bought = world.purchases.to_table().to_pylist()
    return {
        "tiles": stage_of(outcome.result(cw.TileIndex).published),
        "weights": stage_of(outcome.result(cw.TileWeights).published),
        "sites": stage_of(outcome.result(cw.PublishedSites).published),
        "people": stage_of(outcome.result(cw.PublishedPeople).published),
        "purchases": stage_of(outcome.result(cw.PublishedPurchases).published),
        "points": points_of(out),
        "outlets": [[one["country_iso"], one["site_id"], one["lon"], one["lat"]] for one in sites],
        "homes": [
            [one["country_iso"], one["tile_id"], one["home_lon"], one["home_lat"]] for one in cards
        ],
        "bought": [
            [one["card_id"], str(one["ts_utc"]), one["site_id"], one["amount"]] for one in bought
        ],
    }


def points_of(out: Path) -> list[list[Any]]:
    """Return points sampled from a world."""
    world, countries = cw.open_world(out), cw.read_countries(POLYGONS)
    return [
        [one["country_iso"], one["tile_id"], one["lon"], one["lat"]]
        for iso, n, seed in SAMPLES
        for one in world.sample(country=iso, n=n, seed=seed, countries=countries).table.to_pylist()
    ]


def stage_of(published: cw.Published) -> dict[str, Any]:
    """Return what the receipt of a published result states of the whole."""
    receipt = json.loads((published.folder / "_receipt.json").read_bytes())
    return {
        "parameter_hash": receipt["parameter_hash"],
        "values_sha256": receipt["values_sha256"],
        "seal_sha256": receipt["seal_sha256"],
    }


def bundled_world(out: Path) -> dict[str, dict[str, str]]:
    """Build the bundled world and return the digests of its values."""
    outcome = cw.run_world(cw.RunConfig(out=out))
    return {
        "tiles": stage_of(outcome.result(cw.TileIndex).published)["values_sha256"],
        "weights": stage_of(outcome.result(cw.TileWeights).published)["values_sha256"],
    }


def worlds_below(folder: Path, **options: Any) -> dict[str, Any]:
    """Return what is public of each world, by rule and basis."""
    return {
        f"{rule} {basis}": observe(folder / rule / basis, rule, basis, **options)
        for rule in RULES
        for basis in BASES
    }


def main() -> None:
    """Print all literals."""
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "pyarrow": version("pyarrow"),
            "tzfpy": version("tzfpy"),
            "tzdata": version("tzdata"),
            "worlds": worlds_below(Path(folder), executor="serial"),
            "bundled": bundled_world(Path(folder) / "bundled"),
        }
    text = json.dumps(found, indent=1)
    # A point a line.
    sys.stdout.write(
        re.sub(r'\[\s+(\S+)\s+("[^"]*",|\S+)\s+(\S+)\s+(\S+)\s+\]', r"[\1 \2 \3 \4]", text) + "\n"
    )


if __name__ == "__main__":
    main()
