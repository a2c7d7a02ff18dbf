"""Purchases by day: from every executor and in any blocks the same bytes; nobody depends on others; possible."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from effort import LOCAL_EXECUTOR
from site_worlds import small_world

from closedworld.datasets import TRUTH
from closedworld.errors import UnitError
from closedworld.execution import open_worker_pool
from closedworld.execution.events import ScratchUsed, TaskFinished, TasksResumed
from closedworld.kernels.lives import LifeOptions
from closedworld.kernels.lives.trips import seconds_needed
from closedworld.published.names import read_name
from closedworld.stages import STAGES
from closedworld.stages.people.build import build_people
from closedworld.stages.purchases import plan as purchase_plan
from closedworld.stages.purchases.blocks import BlockTask, live_block
from closedworld.stages.purchases.build import build_purchases
from closedworld.stages.purchases.day_files import write_day
from closedworld.store.local import storage_at
from closedworld.verification import verify
from closedworld.verification.holder_moves import hours_needed
from closedworld.worlds import PublishedWorld, open_world

if TYPE_CHECKING:
    from closedworld.execution.events import Event
    from closedworld.stages.checked_results import CheckedResult
    from closedworld.stages.purchases.day_files import DayTask
    from closedworld.stages.purchases.outcome import PublishedPurchases
    from closedworld.store.reading import Published

pytestmark = pytest.mark.slow

SHOPS = [
    {"merchant_id": f"{name}-{iso}", "country_iso": iso, "n": n, "mcc": mcc}
    for iso in ("LU", "MT")
    for name, mcc, n in (
        ("mart", 5411, 12), ("cafe", 5812, 8), ("fuel", 5541, 5), ("bank", 6011, 4), ("inn", 7011, 3),
        ("web", 5815, 1),
    )
] + [{"merchant_id": "everywhere", "country_iso": iso, "n": 1, "mcc": 5815} for iso in ("LU", "MT")]  # fmt: skip
DAYS = 4
FROM = "2026-03-27"
"""Clocks of Europe change on the third day."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> PublishedWorld:
    out = tmp_path_factory.mktemp("purchases-world")
    small = small_world(out, ("LU", "MT"))
    sites = small.build(out, SHOPS)
    found = PublishedWorld(small.index, small.weights, {"sites": (sites.published,)})
    people = build_people(
        found, out, cards={"LU": 90, "MT": 30}, countries=small.countries, executor="serial"
    )
    return replace(found, later={**found.later, "people": (people.published,)})


def build(world: PublishedWorld, out: Path, **options: Any) -> PublishedPurchases:
    options = {"first_day": FROM, "days": DAYS, "executor": "serial", **options}
    return build_purchases(world, out, **options)


def table(published: Published, name: str) -> pa.Table:
    return published.dataset(name).to_table()


def fraudless(folder: Path) -> Path:
    path = folder / "fraud.toml"
    path.write_text("share = 0\n")
    return path


def lives_of(published: Published, cards: pa.Array) -> list[dict[str, Any]]:
    rows = table(published, "purchases")
    return [
        row
        for row in rows.filter(pc.is_in(rows["card_id"], cards)).to_pylist()
        if row["ts_utc"].strftime("%Y-%m-%d") < "2026-03-29"
    ]


@pytest.mark.parametrize("executor", LOCAL_EXECUTOR)
def test_every_local_executor_and_any_blocks_give_the_same_bytes(
    world: PublishedWorld, tmp_path: Path, executor: str
) -> None:
    expected = build(world, tmp_path / "serial")
    assert expected.summaries[0].purchases > 100
    with open_worker_pool(executor, None) as pool:
        found = build(world, tmp_path / "other", executor=pool, block_purchases=200)
    assert found.published.receipt.to_bytes() == expected.published.receipt.to_bytes()
    assert build(world, tmp_path / "other").reused


@pytest.mark.parametrize(("workers", "block_purchases"), [(1, 50), (2, 1000), (3, 333)])
def test_any_number_of_workers_and_any_blocks_give_the_same_bytes(
    world: PublishedWorld, tmp_path: Path, workers: int, block_purchases: int
) -> None:
    expected = build(world, tmp_path / "serial")
    found = build(
        world,
        tmp_path / "other",
        executor="threads",
        workers=workers,
        block_purchases=block_purchases,
    )
    assert found.published.receipt.to_bytes() == expected.published.receipt.to_bytes()


