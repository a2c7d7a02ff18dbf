"""Other people's purchases in our places: their amounts, times and labels, at outlets that merchants really could have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from closedworld.errors import ConfigError
from closedworld.inputs.purchases.formats import PurchaseFormat, format_of
from closedworld.inputs.tables.streaming import TableStream, open_stream
from closedworld.kernels.counting import numbered_in_runs
from closedworld.kernels.relocating import (
    CANDIDATES,
    HABIT,
    Outlets,
    choose_outlets,
    outlets_near,
    preferences,
)
from closedworld.kernels.sampling.random_streams import (
    Purpose,
    StreamDraws,
    fractions,
    stream_keys,
)
from closedworld.kernels.scoring.consecutive import steps_of
from closedworld.sanitize import number_of, quoted
from closedworld.store.atomic import require_suffix
from closedworld.worlds.converting.placed_outlets import (
    OUTLETS_PER_MILLION,
    PlacedOutlets,
    place_outlets,
    require_outlets,
)
from closedworld.worlds.converting.table_files import decimals, write_tables
from closedworld.worlds.converting.their_purchases import TheirPurchases, read_theirs
from closedworld.worlds.world import PublishedWorld

_FLIGHT_KM_H, _FAST_KM_H, _HOUR_SECONDS = 900.0, 150.0, 3600.0
_DIGITS = 6
_HABITS, _TURNS = b"habits", b"turns"

Thief = Literal["near", "far"]


@dataclass(frozen=True, slots=True)
class Relocated:
    """What came of a relocation.

    Attributes:
        file: The file that was written.
        purchases: Rows.
        online: Rows of online merchants or channels, which are at the card's home.
        merchants: Merchants with outlets.
        sites: Their outlets.
        cards_outside: Cards that live in no country of the world, whose purchases are in that of most others.
        pairs: Consecutive legitimate purchases in shops.
        fast: Of those at most an hour apart, the share above 150 km/h; None without any.
        flight: The share of all above 900 km/h; None without any: times of the file that no place makes possible.
    """

    file: Path
    purchases: int
    online: int
    merchants: int
    sites: int
    cards_outside: int
    pairs: int
    fast: float | None
    flight: float | None

    def figures(self) -> dict[str, Any]:
        """Return all figures by name, as JSON holds them."""
        return {name: value for name, value in asdict(self).items() if name != "file"}

    def describe(self) -> str:
        """Return the figures in lines for people."""
        shares = {"above 150 km/h within an hour": self.fast, "above 900 km/h": self.flight}
        left = ", ".join(
            f"{share:.2%} {what}" for what, share in shares.items() if share is not None
        )
        moved = number_of(self.purchases, "purchase", "purchases")
        sites, merchants = (
            number_of(count, one, f"{one}s")
            for count, one in ((self.sites, "outlet"), (self.merchants, "merchant"))
        )
        lines = [
            f"{moved} at {sites} of {merchants} written to {self.file}; {self.online:,} of them online, at home",
            f"impossible by their times, of {self.pairs:,} legitimate trips: {left or 'none'}",
        ]
        if self.cards_outside:
            cards = number_of(self.cards_outside, "card lives", "cards live")
            lines.append(f"{cards} in no country of the world, and shop in that of most others")
        return "\n".join(lines)


def relocate(
    world: PublishedWorld,
    table: Path | str,
    out: Path | str,
    columns: Mapping[str, str] | None = None,
    *,
    seed: int = 0,
    outlets_per_million: float = OUTLETS_PER_MILLION,
    thief: Thief = "far",
    workers: int | None = None,
) -> Relocated:
    """Write a table of purchases with new places, everything else as it was.

    A merchant gets fixed outlets by the law of sites: in each country, by its people and the merchant's share of
    purchases. A purchase is at one of the four outlets nearest to the card's home, mostly the one that its holder is
    used to, which can be reached from the place before at 60 km/h. Where none can, it is at the nearest of them.

    Args:
        world: A world of the countries where the cards live, with weights by population.
        table: A CSV or Parquet file in a layout that ``score`` knows, or whose columns are named.
        out: File to write, .csv or .parquet.
        columns: Names of columns by role, as for ``score``.
        seed: Any integer.
        outlets_per_million: Outlets of a merchant of average size for a million people, above 0, at most 1,000,000.
        thief: Whether fraud is around a home drawn elsewhere in the country (``far``) or around the card's (``near``).
        workers: Workers that place outlets; None for one per core.

    Raises:
        ConfigError: ``output-format``, ``purchases-column``, ``relocate-columns``, ``relocate-thief``,
            ``relocate-outlets``, ``weights-missing``, ``population-missing``, ``polygons-differ``.
        InputError: As ``score``.
        PublishError: ``output-not-writable``.
        UnitError: As ``build_sites``.
    """
    out = Path(out)
    require_suffix(out, (".csv", ".parquet"))
    if thief not in ("near", "far"):
        raise ConfigError(
            "relocate-thief", f"the thief is {quoted(thief)}; it must be near or far."
        )
    require_outlets(outlets_per_million)
    stream = open_stream(Path(table))
    form = format_of(stream.columns, columns or {}, None, stream.name)
    missing = [
        role
        for role in ("merchant", "lon", "lat", "home_lon", "home_lat")
        if role not in form.columns
    ]
    if missing or form.plane:
        raise ConfigError(
            "relocate-columns",
            f"{stream.name} cannot be relocated: no column is known for {', '.join(missing) or 'places on Earth'}.",
            "Name columns of the merchant, of the places to replace and of the homes: --merchant, --lon, --lat, "
            "--home-lon and --home-lat.",
        )
    theirs = read_theirs(stream, form, world)
    sites = place_outlets(world, theirs, seed, outlets_per_million, workers)
    number = _choose(world, theirs, sites, seed, thief)
    in_shop = number >= 0
    lons, lats = theirs.home_lon[theirs.card], theirs.home_lat[theirs.card]
    lons[in_shop], lats[in_shop] = sites.lons[number[in_shop]], sites.lats[number[in_shop]]
    _write(stream, form, out, lons, lats)
    return _report(out, theirs, sites, in_shop, lons, lats)


def _choose(
    world: PublishedWorld, theirs: TheirPurchases, sites: PlacedOutlets, seed: int, thief: Thief
) -> NDArray[np.int32]:
    """Return the outlet of each purchase, int32 (n,), -1 online."""
    n_cards = len(theirs.cards)
    # A thief walks apart from the holder: number card + n_cards.
    walker = theirs.card + np.where(theirs.is_fraud, n_cards, 0)
    home_lon, home_lat = np.tile(theirs.home_lon, 2), np.tile(theirs.home_lat, 2)
    if thief == "far":
        home_lon[n_cards:], home_lat[n_cards:] = _thieves(world, theirs, seed)
    countries = theirs.country * 2
    shops = np.flatnonzero(theirs.in_shop)
    number = np.full(len(walker), -1, np.int32)
    if not len(shops):
        return number
    pairs, pair_of = np.unique(
        walker[shops].astype(np.int64) * len(theirs.merchants) + theirs.merchant[shops],
        return_inverse=True,
    )
    walkers, merchants = np.divmod(pairs, len(theirs.merchants))
    near = _near(walkers, merchants, countries, home_lon, home_lat, sites)
    liked = _liked(theirs, walkers, merchants, near, shops, pair_of, walker, seed)
    chosen = choose_outlets(
        walker[shops].astype(np.int32),
        theirs.time[shops],
        near.number[pair_of],
        liked,
        sites.lons,
        sites.lats,
    )
    number[shops] = chosen
    return number


def _thieves(
    world: PublishedWorld, theirs: TheirPurchases, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where the thief of each card lives: drawn by population in the country of the card."""
    table = pa.table(
        {"id": [f"thief of {card}" for card in theirs.cards], "country": list(theirs.country)}
    )
    drawn = world.sample(table, seed=seed).table
    return drawn["lon"].to_numpy(), drawn["lat"].to_numpy()


