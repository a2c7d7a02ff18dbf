"""The two inclusion rules by name."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from closedworld.errors import ConfigError, GridError
from closedworld.kernels.spans.center import center_runs
from closedworld.kernels.spans.overlap import overlap_runs

if TYPE_CHECKING:
    from closedworld.kernels.grid import Grid
    from closedworld.kernels.spans.edges import Edges
    from closedworld.kernels.spans.runs import Runs


_MAX_POSITIONS = 2**63


class Rule(StrEnum):
    """When a tile belongs to a polygon.

    ``CENTER``: its centre lies in the polygon; on the outer boundary is in, on a hole's boundary is
    out. ``ANY_OVERLAP``: it shares an area greater than zero with the polygon.
    """

    CENTER = "center"
    ANY_OVERLAP = "any_overlap"

    @classmethod
    def parse(cls, name: str) -> Rule:
        """Return the rule of that name.

        Raises:
            ConfigError: ``rule-unknown``.
        """
        try:
            return cls(name)
        except ValueError:
            names = " or ".join(rule.value for rule in cls)
            raise ConfigError(
                "rule-unknown", f"there is no inclusion rule {name!r}.", f"Take {names}."
            ) from None

    def runs(self, edges: Edges, grid: Grid) -> Runs:
        """Return the tiles of each patch: canonical runs on the row line, with the patch as key.

        Raises:
            GridError: ``grid-too-fine`` when positions of all parts would not fit 64 bits.
        """
        positions = 2 * max(len(edges.part_patch), 1) * grid.n_rows * (grid.n_cols + 1)
        if positions >= _MAX_POSITIONS:
            raise GridError(
                "grid-too-fine",
                f"{len(edges.part_patch)} polygons on {grid} are too many for one pass.",
                "Take fewer polygons at a time, or a coarser grid.",
            )
        return center_runs(edges, grid) if self is Rule.CENTER else overlap_runs(edges, grid)
