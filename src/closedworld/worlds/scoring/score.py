"""Scoring a table of purchases, in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closedworld.errors import ConfigError, InputError
from closedworld.execution.events import Warned
from closedworld.inputs.purchases.formats import PLACE, Clock, format_of
from closedworld.inputs.purchases.side_tables import SideTables, read_homes, read_sites, read_truth
from closedworld.inputs.tables.streaming import TableStream, open_stream
from closedworld.kernels.scoring.merchant_places import places_of
from closedworld.kernels.scoring.polygon_owners import PolygonOwners
from closedworld.published.polygons import bundled_countries
from closedworld.sanitize import number_of
from closedworld.store.row_buckets import RowBuckets
from closedworld.worlds.own_streams import find_own
from closedworld.worlds.scoring.card_figures import HOURS, AucCounts, CardFigures, CardRows
from closedworld.worlds.scoring.encoding import MERCHANT_PLACE, PURCHASE, Encoder
from closedworld.worlds.scoring.figures import (
    FIGURES,
    NO_FRAUD,
    SEVERAL_PURCHASES,
    ZONE_PURCHASES,
    Figure,
)
from closedworld.worlds.scoring.result import Score

_BUCKET_BYTES = 1 << 25
_MOST_BUCKETS = 64


def score(
    path: Path | str,
    columns: Mapping[str, str] | None = None,
    *,
    clock: Clock | None = None,
    homes: Path | str | None = None,
    sites: Path | str | None = None,
    truth: Path | str | None = None,
) -> Score:
    """Return what a table of purchases says about geography, clocks and fraud.

    Read batch by batch; memory grows with cards, merchants and frauds (some 100 bytes each), temporary disk with
    purchases (some 100 bytes each).

    Args:
        path: A CSV, Parquet or Arrow file or a folder of such files, in the layout of Sparkov, TabFormer, SynCCFD, the
            Fraud Detection Handbook or closedworld; or a result with purchases.
        columns: Names of columns by role, such as ``{"card": "customer"}``, for other layouts or instead of a
            layout's own; the roles are those of ``closedworld score --help``.
        clock: ``"utc"`` when times are UTC, ``"file"`` when they are on one clock of the file's own; None for what the
            layout has.
        homes: A table of cards with their homes.
        sites: A table of merchants with their places, where purchases have none.
        truth: A table of labels by id of the purchase.

    Raises:
        ConfigError: ``purchases-column``, ``purchases-clock``, or as ``find_published``.
        InputError: ``input-missing``, ``input-format``, ``input-pickle``, ``input-unreadable``, ``table-column``,
            ``purchases-format``, ``purchases-value``, ``purchases-none``.
        PublishError: ``output-not-writable``: temporary disk is full.
    """
    if clock not in (None, "utc", "file"):
        raise ConfigError("purchases-clock", f"clock {clock!r} is neither utc nor file.")
    path = Path(path)
    own = find_own(path)
    stream = open_stream(path) if own is None else own.purchases
    cards = _given(homes, None if own is None else own.cards)
    verdicts = _given(truth, None if own is None else own.truth)
    shops = _given(sites, None)
    side = SideTables(
        homes=None if cards is None else read_homes(cards),
        sites=None if shops is None else read_sites(shops),
        truth=None if verdicts is None else read_truth(verdicts),
    )
    form = format_of(stream.columns, columns or {}, clock, stream.name)
    return _score(stream, Encoder(form, _bundled_owners(), side))


@cache
def _bundled_owners() -> PolygonOwners:
    return PolygonOwners.of({one.iso: one.features for one in bundled_countries()})


def _given(path: Path | str | None, own: TableStream | None) -> TableStream | None:
    return own if path is None else open_stream(Path(path))


def _score(stream: TableStream, encoder: Encoder) -> Score:
    n_buckets = min(max(stream.size_bytes // _BUCKET_BYTES, 1), _MOST_BUCKETS)
    with (
        RowBuckets(PURCHASE, n_buckets) as by_card,
        RowBuckets(MERCHANT_PLACE, n_buckets) as by_merchant,
    ):
        for batch in stream.batches(encoder.columns()):
            rows, places = encoder.rows(batch)
            by_card.add(rows, rows["card"])
            by_merchant.add(places, places["merchant"])
        if encoder.counts["rows"] == encoder.counts["incomplete"]:
            raise InputError(
                "purchases-none",
                f"{stream.name} has no purchase with a card and a time.",
                "Check which columns have them; --card and --time name others.",
            )
        merchants = _merchants(by_merchant)
        cards, auc = _cards(by_card, encoder)
    kinds = encoder.kinds.names
    fraud_counts = auc.kind_counts() if cards.counts["frauds"] else {}
    return Score(
        source=stream.name,
        form=encoder.form.name,
        title=encoder.form.title,
        clock=encoder.form.clock,
        counts=_counts(encoder, cards),
        kinds={kinds[number]: count for number, count in fraud_counts.items()},
        figures=_figures(encoder, cards, *merchants),
        auc=auc.results(kinds) if fraud_counts else {},
        hours=cards.hours.sum(axis=0).tolist(),
        zones=_zones(encoder, cards),
        warnings=list(_warnings(encoder)),
    )


def _merchants(buckets: RowBuckets) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places and the purchases of each merchant with a place, int64 (m,) each, in any order."""
    found = [
        places_of(rows["merchant"].astype(np.int64), rows["place"].astype(np.int64))
        for rows in map(buckets.read, range(len(buckets)))
    ]
    places = np.concatenate([one.places for one in found])
    return places, np.concatenate([one.purchases for one in found])