def _near(
    walkers: NDArray[np.int64],
    merchants: NDArray[np.int64],
    countries: Sequence[str],
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
    sites: PlacedOutlets,
) -> Outlets:
    """Return the outlets of a merchant near the home of each pair of walker and merchant."""
    number = np.empty((len(walkers), CANDIDATES), np.int32)
    km = np.empty((len(walkers), CANDIDATES))
    codes, code_of = np.unique(np.array(countries), return_inverse=True)
    key = merchants * len(codes) + code_of[walkers]
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    for rows in np.split(order, starts[1:]):
        merchant, code = divmod(int(key[rows[0]]), len(codes))
        begin, end = sites.ranges[merchant, str(codes[code])]
        home = walkers[rows]
        found = outlets_near(lons[home], lats[home], sites.lons[begin:end], sites.lats[begin:end])
        number[rows], km[rows] = found.number + begin, found.km
    return Outlets(number, km)


def _liked(
    theirs: TheirPurchases,
    walkers: NDArray[np.int64],
    merchants: NDArray[np.int64],
    near: Outlets,
    shops: NDArray[np.int64],
    pair_of: NDArray[np.int64],
    walker: NDArray[np.int64],
    seed: int,
) -> NDArray[np.float64]:
    """Return how much each candidate of a purchase is liked: out of habit, or as of today.

    Both depend on card, merchant and how many purchases the card has made before, not on other cards.
    """
    names = [
        f"{'thief of ' if one >= len(theirs.cards) else ''}{theirs.cards[one % len(theirs.cards)]}"
        for one in range(2 * len(theirs.cards))
    ]
    habit_ids = (
        f"{names[w]}\n{theirs.merchants[m]}"
        for w, m in zip(walkers.tolist(), merchants.tolist(), strict=True)
    )
    habits = StreamDraws(
        stream_keys(habit_ids, "", seed, kind=_HABITS), np.zeros(len(walkers), np.int64)
    )
    usual = preferences(near.km, _four(habits))
    turns = StreamDraws(
        stream_keys(names, "", seed, kind=_TURNS)[walker[shops]],
        _ranks(walker[shops], theirs.time[shops]),
    )
    today = preferences(near.km[pair_of], _four(turns))
    is_usual = fractions(turns.words(Purpose.POINT, 1)[0]) < HABIT
    return np.where(is_usual[:, None], usual[pair_of], today)


