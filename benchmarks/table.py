"""Printing Markdown: tables row by row, as soon as each row is measured."""

from __future__ import annotations


def section(title: str, text: str = "") -> None:
    """Print a heading and what stands under it."""
    print(f"\n## {title}\n")
    if text:
        print(f"{text.strip()}\n", flush=True)


def head(*columns: str) -> None:
    """Print the head of a table; the first column is text, the others are figures."""
    row(*columns)
    row("---", *("---:" for _ in columns[1:]))


def row(*cells: str) -> None:
    """Print a row of the table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def against_peer() -> None:
    """Print the head of the tables that set closedworld against one peer and a goal."""
    row("what", "peer", "closedworld", "peer", "ratio", "goal")
    row("---", "---", "---:", "---:", "---:", "---:")