def _cards(buckets: RowBuckets, encoder: Encoder) -> tuple[CardFigures, AucCounts]:
    """Return the figures of all cards: one walk that gathers frauds, one that compares all others with them."""
    figures = CardFigures(np.zeros((len(encoder.zones) + 1, HOURS), np.int64))
    auc = AucCounts(np.zeros((2, len(encoder.categories), len(encoder.kinds)), np.int64))

    def bucket(number: int) -> CardRows:
        return CardRows.of(
            buckets.read(number), encoder.homes, encoder.owners, plane=encoder.form.plane
        )

    for number in range(len(buckets)):
        some = bucket(number)
        figures.add(some)
        auc.gather(some, some.features(encoder.per_merchant))
    if figures.counts["frauds"]:
        for number in range(len(buckets)):
            some = bucket(number)
            auc.compare(some, some.features(encoder.per_merchant))
    return figures, auc


def _counts(encoder: Encoder, cards: CardFigures) -> dict[str, int]:
    seen = encoder.counts
    return {
        "purchases": seen["rows"] - seen["incomplete"],
        "cards": len(encoder.cards),
        "merchants": len(encoder.merchants),
        "frauds": cards.counts["frauds"],
        "unlabelled": cards.counts["unlabelled"],
        "listed_as_noise": cards.counts["listed"],
        "with_a_place": seen["located"],
        "online": seen["online"],
        "left_out": seen["incomplete"],
        "off_the_globe": seen["off_globe"],
    }


def _figures(
    encoder: Encoder,
    cards: CardFigures,
    places: NDArray[np.int64],
    purchases: NDArray[np.int64],
) -> dict[str, Figure]:
    """Return the figures; ``places`` and ``purchases`` are those of each merchant, int64 (m,)."""
    form, seen, counts = encoder.form, encoder.counts, cards.counts
    rows = seen["rows"] - seen["incomplete"]
    several = purchases >= SEVERAL_PURCHASES
    is_new = places[several] == purchases[several]
    night, zones = cards.night_share(), _zones(encoder, cards)
    shares = {
        "fraud": (counts["frauds"], rows - counts["unlabelled"]),
        "new_place_each_time": (int(is_new.sum()), int(several.sum())),
        "at_sea": (counts["at_sea"], counts["placed"]),
        "abroad": (counts["abroad"], counts["abroad_of"]),
        "fast_within_hour": (counts["pairs_hour_fast"], counts["pairs_hour"]),
        "fast": (counts["pairs_fast"], counts["pairs"]),
        "flight": (counts["pairs_flight"], counts["pairs"]),
        "flight_precision": (
            counts["alarms_fraud"],
            counts["alarms"] if counts["frauds"] else 0,
        ),
        "home_far": (counts["home_far"], 0 if form.plane else counts["home_of"]),
        "zone_agrees": (seen["zone_agrees"], seen["zone_checked"]),
        "local_time_agrees": (seen["local_agrees"], seen["local_checked"]),
        "country_agrees": (seen["country_agrees"], seen["country_checked"]),
    }
    found = {name: Figure(part / of, of) for name, (part, of) in shares.items() if of}
    if len(places):
        found["places_per_merchant"] = Figure(float(np.median(places)), len(places))
    if cards.median_km is not None and not form.plane:
        found["home_km"] = Figure(cards.median_km, counts["home_of"])
    if night is not None:
        found["night"] = Figure(night, int(cards.hours.sum()))
    large = [share for count, share in zones.values() if count >= ZONE_PURCHASES]
    if large:
        found["night_worst_zone"] = Figure(max(large), len(large))
    return {
        name: found.get(name) or Figure(None, 0, _why(name, encoder, cards)) for name in FIGURES
    }


