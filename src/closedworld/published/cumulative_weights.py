"""Cumulative weights of a country, read from published files only where they are needed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.datasets import SPAN_WEIGHTS, TILE_WEIGHTS
from closedworld.datasets.parameters import WeightParameters
from closedworld.errors import IntegrityError
from closedworld.kernels.spans import RowSpans, joined_runs
from closedworld.kernels.weights import Mixture
from closedworld.published.tile_index import PublishedIndex
from closedworld.sanitize import one_line
from closedworld.store.protocol import Storage
from closedworld.store.reading import Published, open_part, path_of
from closedworld.store.receipt import FileEntry

_BATCH_TILES = 1 << 18
"""Tiles read at once where all are: 2 MiB of weights stay in the cache for what is done with them next."""


class Group(NamedTuple):
    """The tiles of a row group.

    Attributes:
        rank: Rank of the first of them in the country.
        weights: Their weights, uint64 (tiles,).
        upto: Weight of the country's tiles up to and with each, uint64 (tiles,).
    """

    rank: int
    weights: NDArray[np.uint64]
    upto: NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeWeights:
    """The cumulative weights of a country's tiles: which tile holds a position between 0 and their sum.

    ``span_weights`` has the weight before each run of tiles. For positions within a run, the row groups
    of ``tile_weights`` that hold it are read, one at a time, each once for all positions.

    Attributes:
        country_iso: ISO 3166-1 alpha-2 code.
        spans: All tiles of the country.
        before: Weight before each run, uint64 (runs,), ascending.
        total: Sum of all weights.
        basis: What they follow, such as ``population``.
        folder: Where the result is that holds its weights.
        part_files: Files of its weights in order.
    """

    country_iso: str
    spans: RowSpans
    before: NDArray[np.uint64]
    total: int
    basis: str
    folder: Storage
    part_files: Sequence[FileEntry]

    def __repr__(self) -> str:
        return f"<CumulativeWeights {self.country_iso}: {self.spans.tile_count:,} tiles>"

    def groups(self, first: NDArray[np.int64], stop: NDArray[np.int64]) -> Iterator[Group]:
        """Yield the row groups that hold any of some runs, in order.

        Args:
            first: Rank of the first tile of each run, ascending, int64 (n,).
            stop: Rank after its last tile, int64 (n,).

        Raises:
            IntegrityError: ``weights-damaged``, ``file-unreadable``.
        """
        first_ranks = self.spans.first_ranks
        part_ranks = np.cumsum([0, *(entry.rows for entry in self.part_files)])
        after = 0
        for entry, (begin, end) in zip(
            self.part_files, itertools.pairwise(part_ranks.tolist()), strict=True
        ):
            if _none_in(first, stop, begin, end):
                continue
            with self._reading(entry), open_part(self.folder, entry) as file:
                sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
                bounds = begin + np.cumsum([0, *sizes])
                for number, (a, b) in enumerate(itertools.pairwise(bounds.tolist())):
                    if _none_in(first, stop, a, b):
                        continue
                    column = file.read_row_group(number, columns=["weight_fp"], use_threads=False)
                    weights = column["weight_fp"].to_numpy().view(np.uint64)
                    runs = slice(*np.searchsorted(first_ranks, (a, b)).tolist())
                    upto = np.cumsum(weights)
                    begins = first_ranks[runs] - a
                    inner = upto[begins] - weights[begins]
                    # Groups that begin amid a run are read after the one that holds its start.
                    starts = self.before[runs] - inner
                    start = int(starts[0]) if len(starts) else after
                    if (starts != np.uint64(start)).any():
                        raise self._damaged("weights of its tiles and of its runs disagree")
                    upto += np.uint64(start)
                    after = int(upto[-1])
                    yield Group(a, weights, upto)

    def of_runs(
        self, first_ranks: NDArray[np.int64], stop_ranks: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        """Return the weights of the tiles of some runs, one after another, uint64 (n,).

        Args:
            first_ranks: Rank of the first tile of each run, ascending, int64 (n,).
            stop_ranks: Rank after its last tile, int64 (n,); runs do not overlap.

        Raises:
            IntegrityError: ``weights-damaged``, ``file-unreadable``.
        """
        parts = [np.array([], np.uint64)]
        for group in self.groups(first_ranks, stop_ranks):
            some = slice(
                int(np.searchsorted(stop_ranks, group.rank, side="right")),
                int(np.searchsorted(first_ranks, group.rank + len(group.weights))),
            )
            first = np.maximum(first_ranks[some] - group.rank, 0).tolist()
            stop = (stop_ranks[some] - group.rank).tolist()
            slices = [group.weights[a:b] for a, b in zip(first, stop, strict=True)]
            parts.append(np.concatenate(slices))
        return np.concatenate(parts)

    def all_groups(self) -> Iterator[Group]:
        """Yield every row group in order; as ``groups``."""
        first = self.spans.first_ranks
        yield from self.groups(first, first + (self.spans.col_stops - self.spans.col_starts))

    def tile_weights(self) -> Iterator[NDArray[np.uint64]]:
        """Yield the weights of all tiles in order, uint64 (n,), a few megabytes at a time.

        Raises:
            IntegrityError: ``file-unreadable``.
        """
        for entry in self.part_files:
            with self._reading(entry), open_part(self.folder, entry) as file:
                for batch in file.iter_batches(
                    _BATCH_TILES, columns=["weight_fp"], use_threads=False
                ):
                    yield batch["weight_fp"].to_numpy().view(np.uint64)

    @contextmanager
    def _reading(self, entry: FileEntry) -> Iterator[None]:
        try:
            yield
        except (OSError, KeyError, pa.ArrowException) as error:
            raise IntegrityError(
                "file-unreadable",
                f"{path_of(self.folder, entry)} cannot be read: {one_line(str(error))}.",
                "Delete the folder and build it again.",
            ) from error

    def _damaged(self, what: str) -> IntegrityError:
        return IntegrityError(
            "weights-damaged",
            f"{path_of(self.folder, self.part_files[0]).parent}: {self.country_iso}: {what}.",
            "Look closer with `closedworld verify`; delete the folder and build it again.",
        )


def read_cumulative_weights(
    weights: Published, index: PublishedIndex
) -> dict[str, CumulativeWeights]:
    """Return the weights of every country that has tiles; ``span_weights`` is checked by its digests.

    Raises:
        IntegrityError: The files differ from the receipt or from the tiles.
    """
    weights.expect_files()
    weights.verify([SPAN_WEIGHTS.name])
    names = ("raster_row", "col_start", "tiles")
    table = weights.read(SPAN_WEIGHTS.name, (*names, "weight_before"))
    before = table["weight_before"].to_numpy().view(np.uint64)
    runs = np.stack([table[name].to_numpy() for name in names])
    sets = list(index.spans.values())
    rows, starts, stops = joined_runs(sets)
    expected = np.stack([rows, starts, stops - starts])
    parameters = weights.parameters(WeightParameters)
    total = 10**parameters.dp
    ends = np.cumsum([one.n_runs for one in sets])
    begins = ends - [one.n_runs for one in sets]
    same = runs.shape == expected.shape and bool((runs == expected).all())
    if not same or before[begins].any() or (before > np.uint64(total)).any():
        raise IntegrityError(
            "weights-damaged",
            f"{weights.folder} does not hold the tiles of {index.published.folder}.",
            "Look closer with `closedworld verify`; delete the folder and build it again.",
        )
    files = weights.files(TILE_WEIGHTS.name)
    return {
        iso: CumulativeWeights(
            iso,
            spans,
            before[begin:end],
            total,
            parameters.basis,
            weights.storage,
            files.get(iso, ()),
        )
        for (iso, spans), begin, end in zip(index.spans.items(), begins, ends, strict=True)
    }


def without_people(weights: Mapping[str, CumulativeWeights], what: str) -> str:
    """Return what to warn of where weights do not follow people; empty where they do.

    By area, 17% of the points of the United States lie in Alaska and Hawaii.

    Args:
        weights: Those of each country, of one basis; there may be none.
        what: What is placed by them, in the plural.
    """
    basis = next((own.basis for own in weights.values()), "")
    if not basis or Mixture.parse(basis).needs_population:
        return ""
    return (
        f"the weights are by {basis}, not by population: {what} lie where there is land, not where people "
        "live. For people, make weights with --basis population."
    )


def _none_in(first: NDArray[np.int64], stop: NDArray[np.int64], begin: int, end: int) -> bool:
    return int(np.searchsorted(stop, begin, side="right")) >= int(np.searchsorted(first, end))