def test_a_life_depends_on_no_other_card_and_not_on_the_last_day(
    world: PublishedWorld, tmp_path: Path
) -> None:
    fraud = fraudless(tmp_path)
    many = build(world, tmp_path / "many", fraud=fraud)
    small = build_people(
        world, tmp_path / "few", cards={"LU": 20}, countries=_countries(world), executor="serial"
    )
    few_people = replace(world, later={**world.later, "people": (small.published,)})
    few = build(few_people, tmp_path / "few", fraud=fraud, days=2)
    cards = table(small.published, "cards")["card_id"].combine_chunks()
    ours, theirs = (lives_of(one.published, cards) for one in (few, many))
    assert len(ours) > 20
    assert ours == theirs
    other = build(few_people, tmp_path / "seed", fraud=fraud, days=2, seed=1)
    assert lives_of(other.published, cards) != ours


def _countries(world: PublishedWorld) -> Any:
    from closedworld.inputs.reference.registry import bundled  # noqa: PLC0415
    from closedworld.inputs.regions.country_reading import read_countries  # noqa: PLC0415

    return read_countries(bundled("countries.parquet").path).select(tuple(world.index.spans))


def test_a_killed_run_goes_on_with_the_days_that_are_left(
    world: PublishedWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = build(world, tmp_path / "whole").published.receipt.to_bytes()
    done: list[str] = []

    def failing(task: DayTask) -> CheckedResult:
        if len(done) == 2:
            raise OSError("the power went")
        done.append(task.date)
        return write_day(task)

    with monkeypatch.context() as patch:
        patch.setattr(purchase_plan, "write_day", failing)
        with pytest.raises(UnitError):
            build(world, tmp_path / "cut")
    events: list[Event] = []

    class Watcher:
        def on_event(self, event: Event) -> None:
            events.append(event)

    again = build(world, tmp_path / "cut", observer=Watcher())
    assert [one.units for one in events if isinstance(one, TasksResumed)] == [2]
    assert again.published.receipt.to_bytes() == expected


def test_times_amounts_and_labels_are_what_they_say(world: PublishedWorld, tmp_path: Path) -> None:
    fraud = tmp_path / "fraud.toml"
    fraud.write_text("share = 0.05\n")
    published = build(world, tmp_path, fraud=fraud).published
    rows, truth = table(published, "purchases").to_pylist(), table(published, "truth").to_pylist()
    assert {row["purchase_id"] for row in rows} == {row["purchase_id"] for row in truth}
    assert len(rows) == len(truth) == len({row["purchase_id"] for row in rows})
    for row in rows:
        local = row["ts_utc"].astimezone(ZoneInfo(row["tzid"])).replace(tzinfo=None)
        assert row["ts_local"] == local
        assert row["amount"] == round(row["amount"], 2) > 0
        assert row["currency"] == "EUR"
        assert (row["site_id"] == -1) == (row["channel"] == "online") == (row["lon"] is None)
    assert any(row["is_fraud"] for row in truth)
    for row in truth:
        assert row["is_fraud"] == (row["fraud_type"] is not None)
        assert not (row["is_fraud"] and row["hard_negative"])
    files = sorted(path.name for path in published.folder.glob("purchases/*.parquet"))
    assert files == [f"2026-03-{day}-00000.parquet" for day in (27, 28, 29, 30)]
    for name in files:
        times = pq.read_table(published.folder / "purchases" / name)["ts_utc"].to_pylist()
        assert times == sorted(times)
        assert all(one.astimezone(UTC).strftime("%Y-%m-%d") == name[:10] for one in times)


def test_a_purchase_is_at_a_site_of_its_merchant_or_online_in_its_country(
    world: PublishedWorld, tmp_path: Path
) -> None:
    shown = ["merchant_id", "country_iso", "category", "mcc", "lon", "lat", "site_id"]
    sites = table(world.result("sites"), "sites").select(shown).to_pylist()
    outlets = {tuple(one.values())[:6]: one["site_id"] for one in sites}
    rows = table(build(world, tmp_path).published, "purchases").select(shown).to_pylist()
    online = [one for one in rows if one["lon"] is None]
    for one in rows:
        site_id = outlets[tuple(one.values())[:6]]
        assert one["site_id"] == (-1 if one["lon"] is None else site_id)
    shops = {(one["merchant_id"], one["country_iso"]) for one in online}
    assert shops == {(name, iso) for iso in ("LU", "MT") for name in (f"web-{iso}", "everywhere")}


def test_verification_finds_no_fault_and_each_that_is_made(
    world: PublishedWorld, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(world.index.published.output, tmp_path / "own"))
    published = build(world, out).published
    assert list(read_name(storage_at(out), "latest")) == [stage.name for stage in STAGES]
    assert open_world(out).purchases.count_rows() == table(published, "purchases").num_rows
    found = verify(published.folder)
    assert found.ok, found.findings
    file = published.folder / "truth" / "2026-03-28-00000.parquet"
    truth = pq.read_table(file)
    turned = truth.set_column(1, "is_fraud", pc.invert(truth["is_fraud"]))
    pq.write_table(turned.cast(TRUTH.schema), file)
    assert "truth-label" in {one.code for one in verify(published.folder).findings}
    pq.write_table(truth.slice(1).cast(TRUTH.schema), file)
    assert "truth-ids" in {one.code for one in verify(published.folder).findings}
    file = published.folder / "purchases" / "2026-03-29-00000.parquet"
    rows = pq.read_table(file)
    hour = pa.scalar(3_600_000_000, pa.duration("us"))
    late = rows.set_column(2, rows.schema.field("ts_local"), pc.add(rows["ts_local"], hour))
    pq.write_table(late, file)
    assert "purchase-clock" in {one.code for one in verify(published.folder).findings}
    # Some 8 km east every other time: less than 900 km/h, but more than 60.
    moved = pa.array([0.0, 0.1] * rows.num_rows).slice(0, rows.num_rows)
    far = rows.set_column(12, rows.schema.field("lon"), pc.add(rows["lon"], moved))
    pq.write_table(far, file)
    codes = {one.code for one in verify(published.folder).findings}
    assert {"purchase-site", "holder-speed"} <= codes


def test_verification_allows_what_the_law_of_ways_does() -> None:
    """An hour for 60 km, 4 h for 700 km; ways below 300 km may be flown beyond, which takes 3 h 26 min at least."""
    km = np.array([0.0, 60.0, 200.0, 250.0, 299.0, 301.0, 700.0, 1400.0])
    flight = 3 + 300 / 700
    hours = [0.0, 1.0, 200 / 60, flight, flight, 3.43, 4.0, 5.0]
    np.testing.assert_allclose(hours_needed(km), hours, rtol=1e-12)
    assert (hours_needed(km) * 3_600 <= seconds_needed(km)).all()
    no_flight = (km <= 200) | (km > 300)
    assert (seconds_needed(km)[no_flight] - hours_needed(km)[no_flight] * 3_600 < 1).all()


class Watcher:
    """Notes events, and the size of all blocks when it is told."""

    def __init__(self, out: Path) -> None:
        self.out, self.block_bytes = out, 0
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, ScratchUsed):
            self.block_bytes = sum(one.stat().st_size for one in self.out.rglob("block-*"))


