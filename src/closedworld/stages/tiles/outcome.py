"""What S1 gives: a published tile index, with its tiles still in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from closedworld.kernels.records import Records
from closedworld.kernels.tiles import CountrySummary, World
from closedworld.published.tile_index import PublishedIndex
from closedworld.sanitize import number_of
from closedworld.store.reading import Published


@dataclass(frozen=True, slots=True, eq=False)
class TileIndex:
    """A published tile index.

    Attributes:
        published: Its folder and receipt.
        reused: Whether it had been published before.
        world: The tiles as row spans.
        summaries: Summary of each country for the report, ascending by code.
        shared_tiles: Tiles that several countries own.
    """

    published: Published
    reused: bool
    world: World
    summaries: Records[CountrySummary]
    shared_tiles: int

    def __repr__(self) -> str:
        return f"<TileIndex: {self.describe().rstrip(',')} in {self.published.folder}>"

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
        return f"{sum(counts):,} tiles of {number_of(len(counts), 'country', 'countries')},"
