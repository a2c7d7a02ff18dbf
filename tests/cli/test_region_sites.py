"""Sites in worlds of regions: the same commands, by the places and time zones of where the regions lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely

from closedworld.worlds import open_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Call = Callable[..., Any]

pytestmark = pytest.mark.slow

REGIONS = {
    "DE": shapely.box(-75.9, 38.3, -75.0, 39.8),  # Delaware, most of it
    "TN.middle": shapely.box(-87.5, 35.0, -84.0, 36.5),  # Nashville and Chattanooga: two time zones
    "alps": shapely.box(12.3, 47.3, 13.3, 47.9),  # Kufstein to Salzburg, Bavaria and Tyrol
    "empty": shapely.box(-150.8, 62.6, -150.2, 62.9),  # at the foot of Denali, without a place
    "line": shapely.box(178.4, -17.5, 181.0, -16.2),  # Fiji across the antimeridian
}
SHOPS = """merchant_id,country_iso,n,place
a,DE,40,
b,TN.middle,60,
c,alps,60,
d,empty,5,
e,LINE,30,
f,TN.middle,3,Chattanooga
g,alps,2,Salzburg
web,DE,1,Dover
"""


@pytest.fixture
def options(tmp_path: Path) -> list[object]:
    path = tmp_path / "regions.gpkg"
    frame = gpd.GeoDataFrame({"area": list(REGIONS)}, geometry=list(REGIONS.values()), crs=4326)
    frame.to_file(path)
    return ["--polygons", path, "--regions", "any", "--code-column", "area"]


def test_sites_of_regions_have_the_places_and_zones_of_where_they_lie(
    call: Call, tmp_path: Path, options: list[object]
) -> None:
    (tmp_path / "shops.csv").write_text(SHOPS)
    out = tmp_path / "world"
    made = call("run", *options, "--merchants", tmp_path / "shops.csv", "--out", out)
    assert made.exit_code == 0, made.output
    world = open_world(out)
    rows = world.sites.to_table().to_pandas()
    assert set(rows.country_iso) == set(REGIONS)
    for code, shape in REGIONS.items():
        own = rows[rows.country_iso == code]
        east = own.lon.where(own.lon > shape.bounds[0] - 1, own.lon + 360)
        assert shapely.contains_xy(shape, east, own.lat).all()
    zones = {code: set(own.tzid) for code, own in rows.groupby("country_iso")}
    assert zones["DE"] == {"America/New_York"}
    assert zones["TN.middle"] == {"America/Chicago", "America/New_York"}
    assert zones["alps"] == {"Europe/Berlin", "Europe/Vienna"}
    assert zones["empty"] == {"America/Anchorage"}
    assert zones["line"] == {"Pacific/Fiji"}
    by_merchant = dict(list(rows.groupby("merchant_id")))
    assert set(by_merchant["f"].tzid) == {"America/New_York"}
    assert set(by_merchant["g"].tzid) <= {"Europe/Berlin", "Europe/Vienna"}
    assert by_merchant["b"].place.str.contains("Nashville|Murfreesboro|Chattanooga").any()
    assert by_merchant["d"].place.isna().all()
    verified = call("verify", out, *options, "--recompute", "all")
    assert "no problems found" in verified.output
    assert "sites by the law, placed again" in verified.output
    assert "polygons of the regions are not at hand" in call("verify", out, "--json").output


def test_a_world_of_regions_is_told_in_regions(
    call: Call, tmp_path: Path, options: list[object]
) -> None:
    (tmp_path / "shops.csv").write_text("merchant_id,country,n\na,DE,4\nb,ALPS,2\n")
    out = tmp_path / "out"
    run = call("run", *options, "--merchants", tmp_path / "shops.csv", "--out", out)
    assert "in each region" in run.stdout
    assert "merchants in 2 regions" in run.stdout
    assert "regions of " in run.stdout
    assert "countr" not in run.stdout.replace("--country", "")
    told = call("inspect", out).stdout
    assert told.count("  regions  ") >= 3
    assert "  countries  " not in told
    tiles = call("tiles", *options, "--out", tmp_path / "tiles", "--resolution", "20deg")
    assert "5 regions (DE, TN.middle, alps, empty, line) have no tile" in tiles.output
    assert "countr" not in tiles.output.replace("--keep-small-countries", "")
    assert "of 5 regions in" in call("plan", *options, "--resolution", "5m").stdout
    assert "5 regions: no difference" in call("diff", out, out).stdout
    asked = ["--country", "DE", "--n", "3", "--out", tmp_path / "points.csv"]
    assert "of 1 region written" in call("sample", out, *options, *asked).stdout


def test_a_published_world_of_regions_knows_that_it_is_one(
    call: Call, tmp_path: Path, options: list[object]
) -> None:
    (tmp_path / "shops.csv").write_text("merchant_id,country,n\na,DE,4\nb,ALPS,2\n")
    one, two = tmp_path / "one", tmp_path / "two"
    call("run", *options, "--merchants", tmp_path / "shops.csv", "--out", one)
    call("run", *options, "--out", two)
    asked = "sites", two, *options[:2], *options[4:], "--merchants", tmp_path / "shops.csv"
    done = call(*asked)
    assert done.exit_code == 0, done.output
    ours, theirs = (open_world(out) for out in (one, two))
    assert ours.result("sites").receipt == theirs.result("sites").receipt
    unknown = tmp_path / "unknown.csv"
    unknown.write_text("merchant_id,country,n\na,FR,4\n")
    refused = call("sites", two, *options, "--merchants", unknown)
    assert (refused.exit_code, "unknown region 'FR'" in refused.output) == (3, True)
    refused = call("sites", two, *options)
    assert (refused.exit_code, "demo-regions" in refused.output) == (2, True)
    page = tmp_path / "page.html"
    call("report", one, "--out", page)
    assert "Germany" not in page.read_text()


def test_a_region_that_is_a_country_has_the_sites_of_the_country(
    call: Call, tmp_path: Path
) -> None:
    """All places of Malta lie in the box, and no other."""
    (tmp_path / "shops.csv").write_text("merchant_id,country,n\na,MT,40\n")
    rows = []
    box = shapely.box(13.5, 35.5, 15.0, 36.5)
    for words in ([], ["--regions", "any", "--code-column", "iso_a2"]):
        path = tmp_path / "malta.gpkg"
        gpd.GeoDataFrame({"iso_a2": ["MT"]}, geometry=[box], crs=4326).to_file(path)
        out = tmp_path / f"w{len(words)}"
        made = call(
            "run", "--polygons", path, *words, "--merchants", tmp_path / "shops.csv", "--out", out
        )
        assert made.exit_code == 0, made.output
        rows.append(open_world(out).sites.to_table())
    assert rows[0].equals(rows[1])
