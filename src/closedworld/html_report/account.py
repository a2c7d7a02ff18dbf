"""What the files of a run's report say, checked and typed.

Every text goes through ``text.one_line``: names come from files that are not ours. What an older
version did not write yet is empty here, and the page says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from closedworld.errors import IntegrityError
from closedworld.inputs.reference import iso_table
from closedworld.run.record.report import (
    REPORT_NAME,
    SUMMARIES_NAME,
    UNITS_NAME,
    WEIGHT_SUMMARIES_NAME,
)
from closedworld.sanitize import one_line

if TYPE_CHECKING:
    from pathlib import Path

Content: TypeAlias = dict[str, Any]

_MESSAGE_LENGTH = 4000
_PATH_LENGTH = 400


@dataclass(frozen=True, slots=True)
class Remark:
    """A warning, or the error that ended a run.

    Attributes:
        code: Stable name.
        message: What a user should know.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class InputFile:
    """An input of a run.

    Attributes:
        role: ``countries``, ``raster`` or ``resolution``.
        path: The file as given; the resolution's text when there is no file.
        size_bytes: Size of the file or files, 0 without one.
        detail: What it is, in a few words.
        sha256: ``(name, digest)`` of each file.
    """

    role: str
    path: str
    size_bytes: int
    detail: str
    sha256: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StageAccount:
    """What a stage made.

    Attributes:
        number: Stage number, such as ``S1``.
        name: Stage name.
        parameter_hash: Its identity.
        folder: Where it was published.
        reused: Whether it was there already.
        parameters: What decided its content.
        totals: Figures of the whole.
        datasets: Files, rows and bytes by dataset.
    """

    number: str
    name: str
    parameter_hash: str
    folder: str
    reused: bool
    parameters: Content
    totals: Content
    datasets: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class CountryAccount:
    """What became of a country; figures that a run did not make are None.

    Attributes:
        iso: ISO 3166-1 alpha-2 code.
        name: Name.
        tiles: Number of tiles.
        area_km2: Area of its tiles.
        shared_tiles: Tiles that another country owns too.
        kept_small: Whether its only tile was given by ``keep_small_countries``.
        zero_tiles: Tiles of weight 0.
        fallback: Whether it had no mass, so that its tiles count as uniform.
    """

    iso: str
    name: str
    tiles: int
    area_km2: float | None
    shared_tiles: int | None
    kept_small: bool
    zero_tiles: int | None
    fallback: bool


@dataclass(frozen=True, slots=True)
class UnitAccount:
    """A unit of work.

    Attributes:
        stage: Stage number.
        work: What was done, in a word.
        unit: Its name.
        tiles: Its tiles.
        worker: Who did it.
        began: Seconds from the start of the run.
        seconds: Wall time.
    """

    stage: str
    work: str
    unit: str
    tiles: int
    worker: str
    began: float
    seconds: float


@dataclass(frozen=True, slots=True)
class WorkerAccount:
    """What a worker did in a stage; figures that were not taken are None.

    Attributes:
        stage: Stage number.
        work: What was done, in a word; empty in older reports.
        worker: Its name.
        tiles: Tiles written.
        busy_seconds: Wall time of its units.
        idle_share: Share of the stage in which it had nothing to do, 0..1.
        peak_memory_bytes: Most memory its process held.
    """

    stage: str
    work: str
    worker: str
    tiles: int
    busy_seconds: float
    idle_share: float | None
    peak_memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Criterion:
    """A line of the performance acceptance.

    Attributes:
        name: Short name.
        what: One sentence.
        value: What was measured; None when it could not be.
        limit: What it may be.
        unit: Unit of both.
        passed: Whether it was kept; None when it could not be told.
    """

    name: str
    what: str
    value: float | None
    limit: float | None
    unit: str
    passed: bool | None


@dataclass(frozen=True, slots=True)
class Account:
    """All that is known of a run.

    Attributes:
        run_id: Its name.
        status: ``finished``, ``failed`` or ``interrupted``.
        started_at: Time in UTC.
        error: What ended it; None for nothing.
        error_hint: What to do about the error.
        config: The options it ran with.
        inputs: Its inputs.
        rasters: Rasters whose values were read, as in the report.
        warnings: In the order given.
        stages: What it made.
        countries: Ascending by code.
        performance: Times, rates and memory, as in the report.
        machine: Where it ran, as in the report.
        units: Units of work; empty when the report does not have them.
        workers: Workers.
        acceptance: Performance acceptance; empty when the report does not have it.
    """

    run_id: str
    status: str
    started_at: str
    error: Remark | None
    error_hint: str
    config: Content
    inputs: tuple[InputFile, ...]
    rasters: tuple[Content, ...]
    warnings: tuple[Remark, ...]
    stages: tuple[StageAccount, ...]
    countries: tuple[CountryAccount, ...]
    performance: Content
    machine: Content
    units: tuple[UnitAccount, ...]
    workers: tuple[WorkerAccount, ...]
    acceptance: tuple[Criterion, ...]

    def stage(self, name: str) -> StageAccount | None:
        """Return the account of a stage, or None when the run did not get through it."""
        return next((stage for stage in self.stages if stage.name == name), None)


