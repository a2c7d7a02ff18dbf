"""What weights are made from: one basis, or a mixture of several in a fixed ratio."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Self

from closedworld.errors import ConfigError
from closedworld.kernels.limits import MAX_DP
from closedworld.sanitize import quoted

_MOST_DIGITS = 18
_SHARE = re.compile(r"([0-9]+)(?:\.([0-9]+))?")


class Basis(StrEnum):
    """The definition of a tile's mass.

    ``uniform``: 1. ``area_m2``: its area, in whole square centimetres. ``population``: the raster's
    value, in whole micro-persons. ``populated``: 1 where that is above zero, so above half a
    micro-person, else 0.
    """

    UNIFORM = "uniform"
    AREA_M2 = "area_m2"
    POPULATION = "population"
    POPULATED = "populated"

    @property
    def needs_population(self) -> bool:
        """Whether the masses come from a population raster."""
        return self in {Basis.POPULATION, Basis.POPULATED}


@dataclass(frozen=True, slots=True)
class Mixture:
    """One or more bases, and the ratio in which a country's units are split between them.

    Attributes:
        parts: Bases with their shares as a reduced integer ratio, ordered by share (largest first), then name.
    """

    parts: tuple[tuple[Basis, int], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the mixture of a text such as ``population`` or ``population:0.9,area_m2:0.1``.

        Shares are decimal numbers in proportion to each other: 9 and 1 mean the same as 0.9 and 0.1.

        Raises:
            ConfigError: ``basis-syntax``, ``basis-unknown``, ``basis-share``, ``basis-twice``.
        """
        shares: dict[Basis, Fraction] = {}
        words = [word.strip() for word in text.split(",")]
        for word in words:
            name, colon, share = (piece.strip() for piece in word.partition(":"))
            if not name or (len(words) > 1 and not colon):
                raise ConfigError(
                    "basis-syntax",
                    f"{text!r} is not a basis or a mixture.",
                    "Write population, or population:0.9,area_m2:0.1 for a mixture.",
                )
            basis = _basis(name)
            if basis in shares:
                raise ConfigError("basis-twice", f"basis {name} stands twice in {text!r}.")
            shares[basis] = _share(share, text) if colon else Fraction(1)
        scale = math.lcm(*(share.denominator for share in shares.values()))
        whole = {basis: int(share * scale) for basis, share in shares.items()}
        divisor = math.gcd(*whole.values())
        ordered = sorted(whole.items(), key=lambda part: (-part[1], part[0].value))
        return cls(tuple((basis, share // divisor) for basis, share in ordered))

    @property
    def bases(self) -> tuple[Basis, ...]:
        """The bases, in order."""
        return tuple(basis for basis, _ in self.parts)

    @property
    def needs_population(self) -> bool:
        """Whether a population raster is needed."""
        return any(basis.needs_population for basis in self.bases)

    def units(self, dp: int) -> dict[Basis, int]:
        """Return how many of a country's ``10**dp`` units each basis apportions.

        They are split in this ratio by largest remainders; equal remainders go to the basis that comes first.

        Args:
            dp: Decimal places, 0..18.

        Raises:
            ConfigError: ``dp-range``.
            TypeError: dp is not an integer.
        """
        dp = operator.index(dp)
        if not 0 <= dp <= MAX_DP:
            raise ConfigError("dp-range", f"dp is {dp}; it must be 0 to {MAX_DP}.")
        whole = sum(share for _, share in self.parts)
        units = {basis: 10**dp * share // whole for basis, share in self.parts}
        missing = 10**dp - sum(units.values())
        # sorted() keeps the order of equal remainders.
        by_remainder = sorted(self.parts, key=lambda part: -(10**dp * part[1] % whole))
        for basis, _ in by_remainder[:missing]:
            units[basis] += 1
        return units

    def __str__(self) -> str:
        if len(self.parts) == 1:
            (basis,) = self.bases
            return basis.value
        return ",".join(f"{basis.value}:{share}" for basis, share in self.parts)


def basis_in_words(text: str) -> str:
    """Return a basis or mixture with shares that add up to 1, such as ``0.9 population + 0.1 area_m2``.

    Args:
        text: As a receipt holds it, such as ``population:9,area_m2:1``.

    Raises:
        ConfigError: As ``Mixture.parse``.
    """
    mixture = Mixture.parse(text)
    if len(mixture.parts) == 1:
        return str(mixture)
    whole = sum(share for _, share in mixture.parts)
    return " + ".join(
        f"{_in_digits(Fraction(share, whole))} {basis.value}" for basis, share in mixture.parts
    )


def _in_digits(share: Fraction) -> str:
    """Return a share as a decimal number where a few digits say it, as ``1/3`` elsewhere."""
    digits = f"{float(share):.6f}".rstrip("0")
    return digits if Fraction(digits) == share else str(share)


def _basis(name: str) -> Basis:
    try:
        return Basis(name)
    except ValueError:
        names = ", ".join(basis.value for basis in Basis)
        hint = "Basis settled is called populated now." if name == "settled" else f"Take {names}."
        raise ConfigError("basis-unknown", f"there is no basis {name!r}.", hint) from None


def _share(text: str, whole: str) -> Fraction:
    found = _SHARE.fullmatch(text)
    if found is not None and max(map(len, found.groups(default=""))) > _MOST_DIGITS:
        raise ConfigError(
            "basis-share",
            f"{quoted(text)} in a mixture has too many digits.",
            f"Write at most {_MOST_DIGITS} digits before the point and {_MOST_DIGITS} after it; shares "
            "count in proportion, so 1 and 3 say the same as 0.25 and 0.75.",
        )
    if found is None or Fraction(text) == 0:
        raise ConfigError(
            "basis-share",
            f"{text!r} in {whole!r} is not a share.",
            "Write a decimal number above zero, such as 0.9; leave a basis out instead of giving it 0.",
        )
    return Fraction(text)
