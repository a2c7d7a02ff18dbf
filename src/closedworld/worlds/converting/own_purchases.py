"""closedworld's purchases with their truth, homes and places, batch by batch in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.errors import InputError
from closedworld.inputs.purchases.formats import OWN
from closedworld.inputs.purchases.side_tables import Truth, read_truth
from closedworld.inputs.tables.streaming import TableStream, open_stream
from closedworld.kernels.counting import numbered_in_runs
from closedworld.sanitize import listed
from closedworld.worlds.own_streams import OwnStreams, find_own
from closedworld.worlds.scoring.numbering import Numbering

_NEEDED = (
    "purchase_id", "ts_utc", "ts_local", "card_id", "merchant_id", "site_id", "channel", "category", "mcc",
    "amount", "lon", "lat", "country_iso",
)  # fmt: skip
_CARD = ("card_id", "person_id", "home_lon", "home_lat", "place", "admin1")
_SITE = ("site_id", "place", "admin1")
_ONLINE, _ATM = "online", "atm"


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseBatch:
    """Some purchases, arrays and columns (n,).

    Attributes:
        table: The columns of dataset ``purchases``.
        first: Number of the first, from 0.
        card: Number of the card, in the order of first purchases, int32.
        person: Number of its holder, so numbered too, int32.
        card_of_person: Number of the card among those of its holder, from 0, int64.
        terminal: Number of the site or, online, of the merchant, so numbered too, int32.
        is_online: bool.
        is_atm: bool.
        is_fraud: int8, 1 or 0.
        fraud_type: Text, null where it is no fraud.
        home_lon: Degrees, float64.
        home_lat: Degrees, float64.
        home: Columns ``place`` and ``admin1`` of the home.
        site: Columns ``place`` and ``admin1`` of the site, null online.
    """

    table: pa.Table
    first: int
    card: NDArray[np.int32]
    person: NDArray[np.int32]
    card_of_person: NDArray[np.int64]
    terminal: NDArray[np.int32]
    is_online: NDArray[np.bool_]
    is_atm: NDArray[np.bool_]
    is_fraud: NDArray[np.int8]
    fraud_type: pa.ChunkedArray
    home_lon: NDArray[np.float64]
    home_lat: NDArray[np.float64]
    home: pa.Table
    site: pa.Table

    def __len__(self) -> int:
        return len(self.card)

    def reals(self, name: str) -> NDArray[np.float64]:
        """Return a column of numbers, float64 (n,), NaN where it is empty."""
        return np.asarray(self.table[name].cast(pa.float64()).to_numpy(), np.float64)

    def lons_lats(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return longitudes and latitudes of the sites, online those of the homes, degrees, float64 (n,) each."""
        homes = (("lon", self.home_lon), ("lat", self.home_lat))
        lon, lat = (np.where(self.is_online, home, self.reals(name)) for name, home in homes)
        return lon, lat


@dataclass(slots=True, eq=False)
class OwnPurchases:
    """Purchases that can be read once, in the order of time.

    Attributes:
        stream: Dataset ``purchases``.
        truth: Its labels.
        cards: Columns ``_CARD`` of dataset ``cards``.
        sites: Columns ``_SITE`` of dataset ``sites``.
        card_numbers: Numbers of cards; so for holders and terminals.
    """

    stream: TableStream
    truth: Truth
    cards: pa.Table
    sites: pa.Table
    card_numbers: Numbering = field(default_factory=Numbering)
    person_numbers: Numbering = field(default_factory=Numbering)
    terminal_numbers: Numbering = field(default_factory=Numbering)

    @classmethod
    def open(cls, path: Path) -> OwnPurchases:
        """Open the purchases of a result.

        Args:
            path: A result with purchases; or a folder with files purchases, truth, cards and sites, such as a copy.

        Raises:
            ConfigError, IntegrityError: As ``find_published``.
            InputError: ``table-column``: these are not closedworld's purchases.
        """
        own = find_own(path) or _of_files(path)
        _require(own.purchases, _NEEDED)
        _require(own.cards, _CARD)
        _require(own.sites, _SITE)
        return cls(
            own.purchases,
            read_truth(own.truth),
            _numbered(own.cards.table(_CARD)),
            own.sites.table(_SITE),
        )

    def batches(self) -> Iterator[PurchaseBatch]:
        """Yield all purchases.

        Raises:
            InputError: ``input-unreadable``.
        """
        first = 0
        card_ids = self.cards["card_id"].combine_chunks()
        site_ids = self.sites["site_id"].combine_chunks()
        for batch in self.stream.batches(_NEEDED):
            table = pa.Table.from_batches([batch])
            card = pc.index_in(table["card_id"].cast(pa.string()), card_ids)
            homes = self.cards.take(card)
            channel = table["channel"].cast(pa.string())
            is_online = pc.equal(channel, _ONLINE)
            site = table["site_id"].cast(pa.string())
            terminal = pc.if_else(is_online, table["merchant_id"].cast(pa.string()), site)
            verdict = self.truth.at(table[OWN.columns["id"][0]])
            yield PurchaseBatch(
                table,
                first,
                self.card_numbers.of(table["card_id"]),
                self.person_numbers.of(pc.coalesce(homes["person_id"], table["card_id"])),
                pc.fill_null(homes["number"], 0).to_numpy(),
                self.terminal_numbers.of(terminal),
                is_online.to_numpy(),
                pc.equal(channel, _ATM).to_numpy(),
                verdict.is_fraud,
                verdict.kinds,
                homes["home_lon"].to_numpy(),
                homes["home_lat"].to_numpy(),
                homes.select(["place", "admin1"]),
                self.sites.select(["place", "admin1"]).take(
                    pc.index_in(table["site_id"], site_ids)
                ),
            )
            first += table.num_rows


def _numbered(cards: pa.Table) -> pa.Table:
    """Return cards with the number of each among those of its holder, from 0, in the order of their ids."""
    order = pc.sort_indices(cards, sort_keys=[("person_id", "ascending"), ("card_id", "ascending")])
    person = cards["person_id"].cast(pa.string()).combine_chunks().dictionary_encode().indices
    numbers = np.empty(len(person), np.int64)
    numbers[order.to_numpy()] = numbered_in_runs(person.take(order).to_numpy().astype(np.int64))
    return cards.append_column("number", pa.array(numbers))


def _of_files(path: Path) -> OwnStreams:
    def opened(name: str) -> TableStream:
        file = path / f"{name}.parquet"
        return open_stream(file if file.exists() else path / name)

    return OwnStreams(*(opened(name) for name in ("purchases", "truth", "cards", "sites")))


def _require(stream: TableStream, columns: tuple[str, ...]) -> None:
    missing = tuple(name for name in columns if name not in stream.columns)
    if missing:
        raise InputError(
            "table-column",
            f"{stream.name} lacks {listed(missing)}; only closedworld's own purchases are converted.",
            "Give a result of `closedworld purchases`.",
        )
