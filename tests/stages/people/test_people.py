"""People: homes by population and in the towns that are asked for, work at sites near; nobody depends on others."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from effort import LOCAL_EXECUTOR
from site_worlds import SiteWorld, small_world

from closedworld.config.run import RunConfig
from closedworld.datasets import CARDS
from closedworld.errors import ConfigError, InputError
from closedworld.execution import open_worker_pool
from closedworld.execution.events import Warned
from closedworld.inputs.cards import CardCounts
from closedworld.inputs.merchants.demo import demo_persons
from closedworld.kernels.placing.commuting import DISTANCES_KM, work_sites
from closedworld.kernels.sampling import stream_keys
from closedworld.kernels.sphere import arc_km, chord_km, to_xyz
from closedworld.stages import asked_areas
from closedworld.stages.checking import CheckCounts
from closedworld.stages.country_source import RowRange
from closedworld.stages.people.build import build_people
from closedworld.stages.people.checks import _check_work
from closedworld.stages.people.homes import SitePoints
from closedworld.stages.people.plan import PeoplePlan, _persons, own_files
from closedworld.stages.placing_inputs import PlacingInputs
from closedworld.stages.weights.build import build_tile_weights
from closedworld.stages.weights.outcome import persons_of
from closedworld.verification import verify
from closedworld.worlds import PublishedWorld, open_world

if TYPE_CHECKING:
    from closedworld.execution.events import Event
    from closedworld.stages.people.outcome import PublishedPeople

SHOPS = [
    {"merchant_id": "mart", "country_iso": "LU", "n": 40, "mcc": 5411},
    {"merchant_id": "mart", "country_iso": "MT", "n": 10, "mcc": 5411},
]


class World(PublishedWorld):
    """A world with sites, and what builds people in it."""

    def people(self, out: Path, cards: Any, **options: Any) -> PublishedPeople:
        options.setdefault("executor", "serial")
        return build_people(self, out, cards=cards, countries=COUNTRIES[0], **options)


COUNTRIES: list[Any] = []


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    small: SiteWorld = small_world(tmp_path_factory.mktemp("people-world"), ("FJ", "LU", "MT"))
    COUNTRIES[:] = [small.countries]
    sites = small.build(small.index.published.output, SHOPS)
    return World(small.index, small.weights, {"sites": (sites.published,)})


@pytest.fixture
def out(world: World, tmp_path: Path) -> Path:
    """A copy of the world's folder, in which a test may publish, and damage, what it likes."""
    return Path(shutil.copytree(world.index.published.output, tmp_path / "own"))


def rows_of(people: PublishedPeople) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = people.published.dataset("cards").to_table().to_pylist()
    return rows


def by_card(people: PublishedPeople) -> dict[str, dict[str, Any]]:
    return {row["card_id"]: row for row in rows_of(people)}


def test_a_home_depends_on_no_other_card(world: World, tmp_path: Path) -> None:
    many = by_card(world.people(tmp_path / "many", {"LU": 60, "MT": 7}, task_cards=13))
    few = by_card(world.people(tmp_path / "few", {"LU": 5}))
    assert few == {card: many[card] for card in few}
    other = by_card(world.people(tmp_path / "seed", {"LU": 5}, seed=1))
    assert all(other[card]["home_lon"] != row["home_lon"] for card, row in few.items())


def test_cards_of_one_holder_share_home_and_work(world: World, tmp_path: Path) -> None:
    table = pa.table(
        {"card_id": ["a", "b", "c"], "country_iso": ["LU"] * 3, "person_id": ["p", "p", "q"]}
    )
    people = world.people(tmp_path, table)
    a, b, c = (by_card(people)[card] for card in "abc")
    assert a | {"card_id": "b"} == b
    assert c["home_lon"] != a["home_lon"]
    assert people.describe() == "3 cards of 2 people in 1 country"


