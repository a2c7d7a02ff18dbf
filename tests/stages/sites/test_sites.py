"""Sites: what they follow from, where they lie, and what is refused."""

from __future__ import annotations

import csv
import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import shapely
from site_worlds import SiteWorld, sites_of

from closedworld.errors import InputError, IntegrityError
from closedworld.execution import events
from closedworld.kernels.placing import place_sites, site_keys
from closedworld.kernels.sampling import Points
from closedworld.published.cumulative_weights import CumulativeWeights
from closedworld.published.results import open_published
from closedworld.stages import asked_areas, country_source
from closedworld.stages.sites import checks, placed
from closedworld.stages.weights.build import build_tile_weights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.kernels.placing import PlacingDomain, SiteRequest

CHAIN = {"merchant_id": "chain", "country_iso": "LU", "n": 40, "mcc": 5912}
SHOP = {"merchant_id": "007", "country_iso": "NA"}
GROCER = {"merchant_id": "grocer", "country_iso": "FJ", "n": 30, "mcc": 5411}
WEB = {"merchant_id": "web", "country_iso": "MT", "n": 2, "mcc": 5815}
TABLE: list[dict[str, Any]] = [CHAIN, SHOP, GROCER, WEB]


def where(rows: list[dict[str, Any]], *merchants: str) -> dict[tuple[str, str, int], Any]:
    """Return what places decide, by key; of some merchants, of all without."""
    return {
        (row["merchant_id"], row["country_iso"], row["site_order"]): (
            row["site_id"],
            row["lon"],
            row["lat"],
            row["tile_id"],
        )
        for row in rows
        if not merchants or row["merchant_id"] in merchants
    }


def test_each_outlet_has_a_row_in_order(site_world: SiteWorld, tmp_path: Path) -> None:
    built = site_world.build(tmp_path, TABLE, seed=7)
    rows = sites_of(built)
    keys = [(row["country_iso"], row["merchant_id"], row["site_order"]) for row in rows]
    assert keys == sorted(keys)
    assert keys == [
        (one["country_iso"], one["merchant_id"], order)
        for one in sorted(TABLE, key=lambda one: str(one["country_iso"]))
        for order in range(1, int(one.get("n", 1)) + 1)
    ]
    assert built.published.receipt.totals["sites"] == 73
    assert built.published.receipt.totals["sites_on_map"] == 71
    assert {row["category"] for row in rows} == {"pharmacy", "grocery", "online", None}
    latest = open_published(tmp_path / "names" / "latest", "sites")
    assert latest.receipt == built.published.receipt
    assert (built.published.folder / "collection.json").is_file()


def test_points_lie_in_their_country_and_on_their_tile(
    site_world: SiteWorld, tmp_path: Path
) -> None:
    grid = site_world.index.grid
    for row in sites_of(site_world.build(tmp_path, TABLE)):
        if row["lon"] is None:
            continue
        features = site_world.countries[row["country_iso"]].features
        points = [shapely.Point(row["lon"] + turn, row["lat"]) for turn in (-360, 0, 360)]
        assert shapely.intersects(np.array(features)[:, None], points).any()
        tile_row, col = divmod(row["tile_id"], grid.n_cols)
        assert (
            grid.lat_edge(np.array([tile_row + 1]))
            <= row["lat"]
            <= grid.lat_edge(np.array([tile_row]))
        )
        assert grid.lon_edge(np.array([col])) <= row["lon"] <= grid.lon_edge(np.array([col + 1]))


def test_online_merchants_have_no_point(site_world: SiteWorld, tmp_path: Path) -> None:
    rows = [WEB, {**WEB, "merchant_id": "seated", "place": "Valletta", "n": 1}]
    seated, *web = sites_of(site_world.build(tmp_path, rows))
    assert {(row["lon"], row["tile_id"], row["tzid"], row["precision"]) for row in web} == {
        (None, -1, None, "none")
    }
    assert (seated["lon"], seated["place"], seated["tzid"], seated["precision"]) == (
        None,
        "Valletta",
        "Europe/Malta",
        "place",
    )