def _why(name: str, encoder: Encoder, cards: CardFigures) -> str:
    """Return why a figure is not available."""
    meaning, columns = FIGURES[name], encoder.form.columns
    on_earth = "longitude" in meaning.needs
    if on_earth and encoder.form.plane:
        return "coordinates are those of a square without a place on Earth"
    if on_earth and PLACE in columns and "lon" not in columns:
        return "places have names and no coordinates"
    is_placed = {"lon", PLACE} & set(columns) or encoder.side.sites is not None
    by_truth = encoder.side.truth is not None and "id" in columns
    given = {
        **dict.fromkeys(columns, True),
        "place": bool(is_placed),
        "zone": bool(is_placed) or "tzid" in columns,
        "utc": encoder.form.clock == "utc",
        "label": by_truth or "label" in columns,
    }
    if not all(given.get(role, False) for role in meaning.roles):
        return f"needs {meaning.needs}"
    if name == "flight_precision" and not cards.counts["frauds"]:
        return NO_FRAUD
    return meaning.none


def _zones(encoder: Encoder, cards: CardFigures) -> dict[str, tuple[int, float]]:
    found = {}
    for number, name in enumerate(encoder.zones.names):
        share = cards.night_share(number)
        if share is not None:
            found[name] = int(cards.hours[number].sum()), share
    return dict(sorted(found.items(), key=lambda one: (-one[1][0], one[0])))


def _warnings(encoder: Encoder) -> Iterator[Warned]:
    seen = encoder.counts
    if seen["incomplete"]:
        which = number_of(seen["incomplete"], "purchase has", "purchases have")
        message = f"{which} no card or no time and were left out."
        yield Warned("purchases-incomplete", message)
    if seen["off_globe"]:
        which = number_of(seen["off_globe"], "place lies", "places lie")
        message = (
            f"{which} off the globe and counted as missing; are longitude and latitude exchanged?"
        )
        yield Warned("purchases-off-globe", message)
    if seen["zoned"] and encoder.form.clock == "file":
        message = "times state their zone, so hours are those of UTC; --clock utc makes them local."
        yield Warned("purchases-zoned", message)
    side = encoder.side
    if side.truth is not None and "id" not in encoder.form.columns:
        message = (
            "the purchases have no id, so the table of truth labels none of them; --id names one."
        )
        yield Warned("purchases-unlabelled", message)
    elif side.truth is not None and len(side.truth.ids) and not seen["labelled"]:
        message = "no purchase has an id that the table of truth has, so all count as legitimate."
        yield Warned("purchases-unlabelled", message)
    homeless = int(np.isnan(encoder.homes[:, 0]).sum())
    if side.homes is not None and homeless:
        which = number_of(homeless, "card has", "cards have")
        message = f"{which} no home in the table of homes; the median place of purchases is taken."
        yield Warned("purchases-unmatched", message)
    if side.sites is not None and seen["unplaced"]:
        which = number_of(seen["unplaced"], "purchase has", "purchases have")
        message = f"{which} no place, because the table of sites lacks the merchant."
        yield Warned("purchases-unmatched", message)
