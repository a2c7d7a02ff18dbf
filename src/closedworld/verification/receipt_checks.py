"""What a receipt states about its content, against what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from closedworld.datasets import TILE_WEIGHTS
from closedworld.datasets.parameters import Parameters
from closedworld.errors import GridError
from closedworld.sanitize import quoted
from closedworld.store.reading import Published
from closedworld.store.receipt import Receipt
from closedworld.verification.findings import Findings

P = TypeVar("P", bound=Parameters)

PARAMETER_ERRORS = (KeyError, TypeError, ValueError, OverflowError, GridError)
"""What parameters that make no sense raise when they are read."""


def check_totals(receipt: Receipt, totals: Mapping[str, Any], findings: Findings) -> None:
    """Find totals of the receipt that differ from what is there: counts, and lists of codes."""
    for name, true in totals.items():
        stated: Any = receipt.totals.get(name)
        if not _is_same(stated, true):
            shown = f"{true:,}" if isinstance(true, int) else quoted(true)
            findings.add(
                "receipt-total",
                f"{name} is {shown}; the receipt says {quoted(stated)}.",
                example=_difference(stated, true),
            )
    findings.add_check("totals of the receipt", len(totals), "totals")


def check_summaries(
    receipt: Receipt, summaries: Mapping[str, dict[str, Any]], findings: Findings
) -> None:
    """Find summaries of countries in the receipt that are not those of the weights.

    Args:
        receipt: The receipt of weights.
        summaries: What was worked out, by country; a figure that could not be is None.
        findings: Where findings go.
    """
    stated: Any = receipt.totals.get("summaries")
    if not isinstance(stated, list) or not all(isinstance(one, dict) for one in stated):
        message = f"summaries is not a list of summaries, but {quoted(stated)}."
        findings.add("receipt-summary", message, TILE_WEIGHTS.name)
        return
    isos = [str(one.get("country_iso")) for one in stated]
    if isos != sorted(summaries):
        findings.add(
            "receipt-summary",
            "summaries does not have each country with weights once, in order.",
            TILE_WEIGHTS.name,
            example=_difference(isos, sorted(summaries)),
        )
    figures = 0
    for iso, one in zip(isos, stated, strict=True):
        true, own = _flat(summaries.get(iso, {})), _flat(one)
        known = {name: value for name, value in true.items() if value is not None}
        figures += len(known)
        for name in [*known, *(own.keys() - true.keys())]:
            if name not in known or not _is_same(own.get(name), known[name]):
                value = known.get(name, "not a known figure")
                findings.add(
                    "receipt-summary",
                    f"{quoted(name)} is {value}; the receipt says {quoted(own.get(name))}.",
                    TILE_WEIGHTS.name,
                    iso,
                    example={"figure": name, "receipt": own.get(name), "data": known.get(name)},
                )
    findings.add_check("summaries of the countries in the receipt", figures, "figures")


def read_parameters(
    published: Published, kind: type[P], findings: Findings, check: Callable[[P], object] = repr
) -> P | None:
    """Return the parameters of a result; None, with a finding, when they make no sense.

    Args:
        published: The result.
        kind: Their type.
        findings: Where findings go.
        check: Raises when values that have the right types make no sense all the same.
    """
    try:
        parameters = kind.from_dict(published.receipt.parameters)
        check(parameters)
    except PARAMETER_ERRORS as error:
        findings.add(
            "receipt-parameters",
            f"the parameters cannot be parsed: {type(error).__name__}: {quoted(str(error))}.",
        )
        findings.add_unchecked("content", "the parameters cannot be parsed")
        return None
    return parameters


def _is_same(stated: Any, true: Any) -> bool:
    # 1 is not True, and not 1.0.
    return type(stated) is type(true) and bool(stated == true)


def _flat(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary with the figures of its bases by name, such as ``bases.0.units``."""
    flat = {name: value for name, value in content.items() if name != "bases"}
    bases = content.get("bases", [])
    if not isinstance(bases, list) or not all(isinstance(one, dict) for one in bases):
        return {**flat, "bases": quoted(bases)}
    flat["bases"] = len(bases)
    for number, one in enumerate(bases):
        flat.update({f"bases.{number}.{name}": value for name, value in one.items()})
    return flat


def _difference(stated: Any, true: Any) -> dict[str, Any]:
    """Return where two values differ; of lists, the first difference."""
    if isinstance(stated, list) and isinstance(true, list):
        for at in range(max(len(stated), len(true))):
            one, other = stated[at : at + 1], true[at : at + 1]
            if one != other:
                return {"place": at, "receipt": (one or [None])[0], "data": (other or [None])[0]}
    return {"receipt": stated, "data": true}
