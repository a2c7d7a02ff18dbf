"""The map in a real browser: silent, on its own, right about every cell, usable by keyboard and on a phone."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from PIL import Image
from tabs import listened_to, needs_browser

from closedworld.explore.writing import map_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab
    from tabs import Heard

    import closedworld as cw

pytestmark = [needs_browser, pytest.mark.slow]

MIDDLE = 340 + 470, 450
"""Of the map beside the panel, on a page of 1280 by 900 px."""

HOVER = """(points) => points.map(([lat, lon]) => {
  const { view } = window.closedworld;
  view.scale = 40;
  [view.lat, view.lon] = [lat, lon];
  view.settle();
  const canvas = document.getElementById("canvas");
  const { left } = canvas.getBoundingClientRect();
  const at = { clientX: left + view.width / 2, clientY: view.yOf(lat), bubbles: true };
  canvas.dispatchEvent(new PointerEvent("pointermove", at));
  const card = document.getElementById("card");
  const facts = [...card.querySelectorAll("dt")].map((dt) => [dt.textContent, dt.nextElementSibling.textContent]);
  return { title: card.querySelector("h2").textContent, ...Object.fromEntries(facts) };
})"""


@pytest.fixture
def open_map(browser: Browser, tmp_path: Path) -> Callable[..., tuple[Tab, Heard]]:
    """Open a page in a tab of its own, listening to what it does."""

    def open_in(
        page: cw.MapPage, link: str = "", *, width: int = 1280, dark: bool = False
    ) -> tuple[Tab, Heard]:
        path = tmp_path / "map.html"
        page.save(path)
        tab, heard = listened_to(browser, width, dark=dark)
        tab.goto(f"{path.as_uri()}#{link}")
        tab.wait_for_selector("html[data-done=true]")
        heard.requests = [url for url in heard.requests if not url.startswith("data:")]
        return tab, heard

    return open_in


@pytest.mark.parametrize("rule", ["center", "overlap"])
def test_the_cell_under_the_pointer_is_the_right_one(
    rule: str, request: pytest.FixtureRequest, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    """A thousand cells of 20 countries, and some of none, as the Parquet files have them."""
    world: cw.PublishedWorld = request.getfixturevalue(rule)
    rows = pa.table(world.tiles()).to_pylist()
    by_country: dict[str, list[dict[str, Any]]] = {}
    owners: dict[int, set[str]] = {}
    for row in rows:
        by_country.setdefault(row["country_iso"], []).append(row)
        owners.setdefault(row["tile_id"], set()).add(row["country_iso"])
    assert len(by_country) == 20
    draw = random.Random(5)
    # The first and the last row of each country as well: edges of the grid and of islands.
    chosen = [row for own in by_country.values() for row in (own[0], own[-1])]
    chosen += [draw.choice(own) for own in by_country.values() for _ in range(48)]
    assert len(chosen) == 1000
    half = world.index.grid.cell_width / 2
    points = [
        (row["centroid_lat"] + draw.uniform(-0.95, 0.95) * half, row["centroid_lon"] + draw.uniform(-0.95, 0.95) * half)
        for row in chosen
    ]  # fmt: skip
    tab, heard = open_map(world.explore(budget=0))
    for row, card in zip(chosen, tab.evaluate(HOVER, points), strict=True):
        assert card["tile_id"] == str(row["tile_id"])
        assert card["Row, column"] == f"{row['raster_row']}, {row['raster_col']}"
        assert {iso for iso in by_country if f"({iso})" in card["title"]} == owners[row["tile_id"]]
        lat, lon = map(float, card["Centroid"].split(", "))
        assert (lat, lon) == pytest.approx((row["centroid_lat"], row["centroid_lon"]), abs=1e-6)
        area = float(card["Area"].split()[0].replace(",", ""))
        assert area == pytest.approx(row["pixel_area_m2"] / 1e6, abs=1e-4)
    free = [(draw.uniform(-90, 90), draw.uniform(-180, 180)) for _ in range(300)]
    for (lat, lon), card in zip(free, tab.evaluate(HOVER, free), strict=True):
        table = world.locate([lon], [lat])
        assert card["tile_id"] == str(table["tile_id"][0].as_py())
        assert (card["title"] == "No country") == (table["country_iso"][0].as_py() is None)
    assert heard.messages == []


def test_the_antimeridian_and_the_poles_are_no_edges(
    center: cw.PublishedWorld, center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    tab, _ = open_map(center_map)
    points = [(65.3, 179.99), (65.3, -179.99), (65.3, 180.0), (-89.99, 12.3), (89.99, 12.3), (-89.99, 180.0)]  # fmt: skip
    n_cols, n_rows = center.index.grid.n_cols, center.index.grid.n_rows
    cards = tab.evaluate(HOVER, points)
    cols = [int(card["Row, column"].split(", ")[1]) for card in cards]
    rows = [int(card["Row, column"].split(", ")[0]) for card in cards]
    assert cols[:3] == [n_cols - 1, 0, 0]
    assert rows[3:] == [n_rows - 1, 0, n_rows - 1]
    assert "(RU)" in cards[0]["title"]
    assert "(AQ)" in cards[3]["title"]
    assert cards[4]["title"] == "No country"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("kind", ["center_map", "hostile"])
def test_nothing_is_said_and_nothing_is_asked_for(
    kind: str,
    dark: bool,  # noqa: FBT001 -- a parameter of the test
    request: pytest.FixtureRequest,
    open_map: Callable[..., tuple[Tab, Heard]],
) -> None:
    """No line on the console, no request but the page itself; hostile text runs nowhere."""
    tab, heard = open_map(request.getfixturevalue(kind), "by=weight", dark=dark)
    for key in ("+", "ArrowLeft", "ArrowUp", "-", "Enter"):
        tab.locator("#canvas").press(key)
    tab.wait_for_selector("html[data-done=true]")
    assert heard.messages == []
    assert len(heard.requests) == 1
    assert tab.evaluate("window.hacked === undefined")
    assert tab.evaluate("document.images.length") == 0


def test_hostile_names_are_shown_as_text(
    hostile: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    tab, heard = open_map(hostile)
    assert tab.locator("#title").inner_text().startswith("<\\script><script>window.hacked=1")
    tab.locator("#countries summary").click()
    assert "</script><script>window.hacked=1</script>\"'>" in tab.locator("#countries td").first.inner_text()  # fmt: skip
    tab.locator("#search").fill("</script")
    assert tab.locator("#found li").count() == 2
    for text in tab.locator("#found li").all_inner_texts():
        assert "</script><script>window.hacked=1</script>\"'><img src=x onerror=window.hacked=1>" in text  # fmt: skip
        assert "\u202e" not in text
    tab.locator("#found button").last.click()
    assert heard.messages == []
    assert tab.evaluate("window.hacked === undefined")


def test_the_search_goes_there(
    center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    """A country, a place, coordinates, a tile."""
    tab, heard = open_map(center_map)

    def middle() -> tuple[float, float]:
        found = tab.evaluate(
            "(() => { const { view } = closedworld; return [view.latAt(view.height / 2), view.lonAt(view.width / 2)]; })()"
        )
        return found[0], (found[1] + 180) % 360 - 180

    def search(text: str) -> None:
        tab.locator("#search").fill(text)
        tab.locator("#search").press("Enter")

    search("leso")
    assert middle() == pytest.approx((-29.6, 28.25), abs=1)
    search("Wellington")
    assert middle() == pytest.approx((-41.28, 174.78), abs=0.05)
    search("48.5, 2.25")
    assert middle() == pytest.approx((48.5, 2.25), abs=1e-6)
    assert "(FR)" in tab.locator("#card h2").inner_text()
    assert "row" in tab.locator("#said").inner_text().lower()
    search("tile 0")
    assert middle() == pytest.approx((89.75, -179.75), abs=1e-6)
    search("nowhere at all")
    assert "Nothing found" in tab.locator("#found").inner_text()
    assert heard.messages == []


def test_the_table_sorts_and_goes_there(
    center: cw.PublishedWorld, center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    tab, _ = open_map(center_map)
    tab.locator("#countries summary").click()
    tab.locator("#countries th button", has_text="Tiles").click()
    codes = tab.locator("#countries tbody td:nth-child(2)").all_inner_texts()
    counts = {iso: own.tile_count for iso, own in center.index.spans.items()}
    assert codes == sorted(counts, key=lambda iso: (-counts[iso], iso))
    tab.locator("#countries td button", has_text="Lesotho").click()
    tab.wait_for_url("**country=LS*")
    assert tab.locator("#csv").inner_text() == "Save LS as CSV"
    with tab.expect_download() as download:
        tab.locator("#csv").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == counts["LS"] + 1
    ids = [int(line.split(",")[1]) for line in lines[1:]]
    assert ids == center.index.spans["LS"].tile_ids().tolist()


def test_a_link_brings_back_what_was_seen(
    center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    link = "at=-41.25,174.5,80&by=weight&scale=linear&country=NZ"
    tab, _ = open_map(center_map, link)
    view = tab.evaluate("[closedworld.view.lat, closedworld.view.lon, closedworld.view.scale]")
    assert view == pytest.approx([-41.25, 174.5, 80])
    assert tab.locator("input[name=by][value=weight]").is_checked()
    assert tab.locator("input[name=scale][value=linear]").is_checked()
    tab.locator("#canvas").press("ArrowRight")
    tab.wait_for_url("**country=NZ*")
    assert "by=weight&scale=linear&country=NZ" in tab.url
    assert "at=-41.25" in tab.url


def test_a_link_keeps_the_boxes_that_are_ticked(
    center: cw.PublishedWorld, people: Any, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    """Hidden categories and shown homes, both ways."""
    shown = center._shown(None)
    page = map_page(replace(shown, later={**shown.later, "people": people}), budget=0)
    tab, heard = open_map(page)
    boxes, homes = tab.locator("[data-group]"), tab.locator("input[name=homes]")
    boxes.nth(1).uncheck()
    boxes.nth(3).uncheck()
    homes.check()
    tab.wait_for_url("**homes=on*without=2%2C4*")
    link = tab.url.split("#")[1]
    tab.evaluate("location.hash = 'by=weight'")
    tab.wait_for_function("document.forms.controls.elements.by.value === 'weight'")
    assert boxes.nth(1).is_checked()
    assert not homes.is_checked()
    tab.evaluate(f"location.hash = {link!r}")
    tab.wait_for_function("document.forms.controls.elements.by.value === 'country'")
    assert [box.is_checked() for box in boxes.all()[:4]] == [True, False, True, False]
    assert homes.is_checked()
    assert tab.evaluate("closedworld.points.hidden.size") == 2
    assert heard.messages == []


def test_a_site_says_what_it_is_and_its_merchant_can_be_shown_alone(
    center: cw.PublishedWorld, center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    site = next(
        row for row in center.sites.to_table().to_pylist() if row["country_iso"] == "NZ" and row["lon"]
    )  # fmt: skip
    tab, heard = open_map(center_map, f"at={site['lat']:.6f},{site['lon']:.6f},100000")
    tab.mouse.click(*MIDDLE)
    card = tab.locator("#card").inner_text()
    assert site["merchant_id"] in card
    assert site["tzid"] in card
    assert " now in " in card
    tab.get_by_role("button", name="Show all its outlets").click()
    tab.wait_for_url("**merchant=*")
    # The map goes where they are.
    unseen = tab.evaluate(
        """(({ view, points }) => [...points.owners.keys()].filter((i) => points.isShown(i)).filter((i) => {
          const [x, y] = [view.xOf(view.turned(points.lons[i])), view.yOf(points.lats[i])];
          return x < 0 || x > view.width || y < 0 || y > view.height;
        }).length)(window.closedworld)"""
    )
    assert unseen == 0
    with tab.expect_download() as download:
        tab.locator("#csv").click()
    lines = download.value.path().read_text().splitlines()
    own = center.sites.to_table(columns=["merchant_id", "lon"]).to_pylist()
    expected = [row for row in own if row["merchant_id"] == site["merchant_id"] and row["lon"] is not None]  # fmt: skip
    assert len(lines) == len(expected) + 1
    assert heard.messages == []


def test_a_card_s_life_is_told_purchase_by_purchase(
    center: cw.PublishedWorld, purchases: Any, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    """One trip is impossible: it is listed, drawn, and said when the slider stands there."""
    shown = replace(center._shown(None), later={"purchases": purchases})
    tab, heard = open_map(map_page(shown, budget=0))
    (card,) = tab.locator("#cards button").all()
    assert card.inner_text() == "traveller · 1 impossible trip"
    card.click()
    slider = tab.locator("#until")
    assert (slider.get_attribute("min"), slider.get_attribute("max")) == ("1", "5")
    facts = tab.locator("#card")
    assert "5 purchases, 1 impossible trip" in facts.inner_text()
    slider.press("ArrowLeft")
    assert "impossible" in facts.inner_text().split("In total")[0]
    assert "clone" in facts.inner_text()
    assert "2026-01-01 02:00:00 UTC" in facts.inner_text()
    assert "15.50 EUR" in facts.inner_text()
    slider.press("ArrowLeft")
    # Markup in the name of a merchant is text.
    assert "</script><script>window.hacked=1" in facts.inner_text()
    tab.locator("#close").click()
    assert not slider.is_visible()
    tab.locator("#search").fill("trav")
    tab.locator("#search").press("Enter")
    assert slider.is_visible()
    tab.wait_for_url("**card=traveller*")
    assert heard.messages == []


def test_a_card_s_life_leaves_room_for_the_map_on_a_phone(
    center: cw.PublishedWorld, purchases: Any, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    """From its link: the panel is folded, the slider is beside the facts."""
    shown = replace(center._shown(None), later={"purchases": purchases})
    tab, _ = open_map(map_page(shown, budget=0), "card=traveller", width=320)
    panel, card = (tab.locator(name).bounding_box() for name in ("aside", "#card"))
    assert panel is not None
    assert card is not None
    assert tab.locator("#until").is_visible()
    assert card["y"] - panel["y"] - panel["height"] > 400


def test_two_worlds_are_swiped_and_told_apart(
    center: cw.PublishedWorld,
    overlap: cw.PublishedWorld,
    open_map: Callable[..., tuple[Tab, Heard]],
) -> None:
    tab, heard = open_map(overlap.explore(beside=center, budget=0), "at=-29.6,28.25,40")
    assert tab.locator("#swipe").is_visible()
    tab.get_by_label("only what differs").check()
    tab.wait_for_selector("html[data-done=true]")
    assert not tab.locator("#swipe").is_visible()
    # The legend names both sides.
    assert "only in A" in tab.locator("#legend").inner_text()
    lesotho = (set(one.index.spans["LS"].tile_ids().tolist()) for one in (overlap, center))
    extra = min(set.difference(*lesotho))
    tab.locator("#search").fill(f"tile {extra}")
    tab.locator("#search").press("Enter")
    both = "A: Lesotho (LS) and South Africa (ZA) · B: South Africa (ZA)"
    assert tab.locator("#card h2").inner_text() == both
    assert heard.messages == []


def test_each_of_two_worlds_has_its_own_sites_and_weights(
    center: cw.PublishedWorld,
    reseeded: cw.PublishedWorld,
    open_map: Callable[..., tuple[Tab, Heard]],
) -> None:
    """Weights by area in A and uniform ones in B; a site that A alone has."""
    sites, others = (
        {(row["lon"], row["lat"]): row for row in world.sites.to_table().to_pylist() if row["country_iso"] == "NZ" and row["lon"]}
        for world in (center, reseeded)
    )  # fmt: skip
    lon, lat = min(sites.keys() - others.keys())
    at = f"at={lat:.6f},{lon:.6f},100000&by=weight"
    tab, heard = open_map(center.explore(beside=reseeded), f"{at}&mode=b")
    title, legend, facts = (tab.locator(name) for name in ("#card h2", "#legend", "#facts"))
    tab.mouse.click(*MIDDLE)
    assert title.inner_text() == "New Zealand (NZ)"
    count = reseeded.index.spans["NZ"].tile_count
    assert f"{100 / count:.3g}% of NZ" in facts.inner_text()
    tab.locator("#close").click()
    # Another link is another view, with its choices in the panel.
    tab.evaluate(f"location.hash = {f'{at}&mode=a'!r}")
    assert tab.locator("input[name=mode][value=a]").is_checked()
    assert "Share of the country's weight per km²" in legend.inner_text()
    tab.wait_for_selector("html[data-done=true]")
    tab.mouse.click(*MIDDLE)
    assert title.inner_text() == f"Site of {sites[lon, lat]['merchant_id']}"
    assert "Only in\nworld A" in facts.inner_text()
    tab.evaluate(f"location.hash = {f'{at}&mode=differences'!r}")
    tab.wait_for_selector("html[data-done=true]")
    assert "more weight in A" in legend.inner_text()
    tab.mouse.click(*MIDDLE)
    assert title.inner_text() == f"Site of {sites[lon, lat]['merchant_id']}"
    tab.mouse.click(MIDDLE[0] + 300, MIDDLE[1])
    names = tab.locator("#facts dt").all_inner_texts()
    assert [name for name in names if name.startswith("Weight")] == ["Weight in A", "Weight in B"]
    assert heard.messages == []


def test_the_keyboard_is_enough(
    center: cw.PublishedWorld, center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    """Arrows move, plus and minus zoom, slash searches, Enter picks, and the live region says the cell."""
    tab, heard = open_map(center_map, "at=-29.6,28.25,40")
    canvas = tab.locator("#canvas")
    canvas.focus()
    before = tab.evaluate("[closedworld.view.lon, closedworld.view.scale]")
    canvas.press("ArrowRight")
    canvas.press("+")
    after = tab.evaluate("[closedworld.view.lon, closedworld.view.scale]")
    assert after[0] > before[0]
    assert after[1] > before[1]
    canvas.press("Enter")
    assert "tile_id" in tab.locator("#said").inner_text()
    # A site at the centre comes before its tile.
    site = next(row for row in center.sites.to_table().to_pylist() if row["country_iso"] == "NZ" and row["lon"])  # fmt: skip
    tab.evaluate(f"location.hash = 'at={site['lat']:.6f},{site['lon']:.6f},100000'")
    # The cell that zooming is about to say does not talk over the site.
    canvas.press("+")
    canvas.press("Enter")
    tab.wait_for_timeout(600)
    assert f"Site of {site['merchant_id']}" in tab.locator("#said").inner_text()
    tab.keyboard.press("Escape")
    canvas.press("/")
    assert tab.evaluate("document.activeElement.id") == "search"
    tab.keyboard.press("Escape")
    assert not tab.locator("#card").is_visible()
    assert heard.messages == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_width_makes_the_page_scroll_sideways(
    width: int, center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    tab, _ = open_map(center_map, width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.locator("#title").is_visible()
    if width < 640:
        assert not tab.locator("#search").is_visible()
        tab.locator("#menu > summary").click()
        assert tab.locator("#search").is_visible()


def test_fields_and_regions_have_names(
    center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    tab, _ = open_map(center_map)
    unnamed = (
        "[...document.querySelectorAll('canvas[tabindex],[role=region],section,aside,input:not([type=radio],[type=checkbox],[hidden])')]"
        ".filter(e => !e.getAttribute('aria-label')).map(e => e.id)"
    )
    assert tab.evaluate(unnamed) == []
    assert json.loads(tab.locator("#data").inner_text() or "{}") is not None


def test_the_view_is_saved_as_a_picture(
    center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    """Of the size of the map, with the colour of a country in its middle."""
    tab, heard = open_map(center_map, "at=64,100,40")
    with tab.expect_download() as download:
        tab.locator("#png").click()
    with Image.open(download.value.path()) as picture:
        box = tab.locator("#canvas").bounding_box()
        assert box is not None
        assert picture.size == (box["width"], box["height"])
        sea = picture.convert("RGB").getpixel((2, 2))
        shown = {picture.convert("RGB").getpixel((x, 400)) for x in range(300, 700, 7)}
    assert shown != {sea}
    assert heard.messages == []


def test_two_fingers_pinch_and_one_taps(
    center_map: cw.MapPage, browser: Browser, tmp_path: Path
) -> None:
    """On a phone: the map zooms by as much as the fingers move apart, and a tap says the cell below."""
    path = tmp_path / "map.html"
    center_map.save(path)
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True)
    tab = context.new_page()
    tab.goto(f"{path.as_uri()}#at=-29.6,28.25,10")
    tab.wait_for_selector("html[data-done=true]")
    fingers = tab.context.new_cdp_session(tab)

    def touch(kind: str, *xs: float) -> None:
        points = [{"x": x, "y": 400, "id": i} for i, x in enumerate(xs)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 175, 215)
    scales = []
    for apart in (40, 50, 100):
        touch("touchMove", 195 - apart, 195 + apart)
        # Moves are heard once a frame; the browser takes the first px for a tap.
        tab.evaluate(
            "new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))"
        )
        scales.append(tab.evaluate("closedworld.view.scale"))
    touch("touchEnd")
    assert scales[2] / scales[1] == pytest.approx(2, rel=0.01)
    assert tab.evaluate("closedworld.view.lon") == pytest.approx(28.25, abs=0.01)
    assert not tab.locator("#card").is_visible()
    tab.touchscreen.tap(195, 400)
    assert "(LS)" in tab.locator("#card h2").inner_text()
    context.close()


def test_a_notebook_s_frame_has_the_map_but_no_link(
    center_map: cw.MapPage, browser: Browser, tmp_path: Path
) -> None:
    """A frame has no address that a link could name."""
    notebook = tmp_path / "notebook.html"
    notebook.write_text(center_map._repr_html_(), encoding="utf-8")
    tab, heard = listened_to(browser, 1000, dark=False)
    tab.goto(notebook.as_uri())
    frame = tab.frame_locator("iframe")
    frame.locator("html[data-done=true]").wait_for()
    frame.locator("#search").fill("Lesotho")
    frame.locator("#search").press("Enter")
    assert frame.locator("#csv").inner_text() == "Save LS as CSV"
    assert frame.locator("#png").is_visible()
    assert not frame.locator("#link").is_visible()
    assert heard.messages == []


def test_dragging_moves_the_map_with_the_pointer(
    center_map: cw.MapPage, open_map: Callable[..., tuple[Tab, Heard]]
) -> None:
    tab, _ = open_map(center_map, "at=-29.6,28.25,40")
    tab.mouse.move(*MIDDLE)
    tab.mouse.down()
    tab.mouse.move(MIDDLE[0] + 80, MIDDLE[1], steps=4)
    tab.mouse.up()
    assert tab.evaluate("closedworld.view.lon") == pytest.approx(28.25 - 2, abs=1e-9)
    tab.mouse.wheel(0, -100)
    tab.wait_for_function("closedworld.view.scale > 50")


def test_the_swipe_shows_both_worlds_where_it_stands(
    center: cw.PublishedWorld,
    overlap: cw.PublishedWorld,
    open_map: Callable[..., tuple[Tab, Heard]],
) -> None:
    """Left of the slider the first world, right of it the second: the cell below is that of its side."""
    extra = min(set.difference(*(set(one.index.spans["LS"].tile_ids().tolist()) for one in (overlap, center))))  # fmt: skip
    grid = overlap.index.grid
    row, col = divmod(extra, grid.n_cols)
    lat, lon = (
        grid.north - (row + 0.5) * grid.cell_height,
        grid.west + (col + 0.5) * grid.cell_width,
    )
    tab, _ = open_map(overlap.explore(beside=center, budget=0), f"at={lat},{lon},40")
    titles = []
    for cut in (900, 100):
        tab.locator("#swipe").fill(str(cut))
        tab.mouse.click(*MIDDLE)
        titles.append(tab.locator("#card h2").inner_text())
        tab.locator("#close").click()
    assert titles == ["Lesotho (LS) and South Africa (ZA)", "South Africa (ZA)"]
    tab.wait_for_url("**cut=100*")
    # The handle is dragged, the map beside it is not covered by its track.
    before = tab.evaluate("closedworld.view.lon")
    for x in (94, 500):
        tab.mouse.move(340 + x, 450)
        tab.mouse.down() if x == 94 else tab.mouse.up()
    assert 520 < int(tab.locator("#swipe").input_value()) < 545
    assert tab.evaluate("closedworld.view.lon") == before
    tab.mouse.move(340 + 700, 450)
    tab.mouse.down()
    tab.mouse.move(340 + 620, 450, steps=3)
    tab.mouse.up()
    assert tab.evaluate("closedworld.view.lon") == pytest.approx(before + 2, abs=1e-6)
