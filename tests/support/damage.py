"""Where damage was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedworld.verification import Finding


def places(findings: list[Finding]) -> set[tuple[str, str, str]]:
    return {(one.code, one.dataset, one.country_iso) for one in findings}
