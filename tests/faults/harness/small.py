"""A small world of all stages, in a fraction of a second, and what must be true of it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from site_worlds import SiteWorld, table_from

from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.published.results import find_published
from closedworld.published.tile_index import open_index
from closedworld.stages.people.build import build_people
from closedworld.stages.purchases.build import build_purchases
from closedworld.stages.sites.build import build_sites
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.store.paths import COLLECTION_NAME
from closedworld.testing import tiny_countries, tiny_grid
from closedworld.worlds.world import PublishedWorld

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet

STAGES = ("tiles", "weights", "sites", "people", "purchases")
COUNTRIES = ("AR", "FJ", "FR", "MV", "ZA")


@cache
def countries(isos: tuple[str, ...] = COUNTRIES) -> CountrySet:
    """Five of the made-up countries: a triangle, one beyond 180 degrees, a square, islands, a hole."""
    return countries_from_features(tiny_countries()).select(list(isos))


def build(out: Path, **options: Any) -> None:
    """Build all stages, or those up to the sites, of some countries."""
    until = options.pop("until", "purchases")
    basis = options.pop("basis", "area_m2:2,uniform:1")
    rule = options.pop("rule", "center")
    coverage = options.pop("coverage", False)
    polygons = options.pop("polygons", None) or countries(tuple(options.pop("isos", COUNTRIES)))
    # One after another, so that the n-th call is the same call each time.
    options.setdefault("workers", 1)
    index = build_tile_index(polygons, tiny_grid(), out, rule=rule, coverage=coverage, **options)
    tiles = open_index(index.published.folder)
    weights = build_tile_weights(tiles, out, basis=basis, weigh_by_coverage=coverage, **options)
    world = SiteWorld(tiles, weights.published, polygons)
    # Two part files; a country with few places, because those of France are read anew by each process.
    iso = "FJ" if "FJ" in polygons else polygons.isos[0]
    rows = [{"merchant_id": "a", "country_iso": iso, "n": 3, "category": "grocery"}]
    sites = build_sites(
        world,
        out,
        merchants=table_from(rows),
        countries=polygons,
        task_sites=2,
        **options,
    )
    if until == "sites":
        return
    own = PublishedWorld(tiles, weights.published, {"sites": (sites.published,)})
    cards = {iso: 3}
    people = build_people(own, out, cards=cards, countries=polygons, task_cards=2, **options)
    own = PublishedWorld(
        tiles, weights.published, {"sites": (sites.published,), "people": (people.published,)}
    )
    build_purchases(own, out, days=2, **options)


def published(out: Path) -> dict[str, str]:
    """Return the digest of every file of what readers see, by path; all of it verified."""
    found = {}
    for stage in STAGES:
        for folder in sorted((out / stage).glob("parameter_hash=*")):
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                name = path.relative_to(out).as_posix()
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    if out.exists():
        for one in find_published(out):
            one.verify()
    return found


def is_part_of(found: dict[str, str], whole: dict[str, str]) -> bool:
    """Return whether what is visible is nothing, or the first of the stages.

    A collection, which is not sealed, comes after its result.
    """
    sealed = {name: digest for name, digest in whole.items() if not name.endswith(COLLECTION_NAME)}
    begun = [
        {name: digest for name, digest in sealed.items() if name.startswith(stages)}
        for stages in (tuple(f"{one}/" for one in STAGES[:n]) for n in range(1, len(STAGES)))
    ]
    others = found.items() - sealed.items()
    return others <= whole.items() and dict(found.items() - others) in ({}, *begun, sealed)
