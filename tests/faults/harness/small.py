"""A small world of both stages, in a fraction of a second, and what must be true of it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any

from closedworld.inputs.regions.country_reading import countries_from_features
from closedworld.published.results import find_published
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.store.paths import COLLECTION_NAME
from closedworld.testing import tiny_countries, tiny_grid

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet

COUNTRIES = ("AR", "FJ", "FR", "MV", "ZA")


@cache
def countries(isos: tuple[str, ...] = COUNTRIES) -> CountrySet:
    """Five of the made-up countries: a triangle, one beyond 180 degrees, a square, islands, a hole."""
    return countries_from_features(tiny_countries()).select(list(isos))


def build(out: Path, **options: Any) -> None:
    """Build tiles and weights."""
    basis = options.pop("basis", "area_m2:2,uniform:1")
    rule = options.pop("rule", "center")
    isos = tuple(options.pop("isos", COUNTRIES))
    # One after another, so that the n-th call is the same call each time.
    options.setdefault("workers", 1)
    index = build_tile_index(countries(isos), tiny_grid(), out, rule=rule, **options)
    build_tile_weights(open_index(index.published.folder), out, basis=basis, **options)


def published(out: Path) -> dict[str, str]:
    """Return the digest of every file of what readers see, by path; all of it verified."""
    found = {}
    for stage in ("tiles", "weights"):
        for folder in sorted((out / stage).glob("parameter_hash=*")):
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                name = path.relative_to(out).as_posix()
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    if out.exists():
        for one in find_published(out):
            one.verify()
    return found


def is_part_of(found: dict[str, str], whole: dict[str, str]) -> bool:
    """Return whether what is visible is nothing, the tiles, or the tiles and the weights.

    A collection, which is not sealed, comes after its result.
    """
    sealed = {name: digest for name, digest in whole.items() if not name.endswith(COLLECTION_NAME)}
    tiles = {name: digest for name, digest in sealed.items() if name.startswith("tiles/")}
    others = found.items() - sealed.items()
    return others <= whole.items() and dict(found.items() - others) in ({}, tiles, sealed)