def test_work_is_at_a_site_of_the_country_and_missing_where_there_is_none(
    world: World, tmp_path: Path
) -> None:
    rows = rows_of(world.people(tmp_path, {"FJ": 5, "LU": 50}))
    sites = world.sites.to_table().to_pylist()
    points = {(one["lon"], one["lat"]) for one in sites if one["country_iso"] == "LU"}
    for row in rows:
        work = row["work_lon"], row["work_lat"]
        assert work in points if row["country_iso"] == "LU" else work == (None, None)


def test_a_town_holds_the_homes_that_ask_for_it(world: World, tmp_path: Path) -> None:
    table = pa.table(
        {"card_id": ["1", "2"], "country_iso": ["LU", "LU"], "place": ["Luxembourg", None]}
    )
    one = by_card(world.people(tmp_path, table))["1"]
    away = arc_km(
        chord_km(
            to_xyz(np.array([one["home_lon"]]), np.array([one["home_lat"]])),
            to_xyz(np.array([6.13]), np.array([49.61])),
        )
    )
    assert away[0] < 6
    with pytest.raises(InputError, match="no place called 'Nowhere'"):
        world.people(tmp_path, table.set_column(2, "place", [["Nowhere", None]]))


def test_cards_that_cannot_be_placed_are_left_out_and_listed_where_that_is_asked_for(
    world: World, tmp_path: Path
) -> None:
    table = pa.table(
        {
            "card_id": ["3", "2", "1", "1"],
            "country_iso": ["LU", "LU", "DE", "XX"],
            "place": [None, "Nowhere", None, None],
        }
    )
    watcher = Watcher()
    people = world.people(tmp_path, table, skip_unplaceable=True, observer=watcher)
    assert list(by_card(people)) == ["3"]
    assert "3 rows of the table of cards left out; row 2: " in watcher.warnings["cards-skipped"]
    listed = people.report_files()["skipped_cards.csv"].splitlines()
    assert listed[0] == "row,card_id,country_iso,problem"
    assert listed[1].startswith("2,2,LU,")
    assert listed[1].endswith("LU has no place called 'Nowhere'")
    assert listed[2] == "3,1,DE,the world has no tiles of DE"
    assert listed[3].startswith("4,1,,")


