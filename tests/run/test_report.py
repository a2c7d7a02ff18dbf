"""What a run leaves beside its data: report, summaries, log and picture."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.config.run import RunConfig
from closedworld.errors import ClosedWorldError, ConfigError, InputError
from closedworld.execution import events
from closedworld.execution.events import InputLoaded
from closedworld.kernels.tiles import CountrySummary
from closedworld.published.results import find_published
from closedworld.run.pipeline import run_world
from closedworld.run.record.report import read_record
from closedworld.stages.tiles.outcome import TileIndex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.execution.events import Event, Observer

pytestmark = pytest.mark.slow

COUNTRIES = ("FJ", "LI", "LS", "LU", "VA", "ZA")


def config(out: Path, **options: Any) -> RunConfig:
    return RunConfig(
        out=out, **{"countries": COUNTRIES, "resolution": "0.25deg", "basis": "area_m2", **options}
    )


def report_of(folder: Path) -> dict[str, Any]:
    content = json.loads((folder / "run_report.json").read_text())
    assert isinstance(content, dict)
    return content


def reports(out: Path) -> list[Path]:
    return sorted((out / "reports").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def summaries_of(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for line in (folder / "country_summaries.jsonl").read_text().splitlines()
    ]


def test_the_report_of_a_finished_run_says_what_was_built_from_what(tmp_path: Path) -> None:
    outcome = run_world(config(tmp_path, stage_workers={"s1": 2}))
    report = report_of(outcome.report_folder)
    assert report == json.loads(json.dumps(outcome.record.to_dict()))
    assert read_record(outcome.report_folder) == outcome.record
    assert outcome.report_folder == tmp_path / "reports" / report["run_id"]
    assert (report["status"], report["error"]) == ("finished", None)
    assert report["config"]["countries"] == list(COUNTRIES)
    assert report["config"]["out"] == str(tmp_path)
    roles = {loaded["role"]: loaded for loaded in report["inputs"]}
    assert set(roles) == {"countries", "resolution"}
    assert roles["countries"]["rows"] == len(COUNTRIES)
    assert all(len(digest) == 64 for digest in roles["countries"]["sha256"].values())
    assert roles["resolution"]["path"] == "0.25deg"
    stage, of_weights = report["stages"]
    assert (of_weights["number"], of_weights["name"]) == ("S2", "weights")
    assert "summaries" not in of_weights["totals"]
    receipt = outcome.result(TileIndex).published.receipt
    assert (stage["number"], stage["name"], stage["reused"]) == ("S1", "tiles", False)
    assert stage["parameter_hash"] == receipt.parameter_hash
    assert stage["folder"] == str(outcome.result(TileIndex).published.folder)
    assert stage["totals"] == receipt.totals
    assert stage["datasets"] == receipt.datasets()


def test_the_report_of_a_raster_has_its_digest_and_its_grid(tmp_path: Path) -> None:
    outcome = run_world(config(tmp_path, resolution=None))
    raster = next(one for one in outcome.record.inputs if one.role == "raster")
    assert raster.path.endswith("population_5m.tif")
    assert list(raster.sha256) == ["population_5m.tif"]
    assert raster.rows == 2160
    assert "300 arc-seconds" in raster.detail


def test_the_report_measures_the_run(tmp_path: Path) -> None:
    outcome = run_world(config(tmp_path, workers=2))
    performance = outcome.record.performance
    tiles = sum(outcome.result(TileIndex).world.tile_counts.values())
    assert performance.rows_written == {"S1": tiles, "S2": tiles}
    assert performance.wall_seconds > 0
    rate = pytest.approx(2 * tiles / performance.wall_seconds)
    assert performance.rows_per_second == rate
    assert performance.peak_memory_bytes > 2**20
    units = {"encode", "write"}
    assert {stage: set(phases) for stage, phases in performance.phase_seconds.items()} == {
        "S0": {"load"},
        "S1": {"spans", "summaries", "digest", *units, "fsync", "publish", "pictures"},
        "S2": {"weigh", *units, "fsync", "publish"},
    }


def test_the_report_says_what_each_worker_did_of_each_kind_of_work(tmp_path: Path) -> None:
    outcome = run_world(config(tmp_path, workers=2))
    tiles = sum(outcome.result(TileIndex).world.tile_counts.values())
    countries = len(COUNTRIES) - len(outcome.result(TileIndex).world.without_tiles)
    workers = outcome.record.workers
    for kind in (("S1", "writing"), ("S2", "weighing"), ("S2", "writing")):
        own = [line for line in workers if (line.stage, line.work) == kind]
        assert 1 <= len(own) <= 2
        assert sum(line.rows for line in own) == tiles
        assert sum(line.units for line in own) == countries
        for line in own:
            assert 0 <= line.idle_share <= 1
            assert line.busy_seconds <= line.wall_seconds + 0.01
            assert line.peak_memory_bytes > 2**20


def test_there_is_a_line_for_each_unit_of_work(tmp_path: Path) -> None:
    outcome = run_world(config(tmp_path, workers=2))
    lines = [
        json.loads(line)
        for line in (outcome.report_folder / "units.jsonl").read_text().splitlines()
    ]
    tiles = sum(outcome.result(TileIndex).world.tile_counts.values())
    written = [line for line in lines if line["work"] == "writing"]
    assert sum(line["rows"] for line in written) == 2 * tiles
    wall = outcome.record.performance.wall_seconds
    for line in lines:
        assert 0 <= line["began_seconds"] <= line["began_seconds"] + line["seconds"] <= wall
        assert sum(line["phases"].values()) <= line["seconds"]


def test_there_is_one_summary_for_each_country(tmp_path: Path) -> None:
    outcome = run_world(config(tmp_path))
    lines = summaries_of(outcome.report_folder)
    assert [line["country_iso"] for line in lines] == list(COUNTRIES)
    fields = {*CountrySummary.ARROW_SCHEMA.names, "seconds", "rows_per_second"}
    counts = outcome.result(TileIndex).world.tile_counts
    for line in lines:
        assert set(line) == fields
        accounted = line["cells_included"] + line["cells_in_holes"] + line["cells_outside"]
        assert line["cells_visited"] == accounted
        assert line["cells_included"] == counts[line["country_iso"]]
    by_iso = {line["country_iso"]: line for line in lines}
    assert by_iso["ZA"]["cells_in_holes"] == by_iso["LS"]["cells_included"] > 0
    assert by_iso["ZA"]["rows_per_second"] > 0
    assert by_iso["VA"]["first_tile_id"] is by_iso["VA"]["rows_per_second"] is None
    assert by_iso["FJ"]["first_tile_id"] < by_iso["FJ"]["last_tile_id"]


def test_countries_without_tiles_are_warned_of_in_report_and_log(tmp_path: Path) -> None:
    outcome = run_world(config(tmp_path))
    (warning,) = [
        warned for warned in outcome.record.warnings if warned.code == "countries-without-tiles"
    ]
    assert "VA" in warning.message
    log = (outcome.report_folder / "run.log").read_text()
    assert warning.message in log


def test_countries_that_were_kept_are_told_of(tmp_path: Path) -> None:
    outcome = run_world(config(tmp_path, keep_small_countries=True))
    codes = {warned.code for warned in outcome.record.warnings}
    assert "countries-kept-small" in codes
    assert "countries-without-tiles" not in codes
    by_iso = {line["country_iso"]: line for line in summaries_of(outcome.report_folder)}
    assert by_iso["VA"]["kept_small"]
    assert by_iso["VA"]["cells_included"] == 1


def test_the_log_is_json_lines_with_every_event(tmp_path: Path) -> None:
    class Watcher:
        def __init__(self) -> None:
            self.kinds: list[str] = []

        def on_event(self, event: Event) -> None:
            self.kinds.append(type(event).__name__)

    watcher = Watcher()
    outcome = run_world(config(tmp_path, executor="serial"), [watcher])
    lines = [
        json.loads(line) for line in (outcome.report_folder / "run.log").read_text().splitlines()
    ]
    assert [line["event"] for line in lines if "event" in line] == watcher.kinds
    assert {"TaskFinished", "PartitionFinished", "PhaseFinished", "InputLoaded"} <= set(
        watcher.kinds
    )
    for line in lines:
        assert {"time", "level", "logger", "message"} <= set(line)
    unit = next(line for line in lines if line.get("event") == "TaskFinished")
    assert (unit["level"], unit["partition"]) == ("debug", "ZA")


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_what_workers_log_is_in_the_log_with_their_names(tmp_path: Path, executor: str) -> None:
    outcome = run_world(config(tmp_path, executor=executor, workers=2))
    lines = [
        json.loads(line) for line in (outcome.report_folder / "run.log").read_text().splitlines()
    ]
    said = {line["message"]: line for line in lines if line["message"].startswith("wrote ")}
    for file in outcome.result(TileIndex).published.receipt.files:
        line = said[f"wrote {file.path}: {file.rows:,} rows in {file.size_bytes:,} bytes"]
        # Files of countries without tiles hold no rows, and no worker is needed for them.
        workers = {unit.worker for unit in outcome.record.workers} if file.rows else {"main"}
        assert line["worker"] in workers


def test_the_log_of_one_run_holds_nothing_of_another_and_the_logger_is_as_before(
    tmp_path: Path,
) -> None:
    logger = logging.getLogger("closedworld")
    before = (logger.level, list(logger.handlers))
    first = run_world(config(tmp_path))
    size = (first.report_folder / "run.log").stat().st_size
    run_world(config(tmp_path))
    assert (first.report_folder / "run.log").stat().st_size == size
    assert (logger.level, list(logger.handlers)) == before


def test_a_second_run_reuses_the_result_and_has_a_report_of_its_own(tmp_path: Path) -> None:
    first, second = run_world(config(tmp_path)), run_world(config(tmp_path))
    assert first.report_folder != second.report_folder
    stage, of_weights = second.record.stages
    assert stage.reused
    assert of_weights.reused
    assert stage.totals == first.record.stages[0].totals
    assert second.record.performance.rows_written == {}
    events_of = (second.report_folder / "run.log").read_text()
    assert '"StageReused"' in events_of
    assert '"writing"' not in events_of
    for mine, theirs in zip(
        summaries_of(second.report_folder), summaries_of(first.report_folder), strict=True
    ):
        assert {**mine, "seconds": 0, "rows_per_second": 0} == {
            **theirs,
            "seconds": 0,
            "rows_per_second": 0,
        }


@pytest.mark.parametrize(
    ("options", "kind", "code"),
    [
        ({"polygons": "none.gpkg"}, InputError, "input-missing"),
        ({"countries": ("QQ",)}, ConfigError, "country-unknown"),
        ({"countries": ("VA",)}, ConfigError, "world-empty"),
    ],
)
def test_a_failed_run_leaves_a_report_that_says_why_and_earlier_worlds_as_they_were(
    tmp_path: Path,
    contents: Callable[[Path], dict[str, bytes]],
    options: dict[str, Any],
    kind: type[ClosedWorldError],
    code: str,
) -> None:
    run_world(config(tmp_path))
    earlier = find_published(tmp_path)
    before = [contents(one.folder) for one in earlier]
    if "polygons" in options:
        options = {"polygons": tmp_path / options["polygons"]}
    with pytest.raises(kind) as caught:
        run_world(config(tmp_path, **options))
    assert caught.value.code == code
    folder = reports(tmp_path)[-1]
    report = report_of(folder)
    assert report["status"] == "failed"
    assert report["stages"] == []
    assert report["error"] == {
        "code": code,
        "message": caught.value.message,
        "hint": caught.value.hint,
        "notes": [],
    }
    assert not (folder / "country_summaries.jsonl").exists()
    assert code in (folder / "run.log").read_text()
    assert find_published(tmp_path) == earlier
    assert [contents(one.folder) for one in earlier] == before
    assert not (tmp_path / ".staging").exists()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (KeyboardInterrupt(), "interrupted", "interrupted"),
        (ZeroDivisionError("0"), "failed", "unexpected"),
    ],
    ids=["Ctrl-C", "unforeseen"],
)
def test_whatever_ends_a_run_leaves_a_report_and_goes_on(
    tmp_path: Path, error: BaseException, status: str, code: str
) -> None:
    class Ends:
        def on_event(self, event: Event) -> None:
            if type(event) is events.TaskFinished:
                raise error

    with pytest.raises(type(error)):
        run_world(config(tmp_path), [Ends()])
    (folder,) = reports(tmp_path)
    report = report_of(folder)
    assert report["status"] == status
    assert report["error"]["code"] == code
    assert status == "interrupted" or type(error).__name__ in report["error"]["message"]
    assert type(error).__name__ in (folder / "run.log").read_text()
    assert find_published(tmp_path) == []
    assert not (tmp_path / ".staging").exists()


def test_the_user_s_observers_hear_everything(tmp_path: Path) -> None:
    heard: list[Event] = []

    class Ear:
        def on_event(self, event: Event) -> None:
            heard.append(event)

    run_world(config(tmp_path), [Ear()])
    assert isinstance(heard[0], events.InputLoaded)
    assert isinstance(heard[-1], events.DatasetPublished)


def test_a_receipt_holds_no_time_and_the_report_does(tmp_path: Path) -> None:
    """Two runs into two folders: receipts are equal, reports are not."""
    one, two = run_world(config(tmp_path / "1")), run_world(config(tmp_path / "2"))
    assert (
        one.result(TileIndex).published.receipt.to_bytes()
        == two.result(TileIndex).published.receipt.to_bytes()
    )
    assert one.record != two.record


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"resolution": "7s"}, "resolution-size"), ({"resolution": "100m"}, "resolution-syntax")],
)
def test_a_wrong_resolution_is_found_before_anything_is_read(
    tmp_path: Path, wrong: dict[str, str], code: str
) -> None:
    with pytest.raises(ConfigError, match=code):
        run_world(config(tmp_path, polygons=tmp_path / "none.gpkg", **wrong))
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_raster_is_found_before_the_polygons_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"no raster")
    wrong = {"resolution": None, "raster": tmp_path / "a.tif", "polygons": tmp_path / "none.gpkg"}
    with pytest.raises(InputError) as caught:
        run_world(config(tmp_path / "out", **wrong))
    assert caught.value.code == "input-unreadable"
    assert "a.tif" in caught.value.message


def test_reading_polygons_counts_for_the_memory_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that reads took 700 MB beside 100 here: a limit of 740 MiB is exceeded before a stage begins."""

    def loaded(start: object, observer: Observer) -> object:
        observer.on_event(
            InputLoaded("countries", "a", 1, 1, 1, {}, "", 1.0, 700_000_000, 100_000_000)
        )
        return start

    monkeypatch.setattr("closedworld.run.start.Start.load", loaded)
    with pytest.raises(ConfigError) as caught:
        run_world(config(tmp_path, memory_limit=740 << 20))
    assert caught.value.code == "memory-limit"
    assert "reading the inputs" in caught.value.message
