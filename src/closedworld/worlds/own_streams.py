"""The datasets of a published result of purchases, and those of the cards and sites that it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from closedworld.inputs.tables.streaming import TableStream, of_dataset
from closedworld.published.lineage import open_source
from closedworld.published.names import split_named
from closedworld.published.results import find_published, open_holding
from closedworld.store.reading import Published

_COMPRESSION = 3
"""Bytes of a row in memory for each in Parquet, about."""


@dataclass(frozen=True, slots=True)
class OwnStreams:
    """Tables of a payment world.

    Attributes:
        purchases: What cards paid.
        truth: Which purchases are fraud.
        cards: Homes of the cards.
        sites: Places of the sites.
    """

    purchases: TableStream
    truth: TableStream
    cards: TableStream
    sites: TableStream


def find_own(path: Path) -> OwnStreams | None:
    """Return the tables of the latest result of purchases at a path; None where nothing is published.

    Raises:
        ConfigError: ``dataset-unknown``, or as ``open_source`` and ``find_published``.
    """
    if split_named(path) is None and not (path.is_dir() and find_published(path)):
        return None
    purchases = open_holding(path, "purchases")
    people = open_source(purchases, "people")
    sites = open_source(people, "sites")
    return OwnStreams(
        stream_of(purchases, "purchases"),
        stream_of(purchases, "truth"),
        stream_of(people, "cards"),
        stream_of(sites, "sites"),
    )


def stream_of(published: Published, name: str) -> TableStream:
    """Return a published dataset as a stream, in the order of its files."""
    size = int(published.receipt.datasets()[name]["size_bytes"])
    where = str(published.folder_of(name))
    return of_dataset(published.dataset(name), where, _COMPRESSION * size)
