"""What a running command writes to standard error, for people and for programs."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import shapely

from closedworld.execution import events
from closedworld.execution.observers import LogObserver
from closedworld.published.results import open_published

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]

SMALL = ("--countries", "DE,FR,VA", "--resolution", "1deg", "--out")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_warnings_are_on_standard_error_and_the_outcome_on_standard_output(
    call: Call, tmp_path: Path
) -> None:
    """A dozen lines; every step is in the log of the run."""
    done = call("tiles", *SMALL, tmp_path)
    warning, towns = done.stderr.splitlines()
    assert warning.startswith("warning: 1 country without a tile")
    assert "VA" in warning
    assert towns.startswith("warning: In 2 countries, 5% or more of the townspeople live")
    assert "tiles of 2 countries" in done.stdout
    assert "2, see above" in done.stdout
    (log,) = tmp_path.glob("reports/*/run.log")
    assert str(log) in done.stdout
    assert "S0 countries" in log.read_text()


def test_every_step_is_on_standard_error_when_it_is_asked_for(call: Call, tmp_path: Path) -> None:
    done = call("tiles", *SMALL, tmp_path, "-v")
    for text in ("S0 countries", "WARNING", "VA", "published tile_index"):
        assert text in done.stderr
    assert "S0 countries" not in done.stdout


def test_the_report_of_a_run_is_printed_as_json_alone(call: Call, tmp_path: Path) -> None:
    done = call("tiles", *SMALL, tmp_path, "--json", "-q")
    (report,) = tmp_path.glob("reports/*/run_report.json")
    assert json.loads(done.stdout) == json.loads(report.read_text())


def test_json_logs_are_json_lines_and_nothing_else(call: Call, tmp_path: Path) -> None:
    done = call("tiles", *SMALL, tmp_path, "--log-format", "json")
    lines = json_lines(done.stderr)
    assert done.stdout == f"{open_published(tmp_path).folder}\n"
    assert next(line["event"] for line in lines) == "InputLoaded"
    assert [line["event"] for line in lines][-1] == "DatasetPublished"
    assert {line["level"] for line in lines} == {"info", "warning"}


@pytest.mark.parametrize("words", [("--log-format", "json"), ("--log-format=json",)])
def test_an_error_is_a_json_line_too(call: Call, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = call("tiles", "--polygons", "none.gpkg", *words, "--out", tmp_path)
    assert done.exit_code == 3
    last = json_lines(done.stderr)[-1]
    assert set(last) >= {"level", "code", "message", "hint"}
    assert (last["level"], last["code"]) == ("error", "input-missing")
    assert "none.gpkg" in last["message"]


@pytest.mark.slow
def test_json_logs_of_another_process_are_json_lines_and_nothing_else(tmp_path: Path) -> None:
    words = ["tiles", "--countries", "VA", "--resolution", "1deg", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "closedworld", *words, "--log-format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert json_lines(done.stderr)[-1]["code"] == "world-empty"
    assert done.stdout == ""


@pytest.mark.slow
def test_quiet_leaves_warnings_errors_and_the_folder(call: Call, tmp_path: Path) -> None:
    """The folder alone is on standard output, so that a script can go on with it."""
    done = call("tiles", *SMALL, tmp_path, "--quiet")
    assert done.stdout == f"{open_published(tmp_path).folder}\n"
    assert len(done.stderr.splitlines()) == 2
    assert "countries-without-tiles" in done.stderr
    failed = call("tiles", "--raster", "none.tif", "--out", tmp_path, "-q")
    assert "input-missing" in failed.stderr
    assert failed.stdout == ""


def test_quiet_gives_the_folder_of_each_result_also_when_it_is_reused(
    call: Call, tmp_path: Path
) -> None:
    built = call("run", *SMALL, tmp_path, "--basis", "area_m2", "-q").stdout.splitlines()
    stages = [open_published(tmp_path, stage).folder for stage in ("tiles", "weights")]
    assert built == list(map(str, stages))
    again = call("weights", built[0], "--basis", "area_m2", "-q")
    assert again.stdout.splitlines() == built[1:]


@pytest.mark.slow
def test_a_terminated_run_ends_with_status_143_and_leaves_a_report(tmp_path: Path) -> None:
    """SIGTERM in the middle of writing: staging is cleared, what was published stays, sealed."""
    words = ["--resolution", "1deg", "--out", str(tmp_path), "-q"]
    program = [sys.executable, "-m", "closedworld", "tiles", "--countries", "MT,IT", *words]
    subprocess.run(program, check=True, capture_output=True)
    published = open_published(tmp_path)
    code = (
        "import os, signal, sys\n"
        "import closedworld.stages.tiles.plan as module\n"
        "write = module.write_tiles\n"
        "def write_and_end(task):\n"
        "    result = write(task)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    return result\n"
        "module.write_tiles = write_and_end\n"
        "from closedworld.cli import main\n"
        "main()\n"
    )
    words = ["tiles", "--countries", "MT,IT", "--resolution", "5m", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 143
    assert "terminated" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"names", "reports", "tiles"}
    assert open_published(tmp_path).folder == published.folder
    published.verify()
    last = max((tmp_path / "reports").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert json.loads((last / "run_report.json").read_text())["status"] == "interrupted"
    assert "_Terminated" in (last / "run.log").read_text()


@pytest.mark.slow
def test_progress_is_logged_at_least_every_25_countries(call: Call, tmp_path: Path) -> None:
    """And at the last one."""
    done = call("tiles", "-v", "--resolution", "5deg", "--out", tmp_path)
    progress = re.findall(r"(\d+)/(\d+) partitions, [\d,]+ of [\d,]+ tiles", done.stderr)
    total = int(progress[-1][1])
    numbers = [0, *(int(number) for number, _ in progress)]
    assert total > 75
    assert numbers[-1] == total
    assert max(b - a for a, b in itertools.pairwise(numbers)) <= 25


def test_progress_is_logged_every_ten_seconds_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a clock that goes three seconds a country."""
    now = iter(range(0, 3000, 3))
    monkeypatch.setattr("closedworld.execution.observers.time.monotonic", lambda: float(next(now)))
    observer = LogObserver()
    caplog.set_level("DEBUG", "closedworld")
    for done in range(1, 13):
        observer.on_event(
            events.PartitionFinished("S1", "DE", 1, done, 100, done, 100, 3.0 * done, "tiles")
        )
    loud = [
        record.getMessage().split()[2].split("/")[0]
        for record in caplog.records
        if record.levelname == "INFO"
    ]
    assert loud == ["4", "8", "12"]


