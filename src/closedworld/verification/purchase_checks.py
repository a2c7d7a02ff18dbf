"""A result of purchases: its files, its receipt, every purchase, label and stay in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from closedworld.datasets import CARDS, PURCHASES, SITES, STAYS, TRUTH, Dataset
from closedworld.datasets.parameters import PurchaseParameters
from closedworld.datasets.purchases import CHANNELS, FRAUD_TYPES, HARD_NEGATIVES, STAY_KINDS
from closedworld.errors import IntegrityError
from closedworld.inputs.reference.zone_clocks import zone_info
from closedworld.store.paths import VALIDATION_NAME
from closedworld.store.reading import Published
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.file_checks import FileTable, check_schemas
from closedworld.verification.findings import Findings
from closedworld.verification.holder_moves import HolderMoves
from closedworld.verification.receipt_checks import check_totals
from closedworld.verification.value_digests import ValueDigests
from closedworld.verification.whole_tables import check_validation, read_whole

_DAY_MICROS = 86_400_000_000
_QUARTER_MICROS = 900_000_000
"""Clocks change at quarters of an hour."""
_SITE_COLUMNS = ["site_id", "merchant_id", "country_iso", "tzid", "category", "mcc", "lon", "lat"]
_CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    PURCHASES.name: {"channel": CHANNELS},
    TRUTH.name: {"fraud_type": FRAUD_TYPES, "hard_negative": HARD_NEGATIVES},
    STAYS.name: {"kind": STAY_KINDS},
}


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """The rows of a day; texts are plain, rows of one dataset together.

    Attributes:
        files: Files by dataset.
        purchases: Rows of ``purchases``.
        stays: Rows of ``stays``.
        truth: Rows of ``truth``, in the order of the purchases.
    """

    files: dict[str, CountryFiles]
    purchases: pa.Table
    stays: pa.Table
    truth: pa.Table


@dataclass(slots=True, eq=False)
class PurchaseChecks:
    """Checks one result of purchases.

    Attributes:
        published: The result.
        parameters: Its parameters.
        people: Whose purchases; None when they are not at hand.
        sites: Where they bought; None when they are not at hand.
        findings: Where findings go.
    """

    published: Published
    parameters: PurchaseParameters
    people: Published | None
    sites: Published | None
    findings: Findings
    _digests: ValueDigests = field(default_factory=ValueDigests)

    def run(self) -> None:
        """Check everything."""
        table = check_schemas(
            self.published, self.parameters.datasets, self.findings, (VALIDATION_NAME,)
        )
        check_validation(self.published, self.findings)
        days = self._check_days(table)
        sites = self._read(self.sites, SITES, _SITE_COLUMNS)
        cards = self._read(self.people, CARDS, ["card_id"])
        moves = HolderMoves(self.findings)
        counts = dict.fromkeys(("purchases", "fraud", "stays"), 0)
        ids = []
        for number, name in enumerate(days):
            day = self._day(table, name)
            if day is None:
                self._digests.unknown.add(name)
                continue
            self._check_day(day, number)
            self._check_places(day, sites, cards)
            moves.add(day.files[PURCHASES.name], day.purchases, day.truth, day.stays)
            ids.append(day.purchases["purchase_id"].to_numpy())
            counts["purchases"] += day.purchases.num_rows
            counts["stays"] += day.stays.num_rows
            counts["fraud"] += int(np.count_nonzero(day.truth["is_fraud"].to_numpy()))
        moves.finish()
        every = np.concatenate([np.empty(0, np.int64), *ids])
        if len(np.unique(every)) < len(every):
            self.findings.add("purchase-twice", "purchases have one id.", PURCHASES.name)
        if not self._digests.unknown:
            check_totals(self.published.receipt, {"days": len(days), **counts}, self.findings)
        self._digests.compare(self.published.receipt, self.findings)

    def _check_days(self, table: FileTable) -> list[str]:
        """Find days that are missing or one too many; return those that must be there."""
        first = np.datetime64(self.parameters.first_day, "D")
        days = [str(first + day) for day in range(self.parameters.days)]
        for dataset, files in table.items():
            for name in sorted(set(days) ^ files.keys()):
                what = "has no file" if name in days else "is not among the days"
                self.findings.add("day-missing", f"{name} {what}.", dataset, name)
        self.findings.add_check("every day is present, and no other", len(days), "days")
        return days

    def _day(self, table: FileTable, name: str) -> Day | None:
        """Return the rows of a day; None, with findings, when they cannot be read or do not fit together."""
        found: dict[str, CountryFiles] = {}
        rows: dict[str, pa.Table] = {}
        for dataset in (PURCHASES, STAYS, TRUTH):
            files = table[dataset.name].get(name)
            own = None if files is None else read_whole(files, self._digests)
            if files is None or own is None:
                return None
            found[dataset.name], rows[dataset.name] = files, own
            _check_order(files, own)
            _check_choices(files, own)
        purchases, truth = rows[PURCHASES.name], rows[TRUTH.name]
        at = pc.index_in(purchases["purchase_id"], truth["purchase_id"])
        if at.null_count or truth.num_rows != purchases.num_rows:
            message = "truth does not have exactly the purchases of its day."
            found[TRUTH.name].add("truth-ids", message)
            return None
        self.findings.add_check("a label for each purchase, and no other", len(at), "purchases")
        return Day(found, purchases, rows[STAYS.name], truth.take(at))

    def _check_day(self, day: Day, number: int) -> None:
        """Compare times with their day and their clocks, labels with each other."""
        files, rows, truth = day.files[PURCHASES.name], day.purchases, day.truth
        first = np.datetime64(self.parameters.first_day, "us").astype(np.int64)
        begin = int(first) + number * _DAY_MICROS
        utc = rows["ts_utc"].cast(pa.int64()).to_numpy()
        outside = (utc < begin) | (utc >= begin + _DAY_MICROS)
        files.add_rows(
            rows, outside, "purchase-day", "ts_utc is not on the day that names the file."
        )
        wrong = _clocks(rows, utc) != rows["ts_local"].cast(pa.int64()).to_numpy()
        files.add_rows(rows, wrong, "purchase-clock", "ts_local is not what clocks at tzid show.")
        self.findings.add_check("ts_local by zoneinfo", len(utc), "purchases")
        none = rows["amount"].to_numpy() <= 0
        files.add_rows(rows, none, "purchase-amount", "the amount is not above 0.")
        stays = day.stays
        ends = stays["end_utc"].cast(pa.int64()).to_numpy()
        late = ends <= stays["start_utc"].cast(pa.int64()).to_numpy()
        day.files[STAYS.name].add_rows(stays, late, "stay-end", "it ends before it begins.")
        fraud = truth["is_fraud"].to_numpy()
        odd = fraud != truth["fraud_type"].is_valid().to_numpy()
        odd |= fraud & truth["hard_negative"].is_valid().to_numpy()
        odd |= fraud != truth["reported_ts_utc"].is_valid().to_numpy()
        message = "is_fraud, fraud_type, reported_ts_utc and hard_negative contradict each other."
        day.files[TRUTH.name].add_rows(truth, odd, "truth-label", message)

    def _check_places(self, day: Day, sites: pa.Table | None, cards: pa.Table | None) -> None:
        files, rows = day.files[PURCHASES.name], day.purchases
        if cards is not None:
            unknown = pc.index_in(rows["card_id"], cards["card_id"]).is_null().to_numpy()
            files.add_rows(rows, unknown, "purchase-card", "the card is not among the people's.")
            self.findings.add_check("cards of purchases", rows.num_rows, "purchases")
        online = pc.equal(rows["channel"], "online").to_numpy()
        off = rows["site_id"].to_numpy() < 0
        off_map = off | rows["lon"].is_null().to_numpy()
        message = "a purchase has no site or no point without being online, or the reverse."
        files.add_rows(rows, (online != off) | (online != off_map), "purchase-site", message)
        if sites is None:
            return
        at = pc.index_in(rows["site_id"], sites["site_id"])
        unknown = ~online & at.is_null().to_numpy()
        files.add_rows(rows, unknown, "purchase-site", "there is no such site.")
        known = np.flatnonzero(~online & ~unknown)
        own = sites.take(at.take(pa.array(known)))
        some, labels = rows.take(pa.array(known)), day.truth.take(pa.array(known))
        same = np.ones(len(known), np.bool_)
        for name in ("merchant_id", "country_iso", "tzid", "category", "mcc"):
            same &= pc.fill_null(pc.equal(some[name], own[name]), fill_value=False).to_numpy()
        moved = pc.fill_null(pc.equal(labels["hard_negative"], "head_office"), fill_value=False)
        for name in ("lon", "lat"):
            same &= moved.to_numpy() | pc.equal(some[name], own[name]).to_numpy()
        message = "merchant, place, zone or kind are not those of the site."
        files.add_rows(some, ~same, "purchase-site", message)
        self.findings.add_check("purchases as their sites are", len(known), "purchases")

    def _read(
        self, published: Published | None, dataset: Dataset, columns: list[str]
    ) -> pa.Table | None:
        """Return columns of an earlier result; None, noted as unchecked, where they cannot be read."""
        what = f"purchases against {dataset.name}"
        if published is None:
            self.findings.add_unchecked(what, f"no {dataset.name} at hand")
            return None
        try:
            return published.read(dataset.name, columns)
        except IntegrityError:
            self.findings.add_unchecked(what, f"the {dataset.name} cannot be read")
            return None


def _check_order(files: CountryFiles, rows: pa.Table) -> None:
    names = list(files.dataset.key)
    keys = rows.select(names)
    expected = keys.take(pc.sort_indices(keys, [(name, "ascending") for name in names]))
    same = np.ones(max(rows.num_rows - 1, 0), np.bool_)
    for name in names:
        same &= pc.equal(expected[name].slice(0, len(same)), expected[name].slice(1)).to_numpy()
    if not keys.equals(expected) or same.any():
        files.add("order", f"{', '.join(names)} is not ascending, or not unique.")
    files.findings.add_check(f"{files.dataset.name}: order", rows.num_rows, "rows")


def _check_choices(files: CountryFiles, rows: pa.Table) -> None:
    for name, words in _CHOICES[files.dataset.name].items():
        known = pc.or_(pc.is_in(rows[name], pa.array(words)), rows[name].is_null())
        files.add_rows(rows, ~known.to_numpy(), "word", f"{name} is none of {', '.join(words)}.")


def _clocks(rows: pa.Table, utc: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what clocks show, microseconds, int64 (n,), by Python's zoneinfo."""
    zones = rows["tzid"].combine_chunks().dictionary_encode()
    zone = zones.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    quarters, quarter = np.unique(utc // _QUARTER_MICROS, return_inverse=True)
    pairs, pair = np.unique(zone * len(quarters) + quarter, return_inverse=True)
    names = zones.dictionary.to_pylist()
    offsets = [
        _offset(names[one // len(quarters)], int(quarters[one % len(quarters)]) * 900)
        for one in pairs.tolist()
    ]
    return utc + np.array(offsets, np.int64)[pair] * 1_000_000


def _offset(tzid: str, second: int) -> int:
    moment = datetime.fromtimestamp(second, UTC).astimezone(zone_info(tzid))
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())
