"""One exception tree. Branches follow what a caller would do next; codes are stable.

=============== ======================================================== =========
branch          what the caller does                                     exit code
=============== ======================================================== =========
ConfigError     change the command, the option or the run file           2
InputError      mend or replace an input file                            3
PublishError    free, move or choose another output place                4
IntegrityError  stop trusting the data, rebuild or restore it            5
UnitError       look at the named country and part; the run was given up 6
AcceptanceError give the run less to do at once, or loosen its limits    7
FetchError      look at the network or the address, then fetch again     8
=============== ======================================================== =========

A code (``"crs-missing"``) never changes its meaning between versions, a message may.
"""

from __future__ import annotations

from typing import ClassVar


class ClosedWorldError(Exception):
    """Base of all errors that closedworld raises on purpose.

    Args:
        code: Stable short name of the failure, lower case with hyphens.
        message: What is wrong and where, with the values.
        hint: What to do about it; empty when nothing can be advised.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        hint = f" {self.hint}" if self.hint else ""
        return f"[{self.code}] {self.message}{hint}"


class ConfigError(ClosedWorldError):
    """An option, argument or run file cannot be used as it is."""

    exit_code = 2


class InputError(ClosedWorldError):
    """An input file is missing, unreadable or breaks a rule that the product needs."""

    exit_code = 3


class GeometryError(InputError):
    """A polygon is invalid, empty or out of range; the message names country and place."""


class GridError(InputError):
    """A raster or a resolution does not give a north-up geographic WGS 84 grid."""


class PublishError(ClosedWorldError):
    """A result cannot be written or made visible."""

    exit_code = 4


class IntegrityError(ClosedWorldError):
    """Published data differs from its receipt, or has none."""

    exit_code = 5


class UnitError(ClosedWorldError):
    """A unit of work failed; the message names its country and part."""

    exit_code = 6


class AcceptanceError(ClosedWorldError):
    """A run did not keep its limits of memory, disk or files; what it published is whole."""

    exit_code = 7


class FetchError(ClosedWorldError):
    """A public file cannot be downloaded now; what has come of it is kept and taken up again."""

    exit_code = 8
