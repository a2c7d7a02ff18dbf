"""What a verification reports: what it found, what it checked, and what it could not check."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from closedworld.sanitize import number_of


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem with published data.

    Attributes:
        code: Stable short name of the violated invariant, lower case with hyphens.
        dataset: Dataset it was found in; empty for the result as a whole.
        country_iso: Country it was found in; empty if it concerns no single country.
        message: What is wrong, with the number of rows and the values.
        example: The first affected row; empty if there is none.
        folder: The result it was found in.
    """

    code: str
    dataset: str
    country_iso: str
    message: str
    example: dict[str, Any] = field(default_factory=dict)
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """An invariant that was checked, whether it holds or not.

    Attributes:
        what: The invariant.
        count: How many things it was asked of.
        unit: What these are, such as ``rows``.
        folder: The result.
    """

    what: str
    count: int
    unit: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """An invariant that could not be checked, and why.

    Attributes:
        what: The invariant.
        reason: Why not, and what to do about it.
        folder: The result.
    """

    what: str
    reason: str
    folder: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome of a verification.

    Attributes:
        folders: The results that were verified.
        findings: At most one for each code, dataset and country of a result.
        notes: What agrees with the inputs and is doubtful all the same; no findings.
        checks: What was checked.
        not_checked: What was not checked, and why.
    """

    folders: tuple[str, ...]
    findings: tuple[Finding, ...]
    checks: tuple[Check, ...]
    not_checked: tuple[Unchecked, ...]
    notes: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        counts = f"{len(self.findings)} findings, {len(self.checks)} checks"
        return f"<Verification of {', '.join(self.folders)}: {counts}, {len(self.not_checked)} left out>"

    @property
    def ok(self) -> bool:
        """Whether there are no findings."""
        return not self.findings


class Findings:
    """Collects what is found, checked and left out in one result; findings of one kind become one.

    Args:
        folder: The result.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._findings: dict[tuple[str, str, str], Finding] = {}
        self._rows: dict[tuple[str, str, str], int] = {}
        self._others: dict[tuple[str, str, str], set[str]] = {}
        self._checks: dict[tuple[str, str], int] = {}
        self.notes: list[Finding] = []
        self._unchecked: dict[tuple[str, str], list[str]] = {}

    def add(
        self,
        code: str,
        message: str,
        dataset: str = "",
        country_iso: str = "",
        *,
        example: dict[str, Any] | None = None,
        rows: int = 0,
    ) -> None:
        """Add a finding; of several of one kind the first is reported, with the sum of their rows."""
        key = code, dataset, country_iso
        if key not in self._findings:
            self._findings[key] = Finding(
                code, dataset, country_iso, message, example or {}, self.folder
            )
        elif message != self._findings[key].message:
            self._others.setdefault(key, set()).add(message)
        self._rows[key] = self._rows.get(key, 0) + rows

    def add_note(self, code: str, message: str, country_iso: str = "") -> None:
        """Add something doubtful that agrees with the inputs."""
        self.notes.append(Finding(code, "", country_iso, message, folder=self.folder))

    def has_any(self, dataset: str, country_iso: str) -> bool:
        """Return whether anything is wrong with a country in a dataset."""
        return any(key[1:] == (dataset, country_iso) for key in self._findings)

    def has(self, code: str, dataset: str, country_iso: str) -> bool:
        """Return whether there is such a finding."""
        return (code, dataset, country_iso) in self._findings

    def add_check(self, what: str, count: int, unit: str) -> None:
        """Add a check of so many things to those of the same invariant."""
        self._checks[what, unit] = self._checks.get((what, unit), 0) + count

    def add_unchecked(self, what: str, reason: str, country_iso: str = "") -> None:
        """Add an invariant that was not checked; countries with the same reason are listed together."""
        self._unchecked.setdefault((what, reason), []).append(country_iso)

    def to_list(self) -> list[Finding]:
        """Return the findings in the order in which they were made, with the number of rows."""
        reported = []
        for key, finding in self._findings.items():
            message, rows = finding.message, self._rows[key]
            if rows:
                message = f"{number_of(rows, 'row', 'rows')}: {message}"
            elif others := len(self._others.get(key, ())):
                message = f"{message} And {others:,} more like it."
            reported.append(replace(finding, message=message))
        return reported

    def checks(self) -> list[Check]:
        """Return what was checked."""
        return [Check(what, n, unit, self.folder) for (what, unit), n in self._checks.items()]

    def not_checked(self) -> list[Unchecked]:
        """Return what was not checked."""
        return [
            Unchecked(what, _with_countries(reason, isos), self.folder)
            for (what, reason), isos in self._unchecked.items()
        ]


def _with_countries(reason: str, isos: list[str]) -> str:
    named = sorted({iso for iso in isos if iso})
    if not named:
        return reason
    more = f" and {len(named) - 10} more" if len(named) > 10 else ""  # noqa: PLR2004 -- fits a line
    return f"{reason} ({', '.join(named[:10])}{more})"
