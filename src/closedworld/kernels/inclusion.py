"""The names of the inclusion rules, for whoever must know them before any array is made."""

from __future__ import annotations

from enum import StrEnum

from closedworld.errors import ConfigError


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
        try:
            return cls(name)
        except ValueError:
            names = " or ".join(rule.value for rule in cls)
            raise ConfigError(
                "rule-unknown", f"there is no inclusion rule {name!r}.", f"Take {names}."
            ) from None
