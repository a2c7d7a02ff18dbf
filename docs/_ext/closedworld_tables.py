"""Directives that draw tables of the reference from the code: schemas, error codes, warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from closedworld.datasets import DATASETS, TILE_INDEX_WITH_COVERAGE
from closedworld.errors.codes import ERROR_CODES, WARNING_CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sphinx.application import Sphinx

    from closedworld.datasets import Dataset


class TableDirective(SphinxDirective):
    """Builds tables whose cells are Markdown."""

    def table(
        self, widths: Sequence[int], head: Sequence[str], rows: Iterable[Sequence[str]]
    ) -> nodes.table:
        """Return a table.

        Args:
            widths: Share of each column.
            head: Names of the columns.
            rows: Cells of each row, in Markdown.
        """
        table = nodes.table(classes=["generated"])
        group = nodes.tgroup(cols=len(head))
        group += [nodes.colspec(colwidth=width) for width in widths]
        header = nodes.thead()
        header += self._row(head)
        body = nodes.tbody()
        body += [self._row(row) for row in rows]
        group += [header, body]
        table += group
        return table

    def _row(self, cells: Sequence[str]) -> nodes.row:
        row = nodes.row()
        for cell in cells:
            entry = nodes.entry()
            self.state.nested_parse(StringList([cell], self.env.docname), 0, entry)
            row += entry
        return row


class DatasetDirective(TableDirective):
    """The columns of a dataset, from its schema."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {"coverage": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the table and a line on the order of its rows."""
        with_coverage = "coverage" in self.options
        dataset = TILE_INDEX_WITH_COVERAGE if with_coverage else DATASETS[self.arguments[0]]
        rows = [
            (f"`{one.name}`", f"{one.type}{' or missing' * one.nullable}", one.meaning)
            for one in dataset.columns
        ]
        order = nodes.container()
        self.state.nested_parse(StringList([_order_of(dataset)], self.env.docname), 0, order)
        return [self.table((22, 10, 68), ("column", "type", "meaning"), rows), order]


def _order_of(dataset: Dataset) -> str:
    """Return how the rows of a dataset are sorted."""
    names = ", ".join(f"`{name}`" for name in dataset.key)
    return f"Rows are sorted by {names}, and unique on these columns."


class ErrorCodesDirective(TableDirective):
    """The codes of errors, by what a caller would do."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table of one branch of the errors."""
        (codes,) = (
            codes for branch, codes in ERROR_CODES.items() if branch.__name__ == self.arguments[0]
        )
        return [self.table((30, 70), ("code", "meaning"), _code_rows(codes))]


class WarningCodesDirective(TableDirective):
    """The codes of warnings."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        return [self.table((30, 70), ("code", "meaning"), _code_rows(WARNING_CODES))]


def _code_rows(codes: dict[str, str]) -> list[tuple[str, str]]:
    return [(f"`{code}`", meaning) for code, meaning in sorted(codes.items())]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_directive("dataset", DatasetDirective)
    app.add_directive("error-codes", ErrorCodesDirective)
    app.add_directive("warning-codes", WarningCodesDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
