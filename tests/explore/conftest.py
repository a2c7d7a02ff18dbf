"""Small worlds, and their maps in a browser."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as pads
import pytest

import closedworld as cw

if TYPE_CHECKING:
    from pathlib import Path


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
def center_map(center: cw.PublishedWorld) -> cw.MapPage:
    """The map of ``center``, without more than it must have."""
    return center.explore(budget=0)


@pytest.fixture(scope="session")
def overlap(tmp_path_factory: pytest.TempPathFactory) -> cw.PublishedWorld:
    """Read only."""
    return built(tmp_path_factory.mktemp("overlap") / "world", rule="any_overlap")


@pytest.fixture(scope="session")
def reseeded(tmp_path_factory: pytest.TempPathFactory) -> cw.PublishedWorld:
    """Lesotho and New Zealand as in ``center``, but with uniform weights and sites of another seed; read only."""
    return built(
        tmp_path_factory.mktemp("reseeded") / "world",
        countries=("LS", "NZ"),
        basis="uniform",
        merchants="demo",
        seed=4,
    )


class Purchases:
    """Datasets of purchases in memory, as a published result has them."""

    def __init__(self) -> None:
        places = [(-0.13, 51.5), (None, None), (2.35, 48.86), (-74.0, 40.7), (2.35, 48.86)]
        hours = [0.0, 0.5, 1.0, 2.0, 10.0]
        kinds = [None, None, None, "clone", None]
        # Not in the order of cards or of time; the second card buys once.
        order = [3, 0, 5, 4, 1, 2]
        rows = [
            {
                "purchase_id": 100 + i,
                "ts_utc": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour),
                "card_id": "traveller",
                "merchant_id": HOSTILE if i == 2 else "shop",
                "channel": "online" if place[0] is None else "pos",
                "category": "grocery",
                "amount": 12.5 + i,
                "currency": "EUR",
                "lon": place[0],
                "lat": place[1],
            }
            for i, (place, hour) in enumerate(zip(places, hours, strict=True))
        ]
        rows.append({**rows[0], "purchase_id": 105, "card_id": "at home"})
        truth = [
            {"purchase_id": 100 + i, "fraud_type": kind, "hard_negative": None}
            for i, kind in enumerate([*kinds, None])
        ]
        schema = pa.schema(
            [("purchase_id", pa.int64()), ("ts_utc", pa.timestamp("us", "UTC"))]
            + [(name, pa.string()) for name in ("card_id", "merchant_id", "channel", "category", "currency")]
            + [(name, pa.float64()) for name in ("amount", "lon", "lat")]
        )  # fmt: skip
        negative = pa.schema(
            [("purchase_id", pa.int64()), ("fraud_type", pa.string()), ("hard_negative", pa.string())]
        )  # fmt: skip
        self.tables = {
            "purchases": pa.Table.from_pylist([rows[i] for i in order], schema),
            "truth": pa.Table.from_pylist(truth, negative),
        }

    def dataset(self, name: str) -> pads.Dataset:
        return pads.dataset(self.tables[name])


class People:
    """Cards in memory, as a published result has them."""

    def dataset(self, name: str) -> pads.Dataset:
        assert name == "cards"
        texts = {
            "card_id": "traveller",
            "country_iso": "LS",
            "place": "Maseru",
            "admin1": None,
            "urban": "city",
        }
        row = {**texts, "tzid": "Africa/Maseru", "home_lon": 27.5, "home_lat": -29.3}
        return pads.dataset(pa.Table.from_pylist([row]))


@pytest.fixture
def people() -> Any:
    return People()


@pytest.fixture
def purchases() -> Any:
    return Purchases()


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
