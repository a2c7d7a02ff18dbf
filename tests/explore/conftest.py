"""Small worlds, and their maps in a browser."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from tabs import launched

import closedworld as cw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

HOSTILE = "</script><script>window.hacked=1</script>\"'><img src=x onerror=window.hacked=1>\u202e{{ data }}"
"""Markup that would end the data, quotes, a change of text direction and a mark of the template."""

COUNTRIES = (
    "AQ", "BR", "CL", "DE", "FJ", "FR", "GB", "GL", "ID", "IT", "JP", "KI", "LS", "MV", "NO", "NZ", "PH", "RU", "US", "ZA",
)  # fmt: skip
"""Across the antimeridian, at the pole, many islands, one inside another."""


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("there is no node on the path")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as one:
        yield one


def built(out: Path, **options: object) -> cw.PublishedWorld:
    """Return a world in half degrees, weights by area."""
    options = {"resolution": "30m", "basis": "area_m2", "countries": COUNTRIES, **options}
    cw.run_world(cw.RunConfig(out=out, **options))  # type: ignore[arg-type]
    return cw.open_world(out)


@pytest.fixture(scope="session")
def center(tmp_path_factory: pytest.TempPathFactory) -> cw.PublishedWorld:
    """Read only."""
    return built(
        tmp_path_factory.mktemp("center") / "world",
        keep_small_countries=True,
        merchants="demo",
        seed=3,
    )


@pytest.fixture(scope="session")
def overlap(tmp_path_factory: pytest.TempPathFactory) -> cw.PublishedWorld:
    """Read only."""
    return built(tmp_path_factory.mktemp("overlap") / "world", rule="any_overlap")


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> cw.MapPage:
    """The map of a world whose folder, regions and merchants have hostile names."""
    folder = tmp_path_factory.mktemp("hostile")
    corners = [[[5, 45], [9, 45], [9, 49], [5, 49], [5, 45]]]
    feature = {
        "type": "Feature",
        "properties": {"iso_a2": "CH", "name": HOSTILE},
        "geometry": {"type": "Polygon", "coordinates": corners},
    }
    polygons = folder / "countries.geojson"
    polygons.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    merchants = folder / "merchants.csv"
    quoted = HOSTILE.replace('"', '""')
    merchants.write_text(f'merchant_id,country,n\n"{quoted}",CH,5\n', encoding="utf-8")
    out = folder / HOSTILE.replace("/", "\\")
    world = built(
        out, polygons=polygons, merchants=merchants, countries=(), basis="uniform", seed=1
    )
    return world.explore(countries=polygons)
