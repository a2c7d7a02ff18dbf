"""Writing the page."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from closedworld.errors import IntegrityError
from closedworld.html_report.account import read_account
from closedworld.html_report.contents import contents_of
from closedworld.html_report.figures import FILTERS
from closedworld.html_report.finding import find_report
from closedworld.html_report.pictures import draw_all
from closedworld.sanitize import one_line
from closedworld.store.atomic import replace_file
from closedworld.store.durable import not_writable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from closedworld.html_report.account import Account
    from closedworld.html_report.pictures import Pictures

PAGE_NAME = "report.html"

_TEMPLATES = "templates"


def write_page(
    run: Path | str, out: Path | str | None = None, *, closeups: Sequence[str] | None = None
) -> Path:
    """Write the report page of a run and return its path.

    The page is one HTML file that holds its pictures, style and script. It asks no other computer for
    anything, and its own policy forbids it to. The tiles are drawn from their runs, and their
    weights are read once, in batches.

    Args:
        run: Folder of a run's report or, for the newest report, the output folder of runs.
        out: Where the page goes; None for ``report.html`` in the folder of the report.
        closeups: Codes of the countries to show from near, none for none; None to choose some.

    Raises:
        ConfigError: ``path-missing``, ``report-missing``; ``country-unknown`` or
            ``closeup-off-grid`` for countries to show from near.
        IntegrityError: ``report-unreadable``, or what the run published is damaged.
        PublishError: ``output-not-writable``.
    """
    report = find_report(Path(run))
    account = read_account(report)
    pictures = draw_all(account, report, closeups)
    path = report / PAGE_NAME if out is None else Path(out)
    try:
        replace_file(path, render(account, pictures))
    except OSError as error:
        raise not_writable(path, error) from error
    return path


def render(account: Account, pictures: Pictures) -> str:
    """Return the page of a run as HTML.

    Raises:
        IntegrityError: ``report-unreadable``, when figures of the report are none.
    """
    environment = Environment(
        loader=PackageLoader("closedworld.html_report", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    style, script = _own("page.css"), _own("page.js")
    try:
        contents = contents_of(account, pictures)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IntegrityError(
            "report-unreadable",
            f"the report of run {account.run_id} has figures that are none: "
            f"{type(error).__name__}: {one_line(str(error), 200)}.",
            "Give a report that `closedworld run` has written and nobody has changed.",
        ) from error
    return environment.get_template("page.html.j2").render(
        **contents, style=style, script=script, policy=_policy(style, script)
    )


def _own(name: str) -> Markup:
    """Return a file of the package that goes into the page as it is."""
    text = (files("closedworld.html_report") / _TEMPLATES / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 -- our own file, nothing of a run is in it


def _policy(style: str, script: str) -> str:
    """Return the page's policy: its own style, script and pictures, and nothing else at all."""
    return "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src {_digest(style)}",
            f"script-src {_digest(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    """Return SHA-256 of an inline text as a policy has it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
