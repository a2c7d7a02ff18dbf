"""The names of the inclusion and fill rules, for whoever must know them before any array is made."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from closedworld.errors import ConfigError

E = TypeVar("E", bound=StrEnum)


class Rule(StrEnum):
    """When a tile belongs to a polygon.

    ``CENTER``: its centre lies in the polygon; on the outer boundary is in, on a hole's boundary is
    out. ``ANY_OVERLAP``: it shares an area greater than zero with the polygon.
    """

    CENTER = "center"
    ANY_OVERLAP = "any_overlap"

    @classmethod
    def parse(cls, name: str) -> Rule:
        """Return the rule of that name.

        Raises:
            ConfigError: ``rule-unknown``.
        """
        return _named(cls, name, "rule-unknown", "inclusion rule")


class Fill(StrEnum):
    """What the rings of a polygon enclose where they cross or overlap.

    ``EVENODD``: points from which a ray crosses the rings of a feature an odd number of times; where two polygons
    of a multipolygon overlap is outside. ``NONZERO``: points that the outer ring of a polygon winds round
    and none of its holes does; overlapping polygons are united. Valid polygons enclose the same by both.
    """

    EVENODD = "evenodd"
    NONZERO = "nonzero"

    @classmethod
    def parse(cls, name: str) -> Fill:
        """Return the fill rule of that name.

        Raises:
            ConfigError: ``fill-unknown``.
        """
        return _named(cls, name, "fill-unknown", "fill rule")


def _named(kind: type[E], name: str, code: str, what: str) -> E:
    try:
        return kind(name)
    except ValueError:
        names = " or ".join(one.value for one in kind)
        raise ConfigError(code, f"there is no {what} {name!r}.", f"Take {names}.") from None
