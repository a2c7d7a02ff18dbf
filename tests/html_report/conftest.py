"""A small run with its report, and a report made up of nothing but hostile text."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.config.run import RunConfig
from closedworld.html_report import write_page
from closedworld.run.pipeline import run_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = "<script>window.hacked=1</script>\"'><img src=http://a.test/x onerror=hacked=1>\x1b[31m\x00\u202e{{7*7}}"
"""Markup, quotes, an address, terminal escapes, a change of text direction and a template."""

UNITS = [
    {"stage": "S1", "work": "writing", "worker": "w1", "began_seconds": 0.5, "seconds": 1.0},
    {"stage": "S1", "work": "writing", "worker": "w1", "began_seconds": 1.5, "seconds": 0.5},
    {"stage": "S2", "work": "reading", "worker": "w1", "began_seconds": 3.0, "seconds": 1.0},
    {"stage": "S1", "work": "writing", "worker": "w2", "began_seconds": 0.5, "seconds": 3.5},
]
ACCEPTANCE = [
    {"name": "peak-memory", "what": "Memory of the largest process", "value": 5e8, "limit": 2**30, "unit": "bytes", "passed": True},
    {"name": "read-ratio", "what": "Bytes read for each on disk", "value": 1.5, "limit": 1.25, "unit": "", "passed": False},
    {"name": "temporary-disk", "what": "Disk beyond outputs", "value": None, "limit": 2**31, "unit": "bytes", "passed": None},
    {"name": "wall-seconds", "what": "Wall time", "value": 4.0, "limit": None, "unit": "seconds", "passed": None},
]  # fmt: skip
WORKERS = [
    {"stage": "S1", "work": "writing", "worker": "w1", "rows": 900, "busy_seconds": 1.5, "idle_share": 0.25, "peak_memory_bytes": 300_000_000},
    {"stage": "S1", "work": "writing", "worker": "w2", "rows": 80, "busy_seconds": 3.5, "idle_share": 0.125, "peak_memory_bytes": 200_000_000},
]  # fmt: skip
PERFORMANCE: dict[str, Any] = {
    "wall_seconds": 4.0,
    "cpu_seconds": 5.0,
    "peak_memory_bytes": 400_000_000,
    "rows_written": {"S1": 980},
    "rows_per_second": 245.0,
    "phase_seconds": {},
}


def worker_line(**parts: Any) -> dict[str, Any]:
    """Return a line of a worker, with parts put over it."""
    rest = {"process": "host/1", "units": 1, "largest_unit_rows": 1, "wall_seconds": 4.0}
    return {**rest, "cpu_seconds": 1.0, "rows_per_second": 1.0, **parts}


def write_report(folder: Path, report: dict[str, Any], **lines: list[dict[str, Any]]) -> Path:
    """Write the files of a report; ``lines`` are its JSON lines by file name without suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run_report.json").write_text(json.dumps(report), encoding="utf-8")
    for name, rows in lines.items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def bare_report(**parts: Any) -> dict[str, Any]:
    """Return the least that is a report, with parts put over it."""
    return {
        "run_id": "20260102T030405Z-abcd",
        "status": "finished",
        "error": None,
        "started_at": "2026-01-02T03:04:05+00:00",
        "performance": PERFORMANCE,
        **parts,
    }


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small countries, one of which gets no tile; shared by all tests, so only to be read."""
    out = tmp_path_factory.mktemp("page") / "world"
    run_world(RunConfig(out=out, countries=("LU", "MT", "MC")))
    return out


@pytest.fixture(scope="session")
def newer(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run with units, workers and acceptance in its report, the page written."""
    out = tmp_path_factory.mktemp("newer") / "world"
    shutil.copytree(world, out)
    (folder,) = (out / "reports").iterdir()
    report = json.loads((folder / "run_report.json").read_text(encoding="utf-8"))
    report |= {"acceptance": ACCEPTANCE, "workers": [worker_line(**one) for one in WORKERS]}
    rest = {"unit": "LU", "partition": "LU", "rows": 9, "process": "host/1", "phases": {}}
    units = [{**rest, **one} for one in UNITS]
    write_report(folder, report, units=units)
    write_page(out)
    return folder / "report.html"


def hostile_country(iso: str) -> dict[str, Any]:
    """Return the summary of a country with a hostile name."""
    return {
        "country_iso": iso,
        "name": HOSTILE,
        "parts": 1,
        "cells_visited": 5,
        "cells_included": 5,
        "cells_in_holes": 0,
        "cells_outside": 0,
        "first_tile_id": 1,
        "last_tile_id": 5,
        "area_km2": 2.5,
        "shared_tiles": 1,
        "kept_small": False,
    }


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a report in which every text is hostile."""
    remark = {"code": HOSTILE, "message": HOSTILE, "hint": HOSTILE, "notes": [HOSTILE]}
    report = bare_report(
        run_id=HOSTILE,
        status=HOSTILE,
        started_at=HOSTILE,
        error=remark,
        config={HOSTILE: HOSTILE, "countries": [HOSTILE]},
        inputs=[
            {"role": HOSTILE, "path": HOSTILE, "size_bytes": 1, "detail": HOSTILE, "sha256": {HOSTILE: HOSTILE}, "rows": 1, "bytes_read": None, "seconds": 1.0}
        ],
        rasters_read=[{"stage": HOSTILE, "seconds": 1.0, "path": HOSTILE, "tiles": 1, "size_bytes": 1, "bytes_read": 1, "missing": 0, "negative": 0}],
        warnings=[remark],
        stages=[
            {
                "number": HOSTILE,
                "name": HOSTILE,
                "parameter_hash": HOSTILE,
                "folder": HOSTILE,
                "reused": True,
                "parameters": {},
                "totals": {},
                "datasets": {HOSTILE: {"files": 1, "rows": 1, "size_bytes": 1}},
            }
        ],
        machine={HOSTILE: HOSTILE},
        performance={**PERFORMANCE, "rows_written": {HOSTILE: 1}, "phase_seconds": {HOSTILE: {HOSTILE: 1.0}}},
        workers=[worker_line(stage=HOSTILE, work=HOSTILE, worker=HOSTILE, process=HOSTILE, rows=1, busy_seconds=1.0, idle_share=0.5, peak_memory_bytes=1)],
        acceptance=[{"name": HOSTILE, "what": HOSTILE, "value": 2, "limit": 1, "unit": HOSTILE, "passed": False}],
    )  # fmt: skip
    unit = dict.fromkeys(("stage", "work", "unit", "partition", "worker", "process"), HOSTILE)
    folder = write_report(
        tmp_path_factory.mktemp("hostile") / "report",
        report,
        country_summaries=[hostile_country("AA"), hostile_country(HOSTILE)],
        weight_summaries=[
            {
                "country_iso": "AA",
                "tiles": 5,
                "zero_tiles": 1,
                "zero_tiles_with_mass": 0,
                "bases": [
                    {
                        "basis": HOSTILE,
                        "units": 1,
                        "mass_sum": 0,
                        "floor_sum": 0,
                        "remainder_units": 1,
                        "fallback": True,
                    }
                ],
            }
        ],
        units=[{**unit, "rows": 1, "began_seconds": 0.0, "seconds": 1.0, "phases": {HOSTILE: 1.0}}],
    )
    return write_page(folder)


@pytest.fixture
def report_in(tmp_path: Path) -> Callable[..., Path]:
    """Write a report into a folder of its own and return the folder."""

    def write(report: dict[str, Any], **lines: list[dict[str, Any]]) -> Path:
        return write_report(tmp_path / "report", report, **lines)

    return write
