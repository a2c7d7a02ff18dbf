"""What a receipt says of its content, against what is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from closedworld.sanitize import quoted
from closedworld.store.paths import RECEIPT_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedworld.store.reading import Published
    from closedworld.store.receipt import Receipt
    from closedworld.verification.findings import Account

WEIGHTS_DATASET = "tile_weights"


def check_receipt(published: Published, account: Account) -> None:
    """Note entries of the receipt's file that its files and parameters do not make."""
    try:
        said = json.loads((published.folder / RECEIPT_NAME).read_bytes())
    except (OSError, ValueError) as error:
        account.find("receipt-unreadable", f"the receipt cannot be read again: {quoted(error)}.")
        return
    made = json.loads(published.receipt.to_bytes())
    for name in sorted(said.keys() | made.keys()):
        if said.get(name) != made.get(name):
            account.find(
                "receipt-total",
                f"{quoted(name)} of the receipt is not what its files add up to.",
                example=_difference(said.get(name), made.get(name)),
            )


def expect_totals(receipt: Receipt, totals: Mapping[str, Any], account: Account) -> None:
    """Note totals of the receipt that are not what is there: counts, and lists of codes."""
    for name, true in totals.items():
        said: Any = receipt.totals.get(name)
        if not _is_same(said, true):
            told = f"{true:,}" if isinstance(true, int) else quoted(true)
            account.find(
                "receipt-total",
                f"{name} is {told}; the receipt says {quoted(said)}.",
                example=_difference(said, true),
            )
    account.checked("totals of the receipt", len(totals), "totals")


def expect_summaries(
    receipt: Receipt, accounts: Mapping[str, dict[str, Any]], account: Account
) -> None:
    """Note accounts of countries in the receipt that are not those of the weights.

    Args:
        receipt: The receipt of weights.
        accounts: What was worked out, by country; a figure that could not be is None.
        account: Where findings go.
    """
    said: Any = receipt.totals.get("summaries")
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        message = f"summaries is no list of accounts, but {quoted(said)}."
        account.find("receipt-summary", message, dataset=WEIGHTS_DATASET)
        return
    isos = [str(one.get("country_iso")) for one in said]
    if isos != sorted(accounts):
        account.find(
            "receipt-summary",
            "summaries does not have each country that has weights once, in order.",
            dataset=WEIGHTS_DATASET,
            example=_difference(isos, sorted(accounts)),
        )
    figures = 0
    for iso, one in zip(isos, said, strict=True):
        true, own = _flat(accounts.get(iso, {})), _flat(one)
        known = {name: value for name, value in true.items() if value is not None}
        figures += len(known)
        for name in [*known, *(own.keys() - true.keys())]:
            if name not in known or not _is_same(own.get(name), known[name]):
                value = known.get(name, "nothing that is known")
                account.find(
                    "receipt-summary",
                    f"{quoted(name)} is {value}; the receipt says {quoted(own.get(name))}.",
                    dataset=WEIGHTS_DATASET,
                    country_iso=iso,
                    example={"figure": name, "receipt": own.get(name), "data": known.get(name)},
                )
    account.checked("accounts of the countries in the receipt", figures, "figures")


def bad_parameters(error: Exception, account: Account) -> None:
    """Note parameters that make no sense."""
    account.find(
        "receipt-parameters",
        f"the parameters cannot be understood: {type(error).__name__}: {quoted(str(error))}.",
    )
    account.unchecked("content", "the parameters cannot be understood")


def _is_same(said: Any, true: Any) -> bool:
    """Return whether two values are equal and of one kind: 1 is not true, and not 1.0."""
    return type(said) is type(true) and bool(said == true)


def _flat(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return an account with the figures of its bases by name, such as ``bases.0.units``."""
    flat = {name: value for name, value in content.items() if name != "bases"}
    bases = content.get("bases", [])
    if not isinstance(bases, list) or not all(isinstance(one, dict) for one in bases):
        return {**flat, "bases": quoted(bases)}
    flat["bases"] = len(bases)
    for number, one in enumerate(bases):
        flat.update({f"bases.{number}.{name}": value for name, value in one.items()})
    return flat


def _difference(said: Any, true: Any) -> dict[str, Any]:
    """Return what differs between two values, lists and tables by their first difference."""
    if isinstance(said, dict) and isinstance(true, dict):
        names = sorted(n for n in said.keys() | true.keys() if said.get(n) != true.get(n))
        return {"entry": names[0], **_difference(said.get(names[0]), true.get(names[0]))}
    if isinstance(said, list) and isinstance(true, list):
        most = max(len(said), len(true))
        pairs = [(said[n : n + 1], true[n : n + 1]) for n in range(most)]
        at = next(n for n, (one, other) in enumerate(pairs) if one != other)
        return {
            "place": at,
            "receipt": (pairs[at][0] or [None])[0],
            "data": (pairs[at][1] or [None])[0],
        }
    return {"receipt": said, "data": true}
