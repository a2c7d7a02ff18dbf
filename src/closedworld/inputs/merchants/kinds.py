"""Kinds of merchants: how the outlets of each lie, by merchant category code (MCC)."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from closedworld.inputs.reference.iso import DEVELOPED_COUNTRIES

GAMMA_STEPS = 8
"""Gamma is a multiple of 1/8, so that powers are square roots and products, the same on every machine."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How the outlets of a kind of merchant lie.

    Attributes:
        name: Such as ``pharmacy``.
        mccs: Its merchant category codes (ISO 18245), the first of which stands for the kind.
        gamma8: Eight times the power of density that outlets follow; 8 is by people alone.
        developing_gamma8: The same in developing countries.
        spaced: Whether outlets of one merchant keep apart.
        has_site: Whether outlets are on the map at all.
        evidence: What the numbers rest on.
    """

    name: str
    mccs: tuple[int, ...]
    gamma8: int
    developing_gamma8: int
    spaced: bool
    has_site: bool
    evidence: str

    def gamma8_in(self, countries: Collection[str]) -> int:
        """Return the power where these countries are, as many as a region lies in, by their alpha-2 codes."""
        is_developing = bool(countries) and DEVELOPED_COUNTRIES.isdisjoint(countries)
        return self.developing_gamma8 if is_developing else self.gamma8


@functools.cache
def merchant_kinds() -> Mapping[str, Kind]:
    """Return the bundled kinds by name, read once per process."""
    text = Path(__file__).with_name("kinds.toml").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            name: Kind(
                name,
                tuple(one["mccs"]),
                round(one["gamma"] * GAMMA_STEPS),
                round(one["gamma_developing"] * GAMMA_STEPS),
                one["spacing"] == "catchment",
                one.get("has_site", True),
                one["evidence"],
            )
            for name, one in tomllib.loads(text).items()
        }
    )


def kind_of_mcc(mcc: int) -> Kind | None:
    """Return the kind that has this merchant category code, or None."""
    return _by_mcc().get(mcc)


@functools.cache
def _by_mcc() -> Mapping[int, Kind]:
    return {mcc: kind for kind in merchant_kinds().values() for mcc in kind.mccs}