ESCAPE = "\x1b[31mred\x1b]0;title\x07"


@pytest.mark.slow
def test_control_characters_in_paths_and_names_reach_no_terminal(
    call: Call, tmp_path: Path, polygons: Callable[..., Path], raster: Callable[..., Path]
) -> None:
    """In logs, errors and outcomes, of files that can be used and of those that cannot."""
    shape = shapely.box(0, 0, 20, 20)
    good = polygons(f"good{ESCAPE}.parquet", [("DE", f"Name{ESCAPE}", shape)])
    bow = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    bad = polygons(f"bad{ESCAPE}.parquet", [(f"X{ESCAPE}", f"N{ESCAPE}", bow), ("DE", ESCAPE, bow)])
    picture = raster(f"picture{ESCAPE}.tif")
    projected = raster(f"projected{ESCAPE}.tif", crs="EPSG:3857")
    out = tmp_path / f"out{ESCAPE}"
    calls = [
        ("tiles", "--polygons", good, "--raster", picture, "--out", out),
        ("tiles", "--polygons", good, "--raster", picture, "--out", out),
        ("tiles", "--polygons", bad, "--out", out),
        ("tiles", "--raster", projected, "--out", out),
        ("tiles", "--raster", f"none{ESCAPE}.tif", "--out", out),
        ("tiles", "--config", f"none{ESCAPE}.toml"),
        ("tiles", "--countries", ESCAPE, "--out", out),
        ("tiles", "--polygons", good, "--layer", ESCAPE, "--out", out),
        ("tiles", "--polygons", good, "--iso-column", ESCAPE, "--out", out),
        ("inputs", "--polygons", good, "--raster", picture),
        ("inputs", "--polygons", bad, "--raster", projected),
        ("inspect", out),
        ("inspect", out, "--dataset", "tile_index"),
        ("inspect", out, "--json"),
        ("inspect", out, "--dataset", ESCAPE),
        ("inspect", tmp_path / f"none{ESCAPE}"),
    ]
    for words in calls:
        done = call(*words)
        for text in (done.stdout, done.stderr):
            assert not CONTROL.search(text), (words, text)


def test_control_characters_in_a_receipt_reach_no_terminal(call: Call, tmp_path: Path) -> None:
    """A receipt is a file that anybody may have written; the parameters hash as they stand."""
    from closedworld.store.receipt import FileEntry, Receipt, parameter_hash  # noqa: PLC0415

    parameters = {f"key{ESCAPE}": f"value{ESCAPE}", "list": [ESCAPE]}
    receipt = Receipt(
        f"tiles{ESCAPE}",
        parameter_hash(parameters),
        parameters,
        {f"total{ESCAPE}": ESCAPE},
        {f"library{ESCAPE}": ESCAPE},
        (FileEntry("tile_index/a.parquet", 1, 1, ESCAPE),),
    )
    (tmp_path / "_receipt.json").write_bytes(receipt.to_bytes())
    for words in (("inspect", tmp_path), ("inspect", tmp_path, "--json")):
        done = call(*words, color=True)
        assert done.exit_code == 0
        assert "\x1b[31mred" not in done.stdout
        assert "\x07" not in done.stdout


def test_errors_keep_control_characters_from_a_terminal_in_colour(call: Call) -> None:
    """Colours of our own are there, those of the path are not."""
    done = call("tiles", "--raster", f"none{ESCAPE}.tif", "--out", "/proc/none", color=True)
    assert "\x07" not in done.stderr
    done = call("inputs", "--raster", f"none{ESCAPE}.tif", color=True)
    assert "\x1b[1mnone\\x1b[31mred" in done.stdout
    assert "\x07" not in done.stdout
