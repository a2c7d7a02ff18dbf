"""A published tile index, read back as runs: what later stages start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from closedworld.datasets import TILE_COVERAGE, TILE_SPANS
from closedworld.datasets.parameters import TileParameters
from closedworld.errors import ConfigError, IntegrityError
from closedworld.inputs.tables.columns import ranges_of_countries
from closedworld.kernels.grid import Grid
from closedworld.kernels.spans import Border, RowSpans, Rule
from closedworld.published.results import open_published
from closedworld.sanitize import number_of
from closedworld.store.reading import Published

_RUN_COLUMNS = ("raster_row", "col_start", "col_stop")


@dataclass(frozen=True, slots=True, eq=False)
class PublishedIndex:
    """A published tile index.

    Attributes:
        published: Its folder and receipt.
        grid: The lattice.
        rule: Inclusion rule.
        spans: Tiles by country code, ascending, without countries that have no tiles.
    """

    published: Published
    grid: Grid
    rule: Rule
    spans: Mapping[str, RowSpans]

    def __repr__(self) -> str:
        tiles = sum(own.tile_count for own in self.spans.values())
        return (
            f"<PublishedIndex {self.published.folder}: {tiles:,} tiles of "
            f"{number_of(len(self.spans), 'country', 'countries')}, rule {self.rule}>"
        )

    @property
    def parameter_hash(self) -> str:
        """Identity of the index."""
        return self.published.receipt.parameter_hash

    @property
    def country_codes(self) -> tuple[str, ...]:
        """Codes of all countries, ascending; those without tiles too."""
        return self.published.parameters(TileParameters).countries

    @property
    def has_coverage(self) -> bool:
        """Whether the index was built with coverage."""
        return self.published.parameters(TileParameters).coverage

    def coverage(self) -> dict[str, Border]:
        """Return, for each country, its tiles that are only partly inside.

        Raises:
            ConfigError: ``coverage-missing``.
            IntegrityError: The files differ from the receipt or from each other.
        """
        if not self.has_coverage:
            raise ConfigError(
                "coverage-missing",
                f"{self.published.folder} was built without coverage.",
                "Build the tiles with --rule any_overlap --coverage.",
            )
        found = dict.fromkeys(self.spans, Border.none())
        self.published.verify([TILE_COVERAGE.name])
        table = self.published.dataset(TILE_COVERAGE.name).to_table()
        try:
            by_country = _by_country(table)
        except ValueError as error:
            raise _disagrees(self.published, str(error)) from error
        for iso, rows in by_country.items():
            try:
                ranks = self.spans[iso].ranks_of(rows["tile_id"].to_numpy())
            except KeyError as error:
                raise _disagrees(self.published, f"coverage of {iso}: {error}") from error
            coverage = rows["coverage"].to_numpy()
            if (np.diff(ranks) <= 0).any() or not ((coverage > 0) & (coverage < 1)).all():
                raise _disagrees(self.published, f"coverage of {iso} is out of order or of range")
            found[iso] = Border(ranks, coverage)
        return found


def open_index(path: Path | str) -> PublishedIndex:
    """Return the one published tile index at or below a path, as runs.

    Args:
        path: An output folder, a stage folder or a ``parameter_hash=...`` folder.

    Raises:
        ConfigError, IntegrityError: As ``open_published`` and ``read_index``.
    """
    return read_index(open_published(path, TileParameters.stage))


def read_index(published: Published) -> PublishedIndex:
    """Return a published tile index as runs, these checked by their digests, the rest by their size.

    Raises:
        IntegrityError: The files differ from the receipt or from each other.
    """
    published.expect_files()
    published.verify([TILE_SPANS.name])
    parameters = published.parameters(TileParameters)
    grid = parameters.grid
    try:
        table = published.read(TILE_SPANS.name, ("country_iso", *_RUN_COLUMNS))
        spans = {
            iso: RowSpans(grid, *(rows[name].to_numpy().astype(np.int64) for name in _RUN_COLUMNS))
            for iso, rows in sorted(_by_country(table).items())
        }
    except ValueError as error:
        raise _disagrees(published, f"{type(error).__name__}: {error}") from error
    return PublishedIndex(published, grid, parameters.rule, spans)


def _by_country(table: pa.Table) -> dict[str, pa.Table]:
    ranges = list(ranges_of_countries(table))
    if len({iso for iso, _, _ in ranges}) < len(ranges):
        raise ValueError("rows of a country stand in several places")
    return {iso: table.slice(first, stop - first) for iso, first, stop in ranges}


def _disagrees(published: Published, what: str) -> IntegrityError:
    return IntegrityError(
        "index-damaged",
        f"{published.folder} is not a tile index that can be: {what}.",
        "Delete the folder and build it again.",
    )
