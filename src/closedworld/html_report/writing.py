"""Writing the page."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from closedworld.explore.writing import assembled_script, own_style, policy_of
from closedworld.html_report.contents import contents_of
from closedworld.html_report.figures import FILTERS, safe_text
from closedworld.html_report.finding import find_report
from closedworld.html_report.pictures import draw_all
from closedworld.run.record.report import read_record
from closedworld.store.atomic import replace_file, require_suffix
from closedworld.store.durable import writing_to

PAGE_NAME = "report.html"

_TEMPLATES = "templates"


def write_page(run: Path | str, out: Path | str | None = None) -> Path:
    """Write the report page of a run and return its path.

    The page is one HTML file with its pictures, style and script. It makes no network requests, and
    its own policy forbids them. Maps of tiles are drawn from runs; weights are read once, in batches.

    Args:
        run: Folder of a run's report or, for the newest report, the output folder of runs.
        out: File to write; None for ``report.html`` in the folder of the report.

    Raises:
        ConfigError: ``output-format``, ``path-missing``, ``report-missing``.
        IntegrityError: ``report-unreadable``, or a published result is damaged.
        PublishError: ``output-not-writable``.
    """
    if out is not None:
        require_suffix(Path(out), (".html", ".htm"))
    report = find_report(Path(run))
    record = read_record(report)
    contents = contents_of(record, report, draw_all(record, report))
    path = report / PAGE_NAME if out is None else Path(out)
    with writing_to(path):
        replace_file(path, render("page.html.j2", contents))
    return path


def render(template: str, contents: Mapping[str, Any]) -> str:
    """Return a page: a template with its contents, style, script and policy."""
    environment = Environment(
        loader=PackageLoader("closedworld.html_report", _TEMPLATES),
        autoescape=True,
        finalize=safe_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    style, script = _own("page.css"), _own("page.js")
    # The map inside the page has its own, which the policy of the page around it must allow.
    policy = policy_of([style, own_style()], [script, assembled_script()])
    return environment.get_template(template).render(
        **contents, style=style, script=script, policy=policy
    )


def _own(name: str) -> Markup:
    text = (files("closedworld.html_report") / _TEMPLATES / name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 -- our own file, nothing of a run is in it
