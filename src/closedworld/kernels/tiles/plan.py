"""The work plan: which tiles go into which part file, and which part files make a task.

Part files are cut by the tile count of a country alone, so their names and bytes depend neither on the
workers nor on how they are grouped into part_ranges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from closedworld.errors import ConfigError
from closedworld.kernels.sizes import DEFAULT_SIZES, Sizes


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One part file's share of a country's tiles.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        number: Part number within the country, from 0.
        first_rank: Rank of the first tile in the country, in tile_id order.
        stop_rank: Rank after the last tile; above ``first_rank``.
        sizes: Where its row groups end, and how many tiles are worked on at once.
    """

    country_iso: str
    number: int
    first_rank: int
    stop_rank: int
    sizes: Sizes = DEFAULT_SIZES

    @property
    def tile_count(self) -> int:
        """Number of tiles."""
        return self.stop_rank - self.first_rank

    def row_groups(self) -> Iterator[tuple[int, int]]:
        """Yield ``(first_rank, stop_rank)`` of each row group of the file."""
        step = self.sizes.row_group_tiles
        for first in range(self.first_rank, self.stop_rank, step):
            yield first, min(first + step, self.stop_rank)


@dataclass(frozen=True, slots=True)
class PartRange:
    """A piece of work for one worker: consecutive part files of one country.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        parts: One part file or more, ascending by number.
    """

    country_iso: str
    parts: tuple[Part, ...]

    @property
    def sizes(self) -> Sizes:
        """Where row groups end, and how many tiles are worked on at once."""
        return self.parts[0].sizes

    @property
    def first_rank(self) -> int:
        """Rank of its first tile in the country."""
        return self.parts[0].first_rank

    @property
    def stop_rank(self) -> int:
        """Rank after its last tile."""
        return self.parts[-1].stop_rank

    @property
    def tile_count(self) -> int:
        """Number of tiles, which is the cost of the part range."""
        return self.stop_rank - self.first_rank

    @property
    def largest_row_group(self) -> int:
        """Tiles of its largest row group."""
        return min(self.sizes.row_group_tiles, self.tile_count)

    def __str__(self) -> str:
        first, last = self.parts[0].number, self.parts[-1].number
        parts = f"part {first}" if first == last else f"parts {first} to {last}"
        return f"{self.country_iso} {parts}"


def plan_parts(country_iso: str, tile_count: int, sizes: Sizes = DEFAULT_SIZES) -> tuple[Part, ...]:
    """Return the part files of a country, ascending; none for a country without tiles."""
    step = sizes.part_tiles
    return tuple(
        Part(country_iso, number, first, min(first + step, tile_count), sizes)
        for number, first in enumerate(range(0, tile_count, step))
    )


def plan_part_ranges(
    tile_counts: Mapping[str, int],
    task_tiles: int = DEFAULT_SIZES.part_tiles,
    sizes: Sizes = DEFAULT_SIZES,
) -> tuple[PartRange, ...]:
    """Return the tasks, heaviest first; equal ones by country and part.

    Args:
        tile_counts: Tiles of each country by ISO code.
        task_tiles: Tiles of a part range at most, rounded up to whole part files.
        sizes: Where files and row groups end.

    Raises:
        ConfigError: ``unit-size`` when ``task_tiles`` is not positive.
    """
    if task_tiles <= 0:
        raise ConfigError(
            "unit-size", f"a task of {task_tiles} tiles does no work.", "Take 1 or more."
        )
    parts_per_unit = -(-task_tiles // sizes.part_tiles)
    part_ranges = []
    for country_iso, tile_count in tile_counts.items():
        parts = plan_parts(country_iso, tile_count, sizes)
        part_ranges += [
            PartRange(country_iso, parts[first : first + parts_per_unit])
            for first in range(0, len(parts), parts_per_unit)
        ]
    return tuple(
        sorted(part_ranges, key=lambda part_range: (-part_range.tile_count, part_range.parts[0]))
    )
