"""The stages of a run: this list is the only one.

A stage is a package here, named like its folder of results. Its module ``plan`` has ``plan_run(context)``,
which turns a configuration and the results before it into a plan (``protocol.StagePlan``); ``runner.run_stage``
does what every stage does. It may have

- ``wanted_inputs(config, has_raster=...)``: which of the shared inputs it needs besides countries and grid;
- ``own_files(config)`` and ``load_own(config, inputs, observer)``: the files that it alone reads, and what is
  in them, read before the first stage of a run begins; its plan finds it in ``context.inputs.own``;
- ``reopen(published, stage, observer)``: what later stages start from in memory when a run begins with its
  published result.

Importing this package imports none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.config.run import RunConfig
    from closedworld.execution.events import Observer
    from closedworld.inputs.loading import Inputs
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
        plan: StagePlan[Any, Any, Any] = self._call("plan_run", context)
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
        wanted: frozenset[str] = self._call("wanted_inputs", config, has_raster=has_raster)
        return wanted or frozenset()

    def own_files(self, config: RunConfig) -> tuple[Path, ...]:
        """Return the user's files that only this stage reads."""
        return tuple(self._call("own_files", config) or ())

    def load_own(self, config: RunConfig, inputs: Inputs, observer: Observer) -> Any:
        """Return what only this stage reads; None if there is nothing.

        Args:
            config: What was asked for.
            inputs: What all stages share.
            observer: Gets an event for each input.

        Raises:
            ClosedWorldError: As the readers.
        """
        return self._call("load_own", config, inputs, observer)

    def reopen(self, published: Published, needed_by: Stage, observer: Observer) -> Any:
        """Return what later stages start from, as the stage's plan is in a run that has just made it, or None.

        Args:
            published: A result of the stage.
            needed_by: The stage that starts from it.
            observer: Told what is read.

        Raises:
            IntegrityError: The result is damaged.
        """
        return self._call("reopen", published, needed_by.number, observer)

    def _call(self, name: str, *given: Any, **named: Any) -> Any:
        """Call a function of the stage's module; return None if the stage does without."""
        function = getattr(import_module(f"closedworld.stages.{self.name}.plan"), name, None)
        return None if function is None else function(*given, **named)


TILES = Stage("S1", "tiles", (), "tiles", "country_summaries.jsonl", "world_map.png")
WEIGHTS = Stage("S2", "weights", ("tiles",), "tiles", "weight_summaries.jsonl")
SITE_STAGE = Stage(
    "S9", "sites", ("tiles", "weights"), "sites", "site_summaries.jsonl", asked_by="merchants"
)

PEOPLE = Stage(
    "S10",
    "people",
    ("tiles", "weights", "sites"),
    "cards",
    "people_summaries.jsonl",
    asked_by="cards",
)

PURCHASE_STAGE = Stage(
    "S11",
    "purchases",
    ("tiles", "weights", "sites", "people"),
    "purchases",
    "purchase_summaries.jsonl",
    asked_by="days",
)

STAGES = (TILES, WEIGHTS, SITE_STAGE, PEOPLE, PURCHASE_STAGE)
