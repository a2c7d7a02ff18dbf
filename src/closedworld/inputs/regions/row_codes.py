"""Codes of rows: which country or region each is, and which rows are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from closedworld.errors import InputError
from closedworld.inputs.regions.country_codes import (
    CODE,
    CODE_WORDS,
    country_of,
    name_of,
    refuse_unknown,
    wanted_codes,
)
from closedworld.inputs.regions.country_set import Note
from closedworld.inputs.regions.problems import Problem, RowLabel
from closedworld.inputs.regions.read_options import ReadOptions
from closedworld.inputs.regions.rows import RowChecks
from closedworld.sanitize import one_line, quoted


@dataclass(slots=True)
class RowCodes:
    """The codes and names of all rows as given.

    Attributes:
        codes: Codes.
        names: Names, or anything else for none.
        options: How to read them.
        hint: What to do about a row without a code.
    """

    codes: Sequence[object]
    names: Sequence[object]
    options: ReadOptions
    hint: str = ""

    @property
    def is_wrong_column(self) -> bool:
        """Whether no row has a code, of two or more; then one line says so, not one for each row."""
        return (
            len(self.codes) > 1
            and not self.options.skip_unknown_codes
            and not any(map(self._code_of, self.codes))
        )

    def label(self, rows: RowChecks) -> list[int]:
        """Label the rows that are wanted; return their offsets, ascending.

        Raises:
            ConfigError: ``country-unknown``.
        """
        labels = [
            RowLabel(row, self._code_of(code) or "", name if isinstance(name, str) else "")
            for row, (code, name) in enumerate(zip(self.codes, self.names, strict=True), start=1)
        ]
        keep = []
        wanted, unwanted = self._selection(labels)
        mapped: dict[str, Note] = {}
        for at, label in enumerate(labels):
            if label.iso in unwanted or (wanted and label.iso not in wanted):
                continue
            if not label.iso and not self._admits(label, self.codes[at], rows):
                continue
            other = None if self.options.any_codes else country_of(self.codes[at])[1]
            if other is not None:
                message = f"{other} is taken for {label.iso} ({name_of(label.iso)})."
                mapped[other] = Note("mapped", label.iso, message)
            keep.append(at)
            rows.labels.append(label)
        rows.notes += mapped.values()
        if self.options.any_codes:
            rows.problems += _differing_in_case([label.iso for label in rows.labels])
        return keep

    def _code_of(self, value: object) -> str | None:
        if not self.options.any_codes:
            return country_of(value)[0]
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        text = value.strip() if isinstance(value, str) else ""
        return text if CODE.fullmatch(text) else None

    def _admits(self, label: RowLabel, code: object, rows: RowChecks) -> bool:
        """Report a row without a code; return whether it stays, so that its geometry is checked, too."""
        if self.options.any_codes:
            what = f"has the code {quoted(code)}, which cannot name files."
            error, hint = "code-unusable", f"Codes are {CODE_WORDS}."
        else:
            what = f"has the code {quoted(code)}, which is not in ISO 3166-1."
            error, hint = "code-unknown", self.hint
        if self.options.skip_unknown_codes or self.options.skip_bad_rows:
            rows.notes.append(Note("skipped", "", f"{label} {what}", (("row", label.row),)))
            return False
        rows.problems.append(Problem.of_row(InputError, error, label, what, hint))
        return True

    def _selection(self, labels: Sequence[RowLabel]) -> tuple[set[str], set[str]]:
        """Return the codes to read, none for all, and those to leave out."""
        countries, others = self.options.countries, self.options.except_countries
        if not countries and not others:
            return set(), set()
        known = {label.iso: self._name(label) for label in labels if label.iso}
        sets = []
        for asked in (countries, others):
            wanted = wanted_codes(asked, known) if asked else {}
            refuse_unknown(wanted, dict(sorted(known.items())))
            sets.append(set(wanted))
        return sets[0], sets[1]

    def _name(self, label: RowLabel) -> str:
        name = one_line(label.name)
        return name or (label.iso if self.options.any_codes else name_of(label.iso))


def _differing_in_case(codes: Sequence[str]) -> list[Problem]:
    """Return the problem of codes that differ in letter case alone: some file systems see one name."""
    first: dict[str, str] = {}
    twice = {
        f"{first[code.casefold()]} and {code}"
        for code in codes
        if first.setdefault(code.casefold(), code) != code
    }
    if not twice:
        return []
    return [
        Problem(
            InputError,
            "code-unusable",
            f"codes differ in letter case alone: {'; '.join(sorted(twice)[:5])}.",
            "Write each code in one way.",
        )
    ]