def test_a_merchant_without_outlets_is_published_and_has_no_site(
    site_world: SiteWorld, tmp_path: Path
) -> None:
    built = site_world.build(tmp_path, [SHOP, {"merchant_id": "shut", "country_iso": "MT", "n": 0}])
    assert [row["merchant_id"] for row in sites_of(built)] == ["007"]
    merchants = built.published.dataset("merchants").to_table()["merchant_id"].to_pylist()
    assert merchants == ["shut", "007"]


def test_sites_are_the_same_where_weights_are_read_and_not_held(
    site_world: SiteWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = site_world.build(tmp_path / "held", TABLE).published.receipt
    monkeypatch.setattr(country_source, "TILES_IN_MEMORY", 0)
    assert site_world.build(tmp_path / "read", TABLE).published.receipt.values == held.values


def test_zones_and_towns_are_those_of_the_country(site_world: SiteWorld, tmp_path: Path) -> None:
    rows = sites_of(site_world.build(tmp_path, [CHAIN, {**CHAIN, "country_iso": "NA"}]))
    assert {(row["country_iso"], row["tzid"]) for row in rows} == {
        ("LU", "Europe/Luxembourg"),
        ("NA", "Africa/Windhoek"),
    }
    assert {row["urban"] for row in rows} <= {"core", "town", "rural"}
    assert any(row["place"] == "Luxembourg" for row in rows)
    assert all(row["place_km"] >= 0 for row in rows)


def test_a_site_depends_on_nothing_else(site_world: SiteWorld, tmp_path: Path) -> None:
    """Not on other merchants, on how many outlets there are, on the order of rows or on tasks."""
    whole = where(sites_of(site_world.build(tmp_path / "whole", TABLE, seed=7)))
    fewer = site_world.build(tmp_path / "fewer", [{**GROCER, "n": 3}, CHAIN], seed=7)
    assert where(sites_of(fewer)).items() <= whole.items()
    other = site_world.build(tmp_path / "order", TABLE[::-1], seed=7)
    assert where(sites_of(other)) == whole
    small = site_world.build(tmp_path / "small", TABLE, seed=7, task_sites=15)
    assert where(sites_of(small)) == whole
    assert small.published.receipt.values == other.published.receipt.values
    by_outlet = [
        {"merchant_id": "chain", "country_iso": "LU", "mcc": 5912, "site_order": order}
        for order in range(1, 6)
    ]
    single = site_world.build(tmp_path / "outlet", by_outlet, seed=7)
    assert where(sites_of(single)).items() <= whole.items()


def test_weights_of_a_country_are_read_once_for_all_its_tasks(
    site_world: SiteWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    read = CumulativeWeights.tile_weights

    def counted(self: CumulativeWeights) -> Iterator[NDArray[np.uint64]]:
        reads.append(self.country_iso)
        return read(self)

    monkeypatch.setattr(CumulativeWeights, "tile_weights", counted)
    site_world.build(tmp_path, TABLE, task_sites=7)
    assert sorted(reads) == ["FJ", "LU", "MT", "NA"]


def test_another_seed_moves_sites_and_keeps_their_ids(
    site_world: SiteWorld, tmp_path: Path
) -> None:
    one, other = (
        where(sites_of(site_world.build(tmp_path / str(seed), [CHAIN], seed=seed)))
        for seed in (1, 2)
    )
    assert all(one[key][0] == other[key][0] and one[key][1:3] != other[key][1:3] for key in one)


def test_ids_are_a_digest_of_the_key(site_world: SiteWorld, tmp_path: Path) -> None:
    for row in sites_of(site_world.build(tmp_path, TABLE)):
        key = f"{row['country_iso']}\n{row['merchant_id']}\n{row['site_order']}"
        digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
        assert row["site_id"] == int.from_bytes(digest, "big") >> 1


def test_outlets_keep_to_circle_place_and_tile(site_world: SiteWorld, tmp_path: Path) -> None:
    tile = int(site_world.index.spans["LU"].tile_ids()[3])
    rows = [
        {
            "merchant_id": "circle",
            "country_iso": "FJ",
            "n": 30,
            "lon": 178.44,
            "lat": -18.1,
            "radius_km": 9.0,
        },
        {"merchant_id": "town", "country_iso": "NA", "n": 30, "place": "windhoek"},
        {"merchant_id": "tile", "country_iso": "LU", "n": 30, "tile_id": tile},
        {"merchant_id": "free", "country_iso": "LU", "n": 30},
    ]
    built = site_world.build(tmp_path, rows)
    found = sites_of(built)
    checked = json.loads((built.published.folder / "validation.json").read_bytes())["checks"]
    assert [one["checked"] for one in checked if one["check"] == "areas"] == [90]
    assert {row["tile_id"] for row in found if row["merchant_id"] == "tile"} == {tile}
    # Katutura is a township within the circle of Windhoek.
    town = {row["place"] for row in found if row["merchant_id"] == "town"}
    assert {"Windhoek"} <= town <= {"Windhoek", "Katutura"}
    assert len({row["lat"] for row in found}) == 120
    near = [row for row in found if row["merchant_id"] == "circle"]
    sphere = pyproj.Geod(a=6_371_008.8, b=6_371_008.8)
    away = [sphere.inv(178.44, -18.1, row["lon"], row["lat"])[2] / 1000 for row in near]
    assert 3.0 < max(away) <= 9.0


def test_circles_on_the_coast_have_their_outlets_on_land(
    site_world: SiteWorld, tmp_path: Path
) -> None:
    """Also where a circle meets a tile of the country at sea, and only other tiles on land."""
    (feature,) = site_world.countries["MT"].features
    shore = shapely.get_coordinates(feature)[::15]
    rows = [
        {"merchant_id": f"{i}", "country_iso": "MT", "n": 2, "lon": x, "lat": y, "radius_km": 0.4}
        for i, (x, y) in enumerate(shore.tolist())
    ]
    built = site_world.build(tmp_path, rows, skip_unplaceable=True)
    found = sites_of(built)
    assert len(found) + 2 * len(built.skipped) == 2 * len(rows)
    assert len(found) > len(rows)
    points = [shapely.Point(row["lon"], row["lat"]) for row in found]
    assert shapely.intersects(feature, points).all()


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"country_iso": "DE"}, "no tiles of DE"),
        ({"tile_id": 5}, "tile 5 is none of LU"),
        ({"tile_id": -5}, "tile -5 is none of LU"),
        ({"place": "Nowhere"}, "no place called 'Nowhere'. Give lon, lat and radius_km instead"),
        ({"lon": 0.0, "lat": 0.0, "radius_km": 5.0}, "no tile of LU"),
    ],
)
def test_what_cannot_be_placed_is_refused_or_skipped(
    site_world: SiteWorld, tmp_path: Path, row: dict[str, Any], what: str
) -> None:
    rows = [CHAIN, {"merchant_id": "x", "country_iso": "LU", **row}]
    with pytest.raises(InputError, match="merchants-unplaceable") as caught:
        site_world.build(tmp_path, rows)
    assert "row 2" in caught.value.message
    assert what in caught.value.message
    assert not list(tmp_path.iterdir())
    built = site_world.build(tmp_path, rows, skip_unplaceable=True)
    assert {row["merchant_id"] for row in sites_of(built)} == {"chain"}
    (warned,) = [one for one in site_world.events if isinstance(one, events.Warned)]
    assert warned.code == "merchants-skipped"
    (skipped,) = built.skipped
    assert (skipped.row, skipped.row_id) == (2, "x")
    assert what in skipped.problem
    listed = list(csv.DictReader(built.report_files()["skipped_merchants.csv"].splitlines()))
    assert [(one["row"], one["problem"]) for one in listed] == [("2", skipped.problem)]


