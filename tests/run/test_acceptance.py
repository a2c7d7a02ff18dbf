"""Performance acceptance: figures of a run, their limits, and what becomes of a run that breaks one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.config.run import RunConfig
from closedworld.errors import AcceptanceError
from closedworld.inputs.reference.registry import bundled
from closedworld.published.results import find_published
from closedworld.run.pipeline import run_world
from closedworld.run.record.metrics import enforce
from closedworld.run.record.model import Metric

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def room_for_the_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The peak of this process is that of all tests before; those below that mind run in their own."""
    monkeypatch.setattr("closedworld.run.record.metrics.MEMORY_LIMIT_BYTES", 1 << 40)


def config(out: Path, **options: Any) -> RunConfig:
    return RunConfig(out=out, countries=("MT", "LU"), workers=2, **options)


@pytest.mark.slow
def test_a_run_of_its_own_keeps_every_limit_and_the_report_says_so(tmp_path: Path) -> None:
    """With the limits enforced, in a process of its own: a peak in this one counts all tests before."""
    command = [
        sys.executable,
        "-m",
        "closedworld",
        "run",
        "--countries",
        "MT,LU",
        "--pat",
        "enforce",
    ]
    subprocess.run([*command, "--out", str(tmp_path)], check=True, capture_output=True)
    (path,) = (tmp_path / "reports").glob("*/run_report.json")
    lines = {line["name"]: line for line in json.loads(path.read_text())["acceptance"]}
    for name, limit, unit in (
        ("peak_memory main", 1 << 30, "bytes"),
        ("temporary_disk", 2 << 30, "bytes"),
        ("open_files", 256, "files"),
    ):
        line = lines[name]
        assert (line["limit"], line["unit"], line["passed"]) == (limit, unit, True)
        assert 0 < line["value"] <= limit
        assert line["what"]
    assert any(name.startswith("bytes_read") for name in lines)
    assert any(name.startswith("idle_share S2 writing") for name in lines)
    for name in ("wall_seconds", "cpu_seconds", "rows_per_second"):
        assert lines[name]["value"] > 0
        assert lines[name]["passed"] is None


@pytest.mark.slow
def test_processes_have_a_line_of_memory_each(tmp_path: Path) -> None:
    report = run_world(
        config(tmp_path, executor="processes", memory_limit=1 << 40)
    ).record.to_dict()
    peaks = {
        line["name"]: line["value"]
        for line in report["acceptance"]
        if line["name"].startswith("peak_memory")
    }
    workers = {line["process"] for line in report["workers"]}
    assert len(peaks) == 1 + len(workers) + 1
    total = peaks.pop("peak_memory_total")
    assert total == sum(peaks.values())


@pytest.mark.slow
def test_the_process_that_reads_polygons_has_its_line_of_memory(tmp_path: Path) -> None:
    """It counts beside what the main process had by then: it has ended before the stages begin."""
    mine = tmp_path / "mine.parquet"
    shutil.copyfile(bundled("countries.parquet").path, mine)
    report = run_world(config(tmp_path, polygons=mine, memory_limit=1 << 40)).record.to_dict()
    lines = {line["name"]: line["value"] for line in report["acceptance"]}
    reader, main = lines[f"peak_memory_reader {mine}"], lines["peak_memory main"]
    assert reader > mine.stat().st_size
    assert reader < lines["peak_memory_total"] <= reader + main


@pytest.mark.usefixtures("room_for_the_other_tests")
def test_a_run_that_breaks_a_limit_fails_when_that_is_asked_for_and_keeps_its_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closedworld.run.record.metrics.OPEN_FILES_LIMIT", 1)
    told = run_world(config(tmp_path / "told")).record.to_dict()
    assert told["status"] == "finished"
    assert [line["name"] for line in told["acceptance"] if line["passed"] is False] == [
        "open_files"
    ]
    with pytest.raises(AcceptanceError) as caught:
        run_world(config(tmp_path / "enforced", pat="enforce"))
    assert caught.value.exit_code == 7
    assert "open_files" in caught.value.message
    for published in find_published(tmp_path / "enforced"):
        published.verify()
    (folder,) = (tmp_path / "enforced" / "reports").iterdir()
    report = json.loads((folder / "run_report.json").read_text())
    assert (report["status"], report["error"]["code"]) == ("failed", "limits-broken")
    assert report["acceptance"]


def test_a_figure_at_its_limit_passes_and_one_without_limit_or_value_is_only_told() -> None:
    assert Metric("x", "", 2, 2, "files").passed is True
    assert Metric("x", "", 2.01, 2, "files").passed is False
    assert Metric("x", "", 2, None, "files").passed is None
    assert Metric("x", "", None, 2, "files").passed is None
    enforce([Metric("x", "", 2, 2, "files"), Metric("x", "", None, 2, "files")])
