"""One exception tree. Classes follow what a caller does next; codes are stable.

=============== ======================================================== =========
class           what the caller does                                     exit code
=============== ======================================================== =========
ConfigError     change the command, the option or the run file           2
InputError      fix or replace an input file                             3
PublishError    free space or choose another output folder               4
IntegrityError  stop trusting the data, rebuild or restore it            5
UnitError       check the named country; the run has stopped             6
AcceptanceError use fewer workers, or loosen the limits                  7
FetchError      check the network or the address, then fetch again       8
=============== ======================================================== =========

The meaning of a code (``"crs-missing"``) never changes between versions; messages may.
"""

from __future__ import annotations

import shlex
import sys
from typing import ClassVar


class ClosedWorldError(Exception):
    """Base of all errors that closedworld raises on purpose.

    Args:
        code: Stable short name of the failure, lower case with hyphens.
        message: What is wrong and where, with the values.
        hint: What to do about it; may be empty.
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
    """An option, argument or run file cannot be used."""

    exit_code = 2


class InputError(ClosedWorldError):
    """An input file is missing, unreadable or not acceptable."""

    exit_code = 3


class GeometryError(InputError):
    """A polygon is invalid, empty or out of range; the message names the country and the point."""


class GridError(InputError):
    """A raster or a resolution does not define a north-up geographic WGS 84 grid."""


class PublishError(ClosedWorldError):
    """A result cannot be written or made visible."""

    exit_code = 4


class IntegrityError(ClosedWorldError):
    """Published data differs from its receipt or has none."""

    exit_code = 5


class UnitError(ClosedWorldError):
    """A task failed; the message names it."""

    exit_code = 6


class AcceptanceError(ClosedWorldError):
    """A run exceeded its limits of memory, disk or files; its published results are complete."""

    exit_code = 7


class FetchError(ClosedWorldError):
    """A public file cannot be downloaded at the moment; fetching it again resumes the download."""

    exit_code = 8


def install_hint(*packages: str) -> str:
    """Return how to install packages for the Python that runs: what works wherever closedworld came from."""
    return f"Install it: {shlex.join([sys.executable, '-m', 'pip', 'install', *packages])}"