def test_the_merchants_are_published_with_columns_of_their_own(
    site_world: SiteWorld, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {**CHAIN, "owner": "x", "turnover": 1.5},
        {**SHOP, "brand": "B", "turnover": None},
    ]
    built = site_world.build(tmp_path, rows)
    table = built.published.dataset("merchants").to_table()
    chain, shop = table.to_pylist()
    assert (chain["gamma"], chain["spacing"], chain["category"]) == (1.125, "none", "pharmacy")
    assert (chain["owner"], chain["turnover"], chain["tile_id"]) == ("x", 1.5, -1)
    assert (shop["gamma"], shop["mcc"], shop["brand"], shop["turnover"]) == (1.0, 0, "B", None)
    warned = [one.message for one in site_world.events if isinstance(one, events.Warned)]
    assert any("owner, turnover" in message for message in warned)
    parameters = built.published.receipt.parameters
    assert parameters["merchants_sha256"] == built.published.receipt.values["merchants"]


def test_weights_that_do_not_follow_people_are_warned_of(
    site_world: SiteWorld, tmp_path: Path
) -> None:
    weights = build_tile_weights(
        site_world.index, tmp_path / "weights", basis="area_m2", executor="serial"
    )
    world = SiteWorld(site_world.index, weights.published, site_world.countries)
    world.build(tmp_path, TABLE)
    codes = [one.code for one in world.events if isinstance(one, events.Warned)]
    assert codes == ["sites-without-people"]
    site_world.build(tmp_path, TABLE)
    assert not [one for one in site_world.events if isinstance(one, events.Warned)]


