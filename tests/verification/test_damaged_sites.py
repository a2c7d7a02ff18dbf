"""A changed site is found, with the right code and place, though it is sealed anew."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import places
from site_worlds import small_world

from closedworld.inputs.reference.registry import bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

LU_TILE = 483 * 4320 + 2233
"""At 49.7 degrees north and 6.1 east, in tiles of 5 arc-minutes."""

MERCHANTS = [
    {"merchant_id": "a", "country_iso": "FJ", "n": 12, "category": "grocery"},
    {"merchant_id": "b", "country_iso": "FJ", "n": 8, "category": "bank"},
    {"merchant_id": "b", "country_iso": "LU", "n": 5, "category": "bank"},
    {"merchant_id": "net", "country_iso": "LU", "n": 2, "category": "online"},
    {"merchant_id": "near", "country_iso": "LU", "lon": 6.13, "lat": 49.61, "radius_km": 4.0},
    {"merchant_id": "town", "country_iso": "LU", "n": 4, "place": "Luxembourg"},
    {"merchant_id": "tile", "country_iso": "LU", "n": 2, "tile_id": LU_TILE},
]


@pytest.fixture(scope="session")
def sited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world with sites; only to be read."""
    out = tmp_path_factory.mktemp("sited")
    small_world(out, ("FJ", "LU")).build(out, MERCHANTS)
    return out


@pytest.fixture
def damaged(sited: Path, tmp_path: Path, opened: Callable[[Path], Any]) -> Any:
    """A copy of that world, to be damaged."""
    shutil.copytree(sited, tmp_path / "world")
    return opened(tmp_path / "world")


@pytest.fixture(scope="session")
def countries() -> Any:
    return read_countries(bundled("countries.parquet").path)


def test_a_sound_world_has_no_finding(sited: Path, countries: Any) -> None:
    outcome = verify(sited, recompute="all", polygons=countries)
    assert outcome.findings == ()
    placed = [one.count for one in outcome.checks if one.what.startswith("sites by the law")]
    # All but those of no place.
    assert placed == [32]
    assert [one.what for one in outcome.not_checked] == ["membership by GEOS"]


MUTATIONS = [
    ("lon", lambda x: x + 1e-5, "site-law"),
    ("lat", lambda x: x - 1e-5, "site-law"),
    ("lat", lambda x: -x, "site-tile"),
    ("lat", lambda x: -x, "site-outside"),
    ("lon", None, "site-precision"),
    ("tile_id", lambda x: x + 1, "site-tile"),
    ("tile_id", -1, "site-precision"),
    ("tile_id", 1 << 60, "site-tile"),
    ("site_id", lambda x: x + 1, "site-id"),
    ("site_order", lambda x: x + 1, "site-keys"),
    ("merchant_id", "z", "site-keys"),
    ("category", "fuel", "site-kind"),
    ("mcc", 1, "site-kind"),
    ("tzid", "Europe/Paris", "site-zone"),
    ("tzid", None, "site-precision"),
    ("urban", None, "site-precision"),
    ("precision", "none", "site-precision"),
    ("precision", "somewhere", "site-precision"),
]


@pytest.mark.parametrize(
    ("name", "value", "code"), MUTATIONS, ids=[f"{m[0]}-{m[2]}" for m in MUTATIONS]
)
def test_one_changed_value_is_found(
    damaged: Any, countries: Any, name: str, value: Any, code: str
) -> None:
    damaged.set("sites", "FJ", name, 3, value)
    found = verify(damaged.root, recompute="all", polygons=countries).findings
    assert (code, "sites", "FJ") in places(list(found))
    assert {one.country_iso for one in found} <= {"FJ", ""}


def test_a_lost_and_a_doubled_site_are_found(damaged: Any) -> None:
    damaged.change("sites", "LU", lambda rows: rows.slice(1))
    damaged.change("sites", "FJ", lambda rows: pa.concat_tables([rows, rows.slice(0, 1)]))
    found = places(list(verify(damaged.root).findings))
    assert {("site-keys", "sites", "LU"), ("site-keys", "sites", "FJ")} <= found


@pytest.mark.parametrize("merchant", ["near", "town", "tile"])
def test_a_nudge_in_a_circle_a_town_and_a_tile_is_found(
    damaged: Any, countries: Any, merchant: str
) -> None:
    rows = pq.read_table(next(damaged.folder("sites").glob("sites/LU-*.parquet")))
    row = rows["merchant_id"].to_pylist().index(merchant)
    damaged.set("sites", "LU", "lon", row, lambda x: x + 1e-7)
    found = verify(damaged.root, recompute="all", polygons=countries).findings
    assert {one.code for one in found if one.country_iso == "LU"} == {"site-law"}


def test_sites_moved_by_one_are_found(damaged: Any, countries: Any) -> None:
    """Each lies in its country and on its tile; only the law can tell."""

    def moved(rows: pa.Table) -> pa.Table:
        first = rows.filter(pa.compute.equal(rows["merchant_id"], "b"))
        rest = rows.filter(pa.compute.not_equal(rows["merchant_id"], "b"))
        for name in ("lon", "lat", "tile_id", "tzid", "place", "place_km", "admin1", "urban"):
            own = first[name].to_pylist()
            column = pa.array([*own[1:], own[0]], first.schema.field(name).type)
            at = first.schema.get_field_index(name)
            first = first.set_column(at, first.schema.field(name), column)
        return pa.concat_tables([rest, first]).cast(rows.schema)

    damaged.change("sites", "FJ", moved)
    found = verify(damaged.root, recompute="all", polygons=countries).findings
    assert {one.code for one in found if one.country_iso == "FJ"} == {"site-law"}


def test_missing_weights_and_validation_are_found(damaged: Any) -> None:
    folder = damaged.folder("sites")
    (folder / "validation.json").write_text('{"passed": false, "checks": []}')
    shutil.rmtree(damaged.folder("tile_weights"))
    codes = {one.code for one in verify(damaged.root).findings}
    assert {"weights-missing", "validation"} <= codes
