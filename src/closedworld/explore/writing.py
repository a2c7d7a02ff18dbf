"""Writing the page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from closedworld.explore.contents import BUDGET, Contents, Shown, contents_of
from closedworld.explore.texts import texts_of
from closedworld.sanitize import byte_size
from closedworld.store.atomic import replace_file
from closedworld.store.durable import writing_to

MODULES = (
    "codec", "grid", "tiles", "view", "colours", "facts", "raster", "painter", "borders", "points", "lives", "csv", "dom", "places", "search", "gestures", "scene", "page",
)  # fmt: skip
"""Modules of the script, each after those it imports."""

_LONGEST_NOTE = 500
"""Bytes."""

_LINKS = re.compile(r"^import .*?;\n|^export ", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class MapPage:
    """The map of a world as an HTML page, shown by notebooks.

    Attributes:
        html: The page, complete in itself.
        notes: One sentence for each thing that was left out.
    """

    html: str
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<MapPage: HTML of {byte_size(len(self.html.encode()))}>"

    def _repr_html_(self) -> str:
        frame = "width: 100%; height: 640px; border: 0"
        return (
            f'<iframe title="Map of a world" style="{frame}" srcdoc="{escape(self.html)}"></iframe>'
        )

    def save(self, path: Path | str) -> None:
        """Write the page to a file; replaced if there.

        Raises:
            PublishError: ``output-not-writable``.
        """
        path = Path(path)
        with writing_to(path):
            replace_file(path, self.html)


def map_page(
    world: Shown,
    *,
    beside: Shown | None = None,
    chosen: Sequence[str] | None = None,
    budget: int = BUDGET,
) -> MapPage:
    """Return the map of a world.

    Args:
        world: The world.
        beside: Another world on the same grid, to compare.
        chosen: Codes of the countries whose tiles keep their weights; None for as many as fit, the smallest first.
        budget: Bytes of the page without points at most; tiles, borders and the picture of weights are
            always there.

    Raises:
        ConfigError: ``grids-differ``, ``weights-missing``.
        IntegrityError: The files differ from their receipts.
    """
    worlds = [one for one in (world, beside) if one is not None]
    # A sentence on what was left out comes last.
    room = budget - _LONGEST_NOTE
    contents = contents_of(
        world, beside, chosen, budget, lambda so_far: room - len(_html(so_far, worlds).encode())
    )
    return MapPage(_html(contents, worlds), tuple(contents.notes))


def _html(contents: Contents, worlds: Sequence[Shown]) -> str:
    style, script = own_style(), assembled_script()
    # Within a script element, only a "<" could end it.
    data = json.dumps(contents.data).replace("<", "\\u003c")
    template = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(_own("page.html"))
    return template.render(
        **texts_of(contents, worlds),
        notes=contents.notes,
        policy=policy_of([style], [script]),
        style=Markup(style),  # noqa: S704 -- our own files, and JSON without a "<"
        script=Markup(script),  # noqa: S704
        data=Markup(data),  # noqa: S704
    )


def policy_of(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return a content security policy: a page's own styles, scripts and pictures, nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            " ".join(["style-src", *map(_digest, styles)]),
            " ".join(["script-src", *map(_digest, scripts)]),
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def own_style() -> str:
    """Return the style of the page."""
    return _own("page.css")


def assembled_script() -> str:
    """Return the modules as one script: one after another, without what links them."""
    return "".join(_LINKS.sub("", _own(f"{name}.js")) for name in MODULES)


def _own(name: str) -> str:
    return (files("closedworld.explore") / "page" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Return the SHA-256 of an inline text as the policy states it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
