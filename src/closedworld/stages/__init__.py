"""The stages of a run: this list is the only one.

A stage is a package here, named like its folder of results. Its module ``plan`` has

- ``plan_run(context)``, which turns a configuration and the results before it into a plan
  (``protocol.StagePlan``); ``runner.run_stage`` does what every stage does;
- ``wanted_inputs(config, has_raster=...)``, which says what it needs besides countries and grid;
- ``reopen(published, stage, observer)``, which returns what later stages start from when a run begins with
  its published result.

Importing this package imports none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from closedworld.config.run import RunConfig
    from closedworld.execution.events import Observer
    from closedworld.stages.protocol import RunContext, StagePlan
    from closedworld.store.reading import Published


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a run.

    Attributes:
        number: Number as in the documentation.
        name: Folder of its results below the output folder, and name of the command that runs it alone.
        needs: Names of all stages whose results it starts from, in order; parameters of each result but
            the first name the one before it, as ``<stage>_parameter_hash``.
        row_name: What a row of its main dataset is, in the plural.
        summaries_name: File of the run report with a line for each partition.
        picture_name: File of the run report with a picture of the result; empty for none.
        asked_by: Option without which a run that starts from the inputs leaves the stage out; empty for none.
    """

    number: str
    name: str
    needs: tuple[str, ...]
    row_name: str
    summaries_name: str
    picture_name: str = ""
    asked_by: str = ""

    def is_asked(self, config: RunConfig) -> bool:
        """Return whether a run from the inputs does it."""
        return not self.asked_by or getattr(config, self.asked_by) is not None

    def plan(self, context: RunContext) -> StagePlan[Any, Any, Any]:
        """Return what the stage would do in a run.

        Raises:
            ClosedWorldError: As the stage's own ``plan_run``.
        """
        plan: StagePlan[Any, Any, Any] = self._module().plan_run(context)
        return plan

    def wanted_inputs(self, config: RunConfig, *, has_raster: bool) -> frozenset[str]:
        """Return the inputs that the stage wants: ``population``, ``countries``.

        A run that starts from the inputs has countries anyway.

        Args:
            config: What was asked for.
            has_raster: Whether there is a raster.

        Raises:
            ConfigError: Options of the stage that cannot be meant.
        """
        wanted: frozenset[str] = self._module().wanted_inputs(config, has_raster=has_raster)
        return wanted

    def reopen(self, published: Published, needed_by: Stage, observer: Observer) -> Any:
        """Return what later stages start from, as the stage's plan is in a run that has just made it.

        Args:
            published: A result of the stage.
            needed_by: The stage that starts from it.
            observer: Told what is read.

        Raises:
            IntegrityError: The result is damaged.
        """
        return self._module().reopen(published, needed_by.number, observer)

    def _module(self) -> ModuleType:
        return import_module(f"closedworld.stages.{self.name}.plan")


TILES = Stage("S1", "tiles", (), "tiles", "country_summaries.jsonl", "world_map.png")
WEIGHTS = Stage("S2", "weights", ("tiles",), "tiles", "weight_summaries.jsonl")
SITE_STAGE = Stage(
    "S9", "sites", ("tiles", "weights"), "sites", "site_summaries.jsonl", asked_by="merchants"
)

STAGES = (TILES, WEIGHTS, SITE_STAGE)