def test_the_same_again_is_reused(site_world: SiteWorld, tmp_path: Path) -> None:
    first = site_world.build(tmp_path, TABLE)
    again = site_world.build(tmp_path, TABLE)
    assert (first.reused, again.reused) == (False, True)
    assert again.summaries == first.summaries


def test_the_checks_are_sealed_beside_the_data(site_world: SiteWorld, tmp_path: Path) -> None:
    published = site_world.build(tmp_path, TABLE).published
    content = json.loads((published.folder / "validation.json").read_bytes())
    assert content["passed"]
    found = {one["check"]: one for one in content["checks"]}
    assert set(found) == set(checks.CLAIMS)
    for name in ("rows", "keys", "site_ids"):
        assert found[name]["checked"] == 73
    assert found["polygons"]["checked"] == 71
    (published.folder / "validation.json").write_bytes(b"{}")
    with pytest.raises(IntegrityError, match="file-size"):
        published.verify()


def test_sites_that_fail_a_check_are_not_published(
    site_world: SiteWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the heaviest tiles got the sites: one point for all."""

    def collapsed(domain: PlacingDomain, request: SiteRequest) -> Points:
        sites = place_sites(domain, request)
        first = np.zeros(len(request), np.int64)
        return Points(sites.tile_ids[first], sites.lons[first], sites.lats[first])

    monkeypatch.setattr(placed, "place_sites", collapsed)
    rows = [{**CHAIN, "merchant_id": f"m{number}", "n": 5} for number in range(250)]
    with pytest.raises(IntegrityError, match="sites-invalid") as caught:
        site_world.build(tmp_path, rows)
    for name in ("latitudes", "merchants", "blocks"):
        assert checks.CLAIMS[name] in caught.value.message
    assert not (tmp_path / "sites").exists()


@pytest.mark.parametrize(
    ("ignored", "asked"),
    [("on_tile", {"tile_id": 0}), ("within_circle", {"lon": 6.1, "lat": 49.6, "radius_km": 4.0})],
)
def test_sites_outside_of_what_was_asked_for_are_not_published(
    site_world: SiteWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ignored: str,
    asked: dict[str, float],
) -> None:
    monkeypatch.setattr(asked_areas, ignored, lambda domain, _: domain)
    if "tile_id" in asked:
        asked = {"tile_id": int(site_world.index.spans["LU"].tile_ids()[3])}
    with pytest.raises(IntegrityError, match=checks.CLAIMS["areas"]):
        site_world.build(tmp_path, [{"merchant_id": "m", "country_iso": "LU", "n": 9, **asked}])


def test_a_circle_that_is_gone_since_planning_is_an_error_that_names_it(
    site_world: SiteWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked_areas, "within_circle", lambda *_: None)
    asked = {"merchant_id": "m", "country_iso": "LU", "lon": 6.1, "lat": 49.6, "radius_km": 4.0}
    with pytest.raises(IntegrityError, match=r"LU has no tile within 4\.0 km of 6\.1, 49\.6"):
        site_world.build(tmp_path, [asked])


def test_a_seed_without_effect_is_noticed(
    site_world: SiteWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placed, "site_keys", lambda ids, iso, _: site_keys(ids, iso, 0))
    with pytest.raises(IntegrityError, match="another seed moves"):
        site_world.build(tmp_path, TABLE)


def test_the_demonstration_has_merchants_in_every_country(
    site_world: SiteWorld, tmp_path: Path
) -> None:
    built = site_world.build(tmp_path, None)
    assert [one.country_iso for one in built.summaries] == ["FJ", "LU", "MT", "NA"]
    assert all(one.sites > one.sites_on_map > 0 for one in built.summaries)