def test_a_town_without_tiles_is_refused(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on an island that is too small for the grid."""
    at_sea = SimpleNamespace(lon=-30.0, lat=40.0, radius_km=5.0)
    monkeypatch.setattr(asked_areas, "find_place", lambda *_: at_sea)
    table = pa.table({"card_id": ["1"], "country_iso": ["LU"], "place": ["Nowhere"]})
    with pytest.raises(InputError, match="no tile of LU lies within 5 km of -30, 40"):
        world.people(tmp_path, table)
    assert not list(tmp_path.iterdir())


class Watcher:
    def __init__(self) -> None:
        self.warnings: dict[str, str] = {}

    def on_event(self, event: Event) -> None:
        """Keep warnings."""
        if isinstance(event, Warned):
            self.warnings[event.code] = event.message


def test_what_is_left_out_or_ignored_is_warned_of(world: World, tmp_path: Path) -> None:
    watcher = Watcher()
    world.people(tmp_path / "plain", {"LU": 2}, observer=watcher)
    assert watcher.warnings == {}
    own = {"colour": ["red"], "x" * 40: [1], "y" * 41: [2]}
    table = pa.table({"card_id": ["1"], "country_iso": ["LU"], **own})
    world.people(tmp_path / "own", table, observer=watcher)
    assert list(watcher.warnings) == ["cards-columns-unused"]
    told = watcher.warnings.pop("cards-columns-unused")
    assert f"left out: colour, {'x' * 40}, {'y' * 37}...." in told
    even = build_tile_weights(world.index, tmp_path / "even", basis="uniform")
    sites = SiteWorld(world.index, even.published, COUNTRIES[0]).build(tmp_path / "even", SHOPS)
    other = World(world.index, even.published, {"sites": (sites.published,)})
    other.people(tmp_path / "even", {"LU": 2}, observer=watcher)
    assert list(watcher.warnings) == ["homes-without-people"]
    with pytest.raises(ConfigError, match="population-missing"):
        other.people(tmp_path / "even", 5)


@pytest.mark.parametrize("executor", LOCAL_EXECUTOR)
def test_every_local_executor_gives_the_same_bytes(
    world: World, tmp_path: Path, executor: str
) -> None:
    expected = world.people(tmp_path / "serial", {"FJ": 9, "LU": 40}, task_cards=11)
    with open_worker_pool(executor, None) as pool:
        found = world.people(tmp_path / "other", {"FJ": 9, "LU": 40}, task_cards=11, executor=pool)
    assert found.published.receipt.to_bytes() == expected.published.receipt.to_bytes()


def test_a_world_opens_with_its_people_and_holds_up_to_verification(
    world: World, out: Path
) -> None:
    with pytest.raises(ConfigError, match="people-missing"):
        _ = open_world(out).cards
    people = world.people(out, {"LU": 20})
    assert not people.reused
    assert world.people(out, {"LU": 20}).reused
    assert open_world(out).cards.count_rows() == 20
    assert open_world(people.published.folder).cards.count_rows() == 20
    found = verify(people.published.folder, polygons=COUNTRIES[0])
    assert found.ok, found.findings
    assert any("places of work" in one.what for one in found.checks)
    assert any("homes by the law" in one.what and one.count == 20 for one in found.checks)
    file = next(people.published.folder.glob("cards/LU-*.parquet"))
    rows = pq.read_table(file)
    moved = rows.set_column(3, "home_lon", pa.array(rows["home_lon"].to_numpy() + 1.0))
    pq.write_table(moved.cast(CARDS.schema), file)
    codes = {one.code for one in verify(people.published.folder, polygons=COUNTRIES[0]).findings}
    assert {"home-tile", "home-outside", "home-law"} <= codes
    nudged = rows.set_column(3, "home_lon", pa.array(rows["home_lon"].to_numpy() + 1e-6))
    pq.write_table(nudged.cast(CARDS.schema), file)
    codes = {one.code for one in verify(people.published.folder, polygons=COUNTRIES[0]).findings}
    assert "home-law" in codes
    assert "home-tile" not in codes


def test_homes_in_towns_are_placed_again(world: World, out: Path) -> None:
    """Which town, if any, a card asks for is not published: any around the home may be it."""
    table = pa.table(
        {"card_id": list("1234"), "country_iso": ["LU"] * 4, "place": [*["Luxembourg"] * 2, "Esch-sur-Alzette", None]}
    )  # fmt: skip
    # With some seeds no try meets the small part of a home's tile that is in town, and any point of it is accepted.
    people = world.people(out, table, seed=1)
    found = verify(people.published.folder, polygons=COUNTRIES[0])
    assert found.ok, found.findings
    assert any("homes by the law" in one.what and one.count == 4 for one in found.checks)
    (file,) = people.published.folder.glob("cards/LU-*.parquet")
    rows = pq.read_table(file)
    for row in range(4):
        lat = rows["home_lat"].to_numpy().copy()
        lat[row] += 1e-7
        pq.write_table(rows.set_column(4, "home_lat", pa.array(lat)).cast(CARDS.schema), file)
        found = verify(people.published.folder, polygons=COUNTRIES[0])
        wrong = [one for one in found.findings if one.code == "home-law"]
        assert [one.example["card_id"] for one in wrong] == [str(row + 1)]


def test_people_work_rather_where_sites_are_dense() -> None:
    """Of two places equally far from home, the one with a hundred times as many sites gets most of the work."""
    across, down = np.meshgrid(np.arange(15) * 0.007, np.arange(15) * 0.005)
    many = np.stack([10.15 + across.ravel(), 49.965 + down.ravel()], axis=1)
    few = many[[0, 112, 224]] - [0.2, 0.0]
    sites = np.concatenate([few, many])
    keys = stream_keys(map(str, range(500)), "DE", 1)
    work = work_sites(np.full(500, 10.1), np.full(500, 50.0), keys, *sites.T)
    assert np.count_nonzero(work >= len(few)) > 300
    assert max(DISTANCES_KM) < 100


def test_each_check_looks_at_what_it_is_about(world: World, tmp_path: Path) -> None:
    """At all cards; those in towns; and by blocks at cards of free holders who have no other."""
    holders = [*"aab", "c", *(f"h{number}" for number in range(500))]
    table = pa.table(
        {
            "card_id": [f"{number:03}" for number in range(len(holders))],
            "person_id": holders,
            "country_iso": ["LU"] * len(holders),
            "place": [None, None, "Luxembourg", *[None] * 501],
        }
    )
    people = world.people(tmp_path, table)
    content = json.loads((people.published.folder / "validation.json").read_bytes())["checks"]
    assert {one["check"]: one["checked"] for one in content} == {
        "rows": 504,
        "keys": 504,
        "tiles": 504,
        "polygons": 504,
        "areas": 1,
        "time_zones": 504,
        "work": 504,
        "seeds": 500,
        "blocks": 501,
    }
    assert all(one["passed"] and one["failed"] == 0 for one in content)


@pytest.mark.parametrize(
    ("sites", "works", "failed"),
    [
        ([], [(None, None), (None, None)], 0),
        ([], [(6.0, 49.0), (None, None)], 1),
        ([(6.0, 49.0), (6.5, 49.5)], [(6.5, 49.5), (6.0, 49.0), (6.5, 49.5)], 0),
        ([(6.0, 49.0), (6.5, 49.5)], [(6.0, 49.5), (None, None), (6.0, 49.0)], 2),
    ],
)
def test_a_place_of_work_is_a_site_of_the_country(
    sites: list[tuple[float, float]], works: list[tuple[float | None, float | None]], failed: int
) -> None:
    points = np.array(sites, np.float64).reshape(-1, 2)
    lons, lats = (pa.array([work[axis] for work in works], pa.float64()) for axis in (0, 1))
    counts = CheckCounts()
    _check_work(counts, SitePoints(*points.T), pa.table({"work_lon": lons, "work_lat": lats}))
    assert counts == CheckCounts({"work": len(works)}, {"work": failed})


def people_plan(rows: dict[str, int], sites: Any = None) -> PeoplePlan:
    """Return a plan for so many cards of countries, in tasks of five."""
    nothing: Any = None
    by_country: Any = {iso: range(count) for iso, count in rows.items()}
    return PeoplePlan(nothing, {}, 5, by_country, nothing, sites, nothing)


def test_memory_counts_each_card_of_a_task() -> None:
    memory = people_plan({"AT": 3, "BE": 12}).memory
    assert (memory.shared, memory.per_worker) == (0, (96 << 20) + (256 << 20) + 5 * 1100)
    assert people_plan({"AT": 3}).row_count == 3
    with pytest.raises(TypeError, match="forecast"):
        people_plan({"AT": 3}).task(RowRange("AT", 0, 0, 3, tries_seed=True), None, None)  # type: ignore[arg-type]


def test_only_a_table_of_cards_is_a_file() -> None:
    assert own_files(RunConfig()) == ()
    assert own_files(RunConfig(cards=Path("LU=5"))) == ()
    assert own_files(RunConfig(cards=Path("cards.csv"))) == (Path("cards.csv"),)


def test_without_weights_people_are_those_of_the_demonstration(world: World) -> None:
    """In a forecast; countries that it does not have have none."""
    inputs = PlacingInputs.of_world(
        world, "homes", COUNTRIES[0], seed=0, skip_unplaceable=False, observer=Watcher()
    )
    spans = {**inputs.spans, "XA": inputs.spans["LU"]}
    forecast = replace(inputs, index=None, weights=None, spans=spans)
    total, by_country = CardCounts(10, {}), CardCounts(0, {"LU": 3})
    persons = demo_persons()
    expected = {iso: persons.get(iso, 0) for iso in spans}
    assert expected["XA"] == 0 < expected["LU"]
    for counts in (total, by_country):
        assert _persons(counts, forecast) == expected
    plain = {iso: persons.get(iso, 0) for iso in inputs.spans}
    assert _persons(by_country, inputs) == plain
    assert _persons(total, inputs) == persons_of(inputs.weights)  # type: ignore[arg-type]
    assert _persons(total, inputs) != plain