def read_account(folder: Path) -> Account:
    """Return what the files in the folder of a report say.

    Raises:
        IntegrityError: ``report-unreadable``.
    """
    try:
        return _account(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = one_line(str(error), 200)
        raise IntegrityError(
            "report-unreadable",
            f"{folder} is not the report of a run: {type(error).__name__}: {what}.",
            "Give a report that `closedworld run` has written and nobody has changed.",
        ) from error


def _account(folder: Path) -> Account:
    """Return the account, or raise whatever a malformed file leads to."""
    report: Content = json.loads((folder / REPORT_NAME).read_text(encoding="utf-8"))
    tiles, weights = _lines(folder / SUMMARIES_NAME), _lines(folder / WEIGHT_SUMMARIES_NAME)
    error = report.get("error")
    return Account(
        run_id=one_line(str(report["run_id"])),
        status=one_line(str(report["status"])),
        started_at=one_line(str(report["started_at"])),
        error=_remark(error) if error else None,
        error_hint=one_line(str(error.get("hint", "")), _MESSAGE_LENGTH) if error else "",
        config=dict(report.get("config", {})),
        inputs=tuple(_input(one) for one in report.get("inputs", [])),
        rasters=tuple(dict(one) for one in report.get("rasters_read", [])),
        warnings=tuple(_remark(one) for one in report.get("warnings", [])),
        stages=tuple(_stage(one) for one in report.get("stages", [])),
        countries=tuple(_countries(tiles, weights)),
        performance=dict(report["performance"]),
        machine=dict(report.get("machine", {})),
        units=tuple(_unit(line) for line in _lines(folder / UNITS_NAME)),
        workers=tuple(_workers(report)),
        acceptance=tuple(_criterion(one) for one in report.get("acceptance", [])),
    )


def _lines(path: Path) -> list[Content]:
    """Return the objects of a file of JSON lines; none when the run did not write it."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _remark(content: Content) -> Remark:
    """Return a warning or an error."""
    return Remark(
        one_line(str(content["code"])), one_line(str(content["message"]), _MESSAGE_LENGTH)
    )


def _input(content: Content) -> InputFile:
    """Return an input."""
    return InputFile(
        role=one_line(str(content["role"])),
        path=one_line(str(content["path"]), _PATH_LENGTH),
        size_bytes=int(content["size_bytes"]),
        detail=one_line(str(content["detail"]), _PATH_LENGTH),
        sha256=tuple(
            (one_line(name), one_line(str(hex_))) for name, hex_ in content["sha256"].items()
        ),
    )


def _stage(content: Content) -> StageAccount:
    """Return what a stage made."""
    return StageAccount(
        number=one_line(str(content["number"])),
        name=one_line(str(content["name"])),
        parameter_hash=one_line(str(content["parameter_hash"])),
        folder=one_line(str(content["folder"]), _PATH_LENGTH),
        reused=bool(content["reused"]),
        parameters=dict(content["parameters"]),
        totals=dict(content["totals"]),
        datasets={
            one_line(name): {key: int(total[key]) for key in ("files", "rows", "size_bytes")}
            for name, total in content["datasets"].items()
        },
    )


def _countries(tiles: list[Content], weights: list[Content]) -> list[CountryAccount]:
    """Return the countries that a run cut or weighed."""
    cut = {str(line["country_iso"]): line for line in tiles}
    weighed = {str(line["country_iso"]): line for line in weights}
    return [_country(iso, cut.get(iso), weighed.get(iso)) for iso in sorted({*cut, *weighed})]


def _country(iso: str, cut: Content | None, weighed: Content | None) -> CountryAccount:
    """Return the account of a country from its lines in the two summaries."""
    tiles = cut["cells_included"] if cut else weighed["tiles"] if weighed else 0
    # A run of weights alone read no polygons, so no names.
    known = iso_table().by_alpha_2.get(iso)
    return CountryAccount(
        iso=one_line(iso, 12),
        name=one_line(str(cut["name"])) if cut else known.name if known else one_line(iso, 12),
        tiles=int(tiles),
        area_km2=float(cut["area_km2"]) if cut else None,
        shared_tiles=int(cut["shared_tiles"]) if cut else None,
        kept_small=bool(cut and cut["kept_small"]),
        zero_tiles=int(weighed["zero_tiles"]) if weighed else None,
        fallback=bool(weighed and any(basis["fallback"] for basis in weighed["bases"])),
    )


def _unit(content: Content) -> UnitAccount:
    """Return a unit of work."""
    return UnitAccount(
        stage=one_line(str(content["stage"])),
        work=one_line(str(content["work"])),
        unit=one_line(str(content["unit"])),
        tiles=int(content["tiles"]),
        worker=one_line(str(content["worker"])),
        began=max(0.0, float(content["began_seconds"])),
        seconds=max(0.0, float(content["seconds"])),
    )


def _workers(report: Content) -> list[WorkerAccount]:
    """Return the workers: with their idle share, or what older reports say of them."""
    if "workers" in report:
        return [
            WorkerAccount(
                stage=one_line(str(one["stage"])),
                work=one_line(str(one.get("work", ""))),
                worker=one_line(str(one["worker"])),
                tiles=int(one["tiles"]),
                busy_seconds=float(one["busy_seconds"]),
                idle_share=_number(one.get("idle_share")),
                peak_memory_bytes=None
                if one.get("peak_memory_bytes") is None
                else int(one["peak_memory_bytes"]),
            )
            for one in report["workers"]
        ]
    older = report["performance"].get("workers", {})
    named = ((name.partition(" "), one) for name, one in older.items())
    return [
        WorkerAccount(
            one_line(stage),
            "",
            one_line(worker),
            int(one["tiles"]),
            float(one["seconds"]),
            None,
            None,
        )
        for (stage, _, worker), one in named
    ]


def _criterion(content: Content) -> Criterion:
    """Return a line of the performance acceptance."""
    passed = content.get("passed")
    return Criterion(
        name=one_line(str(content["name"])),
        what=one_line(str(content["what"]), _PATH_LENGTH),
        value=_number(content.get("value")),
        limit=_number(content.get("limit")),
        unit=one_line(str(content.get("unit") or "")),
        passed=None if passed is None else bool(passed),
    )


def _number(value: Any) -> float | None:
    """Return a figure, or None where there is none."""
    return None if value is None else float(value)
