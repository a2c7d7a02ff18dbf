"""A stage that nobody knows: it runs after the weights and on a published result, by being in the list."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from closedworld import stages
from closedworld.config.run import RunConfig
from closedworld.config.stage_options import WeightOptions
from closedworld.datasets import Column, Dataset, Partition
from closedworld.datasets.parameters import Parameters
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.errors import ConfigError
from closedworld.kernels.records import Records
from closedworld.run import outcome as run_outcome
from closedworld.run import start
from closedworld.run.pipeline import run_world
from closedworld.stages import STAGES, Stage
from closedworld.stages.memory import StageMemory
from closedworld.stages.protocol import Folded, StageOutcome, StagePlan
from closedworld.stages.task_runner import stage_part
from closedworld.stages.tasks import DigestedResult

NO_MEMORY = StageMemory(0, 0)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from closedworld.execution.events import Observer
    from closedworld.inputs.loading import Inputs
    from closedworld.stages.protocol import RunContext
    from closedworld.stages.task_runner import TaskRunner
    from closedworld.store.protocol import Storage
    from closedworld.store.reading import Published

SHOPS = Stage("S3", "shops", ("tiles", "weights"), "shops", "shop_summaries.jsonl", asked_by="name")
"""Asked for by an option that is there anyway."""

DATASET = Dataset(
    "shops",
    (
        Column("country_iso", pa.string(), ""),
        Column("shop_id", pa.int64(), ""),
        Column("brand", pa.string(), "", nullable=True),
    ),
    key=("country_iso", "shop_id"),
)


@dataclass(frozen=True)
class ShopParameters(Parameters):
    stage: ClassVar[str] = "shops"

    weights_parameter_hash: str
    countries: tuple[str, ...]

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        return (DATASET,)


@dataclass(frozen=True)
class ShopTask:
    iso: str
    tiles: int
    folder: Storage

    @property
    def cost(self) -> int:
        return self.tiles

    @property
    def partition(self) -> Partition:
        return Partition.of_country(self.iso)

    def __str__(self) -> str:
        return self.iso


def write_shops(task: ShopTask) -> DigestedResult:
    brands = ["", None]
    rows = pa.record_batch(
        [pa.array([task.iso] * 2), pa.array([0, task.tiles]), pa.array(brands)],
        schema=DATASET.schema,
    )
    encoder = PartEncoder(DATASET)
    encoder.write([rows])
    return DigestedResult(
        [stage_part(task.folder, DATASET, task.partition, 0, encoder)],
        digests={DATASET.name: DATASET.digest_of([rows]).hex()},
    )


@dataclass(frozen=True)
class Shops(StageOutcome):
    def summary_lines(self, seconds: Mapping[str, float]) -> list[dict[str, Any]]:
        del seconds
        return [{"country_iso": iso} for iso in self.published.files("shops")]

    def describe(self) -> str:
        return "shops"


@dataclass(frozen=True)
class ShopPlan(StagePlan[ShopTask, DigestedResult, Shops]):
    stage: ClassVar[Stage] = SHOPS
    task_result: ClassVar[type[DigestedResult]] = DigestedResult

    parameters: ShopParameters
    tiles: Mapping[str, int]
    memory: StageMemory = NO_MEMORY
    row_count: int = 0
    task_count: int = 0

    @property
    def partitions(self) -> tuple[Partition, ...]:
        return tuple(map(Partition.of_country, self.parameters.countries))

    @property
    def executor(self) -> str:
        return "serial"

    @property
    def write(self) -> Callable[[ShopTask], DigestedResult]:
        return write_shops

    def tasks(self, runner: TaskRunner) -> Sequence[ShopTask]:
        return [ShopTask(iso, n, runner.staging.folder) for iso, n in self.tiles.items()]

    def fold(
        self, runner: TaskRunner, written: Iterable[tuple[ShopTask, DigestedResult, bool]]
    ) -> Folded:
        del runner
        folded = Folded()
        for task, result, _ in written:
            folded.files += result.files
            folded.digests[task.iso] = {"shops": bytes.fromhex(result.digests["shops"])}
        return folded

    def outcome(self, published: Published, folded: Folded | None) -> Shops:
        return Shops(published, folded is None, Records())


def plan_run(context: RunContext) -> ShopPlan:
    tiles, weights = context.upstream["tiles"].source, context.upstream["weights"].published
    assert weights is not None
    assert context.inputs.countries is not None
    assert context.inputs.own[SHOPS.name] == "mine"
    assert set(tiles.spans) <= set(context.inputs.countries.isos)
    options: WeightOptions = context.config
    parameters = ShopParameters(options.dp, weights.receipt.parameter_hash, tiles.country_codes)
    return ShopPlan(parameters, {iso: own.tile_count for iso, own in tiles.spans.items()})


def wanted_inputs(config: RunConfig, *, has_raster: bool) -> frozenset[str]:
    del config, has_raster
    return frozenset({"countries"})


def own_files(config: RunConfig) -> tuple[Path, ...]:
    del config
    return ()


def load_own(config: RunConfig, inputs: Inputs, observer: Observer) -> str:
    del config, inputs, observer
    return "mine"


@pytest.fixture
def third(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("closedworld.stages.shops.plan")
    for function in (plan_run, wanted_inputs, own_files, load_own):
        setattr(module, function.__name__, function)
    monkeypatch.setitem(sys.modules, "closedworld.stages.shops", ModuleType("shops"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for where in (stages, start, run_outcome):
        monkeypatch.setattr(where, "STAGES", (*STAGES, SHOPS))


def config(**given: Any) -> RunConfig:
    inputs: dict[str, Any] = (
        {"countries": ("LU", "VA"), "resolution": "0.5deg"} if "result" not in given else {}
    )
    return RunConfig(executor="serial", **inputs, **given)


@pytest.mark.usefixtures("third")
def test_it_gives_the_same_bytes_after_the_weights_and_on_their_result(tmp_path: Path) -> None:
    whole = run_world(config(out=tmp_path / "whole", name="mine")).result(Shops)
    run_world(config(out=tmp_path / "cut"))
    later = run_world(config(result=tmp_path / "cut"), until="shops")
    assert list(later.results) == ["shops"]
    result = later.result(Shops)
    assert result.published.output == tmp_path / "cut"
    assert result.published.receipt.to_bytes() == whole.published.receipt.to_bytes()
    part = pq.read_table(result.published.folder / "shops" / "LU-00000.parquet")
    assert part["brand"].to_pylist() == ["", None]
    record = json.loads((later.report_folder / "run_report.json").read_text())
    assert record["config"]["result"] == str(tmp_path / "cut")
    assert record["config"].keys().isdisjoint({"rule", "countries", "resolution"})
    assert (later.report_folder / "shop_summaries.jsonl").is_file()


@pytest.mark.usefixtures("third")
def test_a_run_from_the_inputs_does_it_only_when_it_is_asked_for(tmp_path: Path) -> None:
    assert list(run_world(config(out=tmp_path)).results) == ["tiles", "weights"]
    assert list(run_world(config(out=tmp_path), until="shops").results)[-1] == "shops"


@pytest.mark.usefixtures("third")
def test_no_raster_is_opened_for_a_stage_that_does_not_depend_on_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_world(config(out=tmp_path))
    monkeypatch.setattr(start, "has_population", lambda *_: pytest.fail("a raster was opened"))
    assert list(run_world(config(result=tmp_path), until="shops").results) == ["shops"]


@pytest.mark.usefixtures("third")
def test_it_runs_where_it_says_in_the_command_unless_an_executor_is_chosen(tmp_path: Path) -> None:
    """A script may be unguarded, and so starts no processes unless it says so."""

    def workers(*, in_script: bool = False, **given: Any) -> dict[str, set[str]]:
        out = tmp_path / f"{in_script} {given}"
        found = run_world(
            replace(config(out=out), **given), until="shops", may_start_processes=not in_script
        )
        lines = (found.report_folder / "units.jsonl").read_text().splitlines()
        units = [json.loads(line) for line in lines]
        return {
            stage: {one["worker"] for one in units if one["stage"] == stage}
            for stage in ("S1", SHOPS.number)
        }

    serial = workers(executor="serial")
    assert serial["S1"] == serial[SHOPS.number]
    own = workers(executor=None)
    assert own[SHOPS.number] == serial[SHOPS.number]
    assert own["S1"].isdisjoint(serial["S1"])
    threads = workers(executor="threads")
    assert threads[SHOPS.number].isdisjoint(serial[SHOPS.number])
    limited = workers(executor=None, memory_limit=1 << 40)
    assert limited[SHOPS.number].isdisjoint(serial[SHOPS.number])
    in_script = workers(in_script=True, executor=None)
    assert in_script[SHOPS.number].isdisjoint(serial[SHOPS.number])


def test_tiles_do_not_build_on_a_result(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        run_world(config(result=tmp_path), until="tiles")
    assert caught.value.code == "stage-unknown"
