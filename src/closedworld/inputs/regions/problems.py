"""The problems of a file of countries, listed or raised."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from closedworld.errors import ClosedWorldError, ConfigError, GeometryError, InputError
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.sanitize import one_line, quoted

_LISTED_PROBLEMS = 10
_LISTED_HINTS = 4


@dataclass(frozen=True, slots=True)
class RowLabel:
    """How a row of the file is named in a message.

    Attributes:
        row: Row in the file, counted from 1.
        iso: Alpha-2 code; empty when the row has none.
        name: Name as the file gives it, not yet safe to show; empty when there is none.
    """

    row: int
    iso: str
    name: str

    def __str__(self) -> str:
        name = f" {quoted(one_line(self.name))}" if self.name.strip() else ""
        return f"{self.iso}{name} (row {self.row})" if self.iso else f"row {self.row}{name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that makes a file unusable.

    Attributes:
        branch: Class of the error to raise.
        code: Stable code of the error.
        message: What and where, without the name of the file.
        hint: What to do about it.
        row: Row of the file, counted from 1; 0 when it is about the file as a whole.
        iso: Alpha-2 code of the row; empty when it has none.
    """

    branch: type[ClosedWorldError]
    code: str
    message: str
    hint: str = ""
    row: int = 0
    iso: str = ""

    @classmethod
    def of_row(
        cls, branch: type[ClosedWorldError], code: str, label: RowLabel, what: str, hint: str
    ) -> Problem:
        """Return the problem ``what`` of the row named by ``label``."""
        return cls(branch, code, f"{label} {what}", hint, label.row, label.iso)


@dataclass(frozen=True, slots=True)
class CountryCheck:
    """The result of reading a file of countries.

    Attributes:
        source: Name of the file, for messages.
        n_rows: Rows in the file.
        code_column: Column of the codes; empty when the file could not be opened.
        name_column: Column of the names; empty when there is none.
        countries: The countries without a problem in any row, and the notes on the file.
        problems: In the order of the file's rows, those of the file as a whole first.
    """

    source: str
    n_rows: int = 0
    code_column: str = ""
    name_column: str = ""
    countries: CountrySet = field(default_factory=lambda: CountrySet(()))
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def require(self) -> CountrySet:
        """Return the countries, or raise the problems.

        Raises:
            ClosedWorldError: The problem if there is one; ``countries-unusable`` (or the code that
                all of them share) with a list when there are several. It is a ``GeometryError``
                when all are, a ``ConfigError`` when all are, else an ``InputError``.
        """
        if self.ok:
            return self.countries
        if len(self.problems) == 1:
            only = self.problems[0]
            # Whoever cannot find the file names it.
            named = only.code == "input-missing"
            raise only.branch(
                only.code, only.message if named else f"{self.source}: {only.message}", only.hint
            )
        branches = {problem.branch for problem in self.problems}
        branch = branches.pop() if len(branches) == 1 else InputError
        if branch not in (ConfigError, GeometryError):
            branch = InputError
        codes = {problem.code for problem in self.problems}
        lines = [f"  - [{one.code}] {one.message}" for one in self.problems[:_LISTED_PROBLEMS]]
        more = len(self.problems) - _LISTED_PROBLEMS
        lines += [f"  ... and {more} more."] if more > 0 else []
        hints = Counter(problem.hint for problem in self.problems if problem.hint)
        raise branch(
            codes.pop() if len(codes) == 1 else "countries-unusable",
            "\n".join([f"{self.source} has {len(self.problems)} problems:", *lines]),
            " ".join(hint for hint, _ in hints.most_common(_LISTED_HINTS)),
        )