def _four(draws: StreamDraws) -> NDArray[np.float64]:
    return np.column_stack([fractions(word) for word in draws.words(Purpose.POINT, 0)])


def _ranks(walker: NDArray[np.int64], time: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of each purchase among those of its walker, from 0, in the order of time."""
    order = np.lexsort((time, walker))
    ranks = np.empty(len(walker), np.int64)
    ranks[order] = numbered_in_runs(walker[order])
    return ranks


def _write(
    stream: TableStream,
    form: PurchaseFormat,
    out: Path,
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
) -> None:
    """Write all columns of the table, in its order, the places replaced."""
    columns = [(form.columns["lon"][0], lons), (form.columns["lat"][0], lats)]
    is_csv = out.suffix.lower() == ".csv"

    def rows() -> Iterator[pa.Table]:
        start = 0
        for batch in stream.batches(stream.columns):
            table = pa.Table.from_batches([batch])
            here = slice(start, start + table.num_rows)
            for name, values in columns:
                at = table.column_names.index(name)
                column = decimals(values[here], _DIGITS) if is_csv else pa.array(values[here])
                table = table.set_column(at, name, column)
            start += table.num_rows
            yield table

    write_tables(out, rows())


def _report(
    out: Path,
    theirs: TheirPurchases,
    sites: PlacedOutlets,
    in_shop: NDArray[np.bool_],
    lons: NDArray[np.float64],
    lats: NDArray[np.float64],
) -> Relocated:
    legit = np.flatnonzero(in_shop & ~theirs.is_fraud)
    time = theirs.time[legit]
    steps = steps_of(theirs.card[legit].astype(np.int32), time, lons[legit], lats[legit])
    pair = ~np.isnan(steps.km_h)
    hour = pair & (time - time[steps.located] <= _HOUR_SECONDS)
    return Relocated(
        file=out,
        purchases=len(theirs.card),
        online=int((~in_shop).sum()),
        merchants=len(np.unique(theirs.merchant[in_shop])),
        sites=len(sites.lons),
        cards_outside=theirs.outside,
        pairs=int(pair.sum()),
        fast=_share(hour & (steps.km_h > _FAST_KM_H), hour),
        flight=_share(pair & (steps.km_h > _FLIGHT_KM_H), pair),
    )


def _share(some: NDArray[np.bool_], of: NDArray[np.bool_]) -> float | None:
    return float(some.sum() / of.sum()) if of.any() else None
