"""Layouts of tables of purchases, recognised by their columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from closedworld.errors import ConfigError, InputError
from closedworld.sanitize import listed, quoted

ROLES = {
    "card": "the card",
    "time": "date and time, or Unix seconds",
    "lon": "longitude of the purchase, degrees",
    "lat": "latitude of the purchase, degrees",
    "merchant": "the merchant",
    "amount": "the amount",
    "category": "category of the merchant",
    "label": "whether it is fraud: 0 or 1, yes or no",
    "kind": "kind of fraud",
    "home_lon": "longitude of the card's home, degrees",
    "home_lat": "latitude of the card's home, degrees",
    "id": "id of the purchase",
    "tzid": "time zone that the table gives, such as Europe/Berlin",
    "local_time": "local date and time that the table gives",
    "country": "country that the table gives, ISO 3166-1 alpha-2",
    "channel": "where it was bought; online, CNP and the like have no place",
}
"""What a column may mean."""

PLACE = "place"
"""A place by name; only TabFormer has one."""

Clock = Literal["utc", "file"]


@dataclass(frozen=True, slots=True)
class PurchaseFormat:
    """How a table says what a purchase is.

    Attributes:
        name: Such as ``sparkov``.
        title: Its name for people.
        columns: Name of the column by role; several columns where a role is made of them.
        clock: ``utc`` when times are UTC, ``file`` when the table has one clock for all and says no zone.
        plane: Whether places lie in a square without a place on Earth.
    """

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    clock: Clock = "file"
    plane: bool = False


def _format(name: str, title: str, clock: Clock = "file", **columns: str) -> PurchaseFormat:
    return PurchaseFormat(
        name, title, {role: tuple(some.split("|")) for role, some in columns.items()}, clock
    )


OWN = _format(
    "closedworld",
    "closedworld",
    "utc",
    card="card_id",
    time="ts_utc",
    lon="lon",
    lat="lat",
    merchant="merchant_id",
    amount="amount",
    category="category",
    label="is_fraud",
    kind="fraud_type",
    home_lon="home_lon",
    home_lat="home_lat",
    id="purchase_id",
    tzid="tzid",
    local_time="ts_local",
    country="country_iso",
    channel="channel",
)
SPARKOV = _format(
    "sparkov",
    "Sparkov",
    card="cc_num",
    time="trans_date_trans_time",
    lon="merch_long",
    lat="merch_lat",
    merchant="merchant",
    amount="amt",
    category="category",
    label="is_fraud",
    home_lon="long",
    home_lat="lat",
    id="trans_num",
)
SYNCCFD = _format(
    "synccfd",
    "SynCCFD",
    card="CUSTOMER_ID",
    time="TX_DATETIME",
    lon="TX_TERM_LONG",
    lat="TX_TERM_LAT",
    merchant="TERMINAL_ID",
    amount="TX_AMOUNT",
    label="TX_FRAUD",
    kind="TX_FRAUD_SCENARIO",
    home_lon="TX_BILL_LONG",
    home_lat="TX_BILL_LAT",
    id="TRANSACTION_ID",
    channel="TX_TYPE",
)
HANDBOOK = replace(
    _format(
        "handbook",
        "Fraud Detection Handbook",
        card="CUSTOMER_ID",
        time="TX_DATETIME",
        merchant="TERMINAL_ID",
        amount="TX_AMOUNT",
        label="TX_FRAUD",
        kind="TX_FRAUD_SCENARIO",
        id="TRANSACTION_ID",
    ),
    plane=True,
)
TABFORMER = _format(
    "tabformer",
    "TabFormer",
    card="User|Card",
    time="Year|Month|Day|Time",
    place="Merchant City|Merchant State|Zip",
    merchant="Merchant Name",
    amount="Amount",
    category="MCC",
    label="Is Fraud?",
    channel="Use Chip",
)
_NAMED = PurchaseFormat("columns", "columns named by options", {})
FORMATS = (OWN, SPARKOV, SYNCCFD, TABFORMER, HANDBOOK)
"""The first whose marks a table has is taken, so SynCCFD, which has all of the Handbook's, comes before it."""

_MARKS = {
    OWN.name: {"card_id", "ts_utc", "purchase_id"},
    SPARKOV.name: {"trans_date_trans_time", "cc_num", "merch_lat", "merch_long"},
    SYNCCFD.name: {"TX_DATETIME", "CUSTOMER_ID", "TX_TERM_LAT", "TX_TERM_LONG"},
    TABFORMER.name: {"User", "Card", "Year", "Month", "Day", "Time", "Merchant Name"},
    HANDBOOK.name: {"TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID"},
}


def format_of(
    names: Collection[str], given: Mapping[str, str], clock: Clock | None, source: str
) -> PurchaseFormat:
    """Return how to read a table of purchases.

    Args:
        names: The columns that it has.
        given: Columns that the user named, by role.
        clock: What times are, if the user said it.
        source: Where the table is from, for messages.

    Raises:
        ConfigError: ``purchases-column``: a named column is not there, or no role has that name.
        InputError: ``purchases-format``: card and time are neither named nor recognised.
    """
    for role, name in given.items():
        if role not in ROLES:
            raise ConfigError(
                "purchases-column",
                f"there is no column role {quoted(role)}.",
                f"Roles are {listed(tuple(ROLES))}.",
            )
        if name not in names:
            raise ConfigError(
                "purchases-column",
                f"{source} has no column {quoted(name)}, which was named for {role}.",
                f"It has {listed(tuple(names))}.",
            )
    known = next((one for one in FORMATS if _MARKS[one.name] <= set(names)), _NAMED)
    columns = {**known.columns, **{role: (name,) for role, name in given.items()}}
    # Without roles whose columns the table does not have.
    columns = {role: some for role, some in columns.items() if set(some) <= set(names)}
    missing = [role for role in ("card", "time") if role not in columns]
    if missing:
        raise InputError(
            "purchases-format",
            f"{source} has no known layout, and no column was named for {' and '.join(missing)}; it has "
            f"{listed(tuple(names), 12)}.",
            "Name its columns, such as --card customer --time paid_at --lon x --lat y.",
        )
    return replace(known, columns=columns, clock=clock or known.clock)
