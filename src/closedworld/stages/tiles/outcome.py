"""What S1 gives: a published tile index, with its tiles still in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closedworld.execution.events import Warned
from closedworld.kernels.records import Records
from closedworld.kernels.tiles import CountrySummary, World
from closedworld.published.lineage import COUNTRY, nouns_of
from closedworld.published.tile_index import PublishedIndex
from closedworld.sanitize import number_of
from closedworld.stages.protocol import StageOutcome

_LEAST_CUT = 0.001
_COUNTRIES_SHOWN = 10


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TileIndex(StageOutcome):
    """A published tile index.

    Attributes:
        published: Its folder and receipt.
        reused: Whether it had been published before.
        summaries: Summary of each country for the report, ascending by code.
        world: The tiles as row spans.
        shared_tiles: Tiles that several countries own.
    """

    summaries: Records[CountrySummary]
    world: World
    shared_tiles: int

    def opened(self) -> PublishedIndex:
        """Return the index as ``open_index`` would, from memory."""
        spans = {iso: own for iso, own in self.world.spans.items() if own.n_runs}
        return PublishedIndex(self.published, self.world.grid, self.world.rule, spans)

    def summary_lines(self, seconds: Mapping[str, float]) -> list[dict[str, Any]]:
        """Return what the run report says of each country.

        Args:
            seconds: Time of all workers by country code.
        """
        lines = []
        for summary in self.summaries:
            spent = seconds.get(summary.country_iso, 0.0)
            rate = summary.cells_included / spent if spent else None
            lines.append({**summary.to_dict(), "seconds": spent, "rows_per_second": rate})
        return lines

    def describe(self) -> str:
        """Return a short description of the result."""
        counts = [count for count in self.world.tile_counts.values() if count]
        places = number_of(len(counts), *nouns_of(self.published))
        return f"{number_of(sum(counts), 'tile', 'tiles')} of {places}"


def warn_of_cut(
    outside_shares: Mapping[str, float], nouns: tuple[str, str] = COUNTRY
) -> Warned | None:
    """Return the warning about countries of which a thousandth or more, but not all, lies outside the grid.

    Args:
        outside_shares: Share of the area of each country that lies outside, 0..1, by code.
        nouns: What one and several are called.
    """
    cut = {iso: share for iso, share in outside_shares.items() if _LEAST_CUT <= share < 1}
    if not cut:
        return None
    worst = sorted(cut, key=lambda iso: (-cut[iso], iso))
    shown = ", ".join(f"{iso} ({cut[iso]:.1%} outside)" for iso in worst[:_COUNTRIES_SHOWN])
    more = f" and {len(worst) - _COUNTRIES_SHOWN} more" if len(worst) > _COUNTRIES_SHOWN else ""
    return Warned(
        "countries-cut",
        f"{number_of(len(cut), f'{nouns[0]} is', f'{nouns[1]} are')} cut by the edge of the grid: {shown}{more}. "
        f"What lies outside has no tiles, so all weight of such a {nouns[0]} lies in the rest of it. Take a "
        "raster of all of it, or leave it out with --countries.",
    )
