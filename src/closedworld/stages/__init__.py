"""The stages of a run: this list is the only one.

A stage is a package here, named like its folder of results. Its module ``plan`` has ``plan_run``, which turns
a configuration and the results before it into a plan (``protocol.StagePlan``); ``runner.run_stage`` does what
every stage does. Importing this package imports none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from closedworld.config.run import RunConfig, WeightsConfig
    from closedworld.stages.protocol import RunContext, StagePlan


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of a run.

    Attributes:
        number: Number as in the documentation.
        name: Folder of its results below the output folder, and name of the command that runs it alone.
        needs: Names of the stages whose results it starts from.
        summaries_name: File of the run report with a line for each country.
        picture_name: File of the run report with a picture of the result; empty for none.
    """

    number: str
    name: str
    needs: tuple[str, ...]
    summaries_name: str
    picture_name: str = ""

    def plan(self, context: RunContext) -> StagePlan[Any, Any, Any]:
        """Return what the stage would do in a run.

        Raises:
            ClosedWorldError: As the stage's own ``plan_run``.
        """
        plan: StagePlan[Any, Any, Any] = self._module().plan_run(context)
        return plan

    def wanted_inputs(
        self, config: RunConfig | WeightsConfig, *, has_raster: bool
    ) -> frozenset[str]:
        """Return the inputs that the stage wants besides countries and grid, such as ``population``.

        Args:
            config: What was asked for.
            has_raster: Whether there is a raster.

        Raises:
            ConfigError: Options of the stage that cannot be meant.
        """
        wanted: frozenset[str] = self._module().wanted_inputs(config, has_raster=has_raster)
        return wanted

    def _module(self) -> ModuleType:
        return import_module(f"closedworld.stages.{self.name}.plan")


TILES = Stage("S1", "tiles", (), "country_summaries.jsonl", "world_map.png")
WEIGHTS = Stage("S2", "weights", ("tiles",), "weight_summaries.jsonl")

STAGES = (TILES, WEIGHTS)