def test_each_check_looks_at_all_rows_and_the_busiest_day_is_written_first(
    world: PublishedWorld, tmp_path: Path
) -> None:
    fraud = tmp_path / "fraud.toml"
    fraud.write_text("share = 0.05\n")
    watcher = Watcher(tmp_path)
    built = build(world, tmp_path, fraud=fraud, observer=watcher, block_purchases=300)
    published, days = built.published, built.summaries
    purchases, stays = (sum(getattr(one, name) for one in days) for name in ("purchases", "stays"))
    assert purchases == table(published, "purchases").num_rows
    assert stays == table(published, "stays").num_rows
    truth = table(published, "truth")
    stolen = truth.filter(truth["is_fraud"])["purchase_id"]
    rows = table(published, "purchases")
    dates = rows.filter(pc.is_in(rows["purchase_id"], stolen.combine_chunks()))["ts_utc"]
    by_day = [str(one.date()) for one in dates.to_pylist()]
    assert [one.fraud for one in days] == [by_day.count(one.date) for one in days]
    assert len(by_day) > 5
    content = json.loads((published.folder / "validation.json").read_bytes())["checks"]
    checked = {one["check"]: one["checked"] for one in content}
    assert all(one["passed"] for one in content)
    assert checked.pop("clocks") > 100
    assert 0 < checked.pop("speeds") < purchases
    assert checked == {
        "rows": purchases + stays,
        "purchase_ids": purchases,
        "labels": purchases,
        "times": purchases,
        "amounts": purchases,
        "stays": stays,
    }
    (used,) = (one for one in watcher.events if isinstance(one, ScratchUsed))
    assert used.size_bytes == watcher.block_bytes > 0
    written = [
        (one.rows, one.partition)
        for one in watcher.events
        if isinstance(one, TaskFinished) and one.work == "writing"
    ]
    assert written == sorted(written, key=lambda one: (-one[0], one[1]))
    assert sorted(written) == sorted((one.purchases, one.date) for one in days)


def test_lives_need_a_plan_of_fraud_and_a_folder(tmp_path: Path) -> None:
    nothing: Any = None
    task = BlockTask(nothing, 0, 1, 0, 1, 0, LifeOptions())
    for one in (task, replace(task, folder=tmp_path), replace(task, fraud=nothing)):
        with pytest.raises(TypeError, match="a plan of fraud and a folder"):
            live_block(one)
