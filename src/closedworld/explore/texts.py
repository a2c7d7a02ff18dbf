"""What stands around the map: its title, choices, legend and table of countries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from closedworld.explore.contents import Contents, Shown
from closedworld.sanitize import number_of, one_line


def texts_of(contents: Contents, worlds: Sequence[Shown]) -> dict[str, Any]:
    """Return the variables of the page's template but for its style, script and data.

    Args:
        contents: The data of the page.
        worlds: The world, and the one beside it if there is one.
    """
    data = contents.data
    words = data["countries"]["words"]
    index = worlds[0].index
    tiles = sum(own.tile_count for own in index.spans.values())
    homes = data.get("homes")
    return {
        "title": one_line(index.published.output.name),
        "lead": (
            f"{number_of(tiles, 'tile', 'tiles')} of {number_of(len(index.spans), *words)} · "
            f"{index.grid.cell_width * 3600:.5g} arc-seconds · rule {index.rule.value}"
        ),
        "words": words,
        "worlds": [_label(one) for one in worlds],
        "weights": _weight_texts(data),
        "groups": [
            (number, one_line(name), count) for number, name, count in _of(data, "sites", "groups")
        ],
        "homes": number_of(homes["count"], "card", "cards") if homes else "",
        "cards": len(_of(data, "lives", "names")),
        **_table(data, worlds),
    }


def _of(data: dict[str, Any], part: str, name: str) -> Sequence[Any]:
    """Return what a part of the data has; empty without that part."""
    found: Sequence[Any] = data.get(part, {}).get(name, ())
    return found


def _label(world: Shown) -> str:
    index = world.index
    name = one_line(index.published.output.name)
    return f"{name} ({index.rule.value}, {index.parameter_hash[:8]})"


def _weight_texts(data: dict[str, Any]) -> dict[str, Any] | None:
    weights = next((one for one in data["weights"] if one), None)
    if weights is None:
        return None
    one, many = data["countries"]["words"]
    block = weights["overview"]["block"]
    cells = len({iso for own in data["weights"] if own for iso in own["cells"]})
    unit = "People" if weights["is_people"] else f"Share of the {one}'s weight"
    by = "" if weights["is_people"] else f", by {weights['basis']}"
    blocks = "single tiles" if block == 1 else f"means of {block} by {block} tiles"
    near = f"; zoomed in, single tiles of {number_of(cells, one, many)}" if cells else ""
    return {
        "word": "people" if weights["is_people"] else "weight",
        "text": f"{unit} per km²{by}: {blocks}{near}. What is beyond the scale has its last colour.",
        "both": len(data["weights"]) > 1 and all(data["weights"]),
        "ticks": weights["overview"]["ticks"],
    }


def _table(data: dict[str, Any], worlds: Sequence[Shown]) -> dict[str, Any]:
    """Return the names of the columns of numbers, and the rows."""
    sides = ("", " in B")
    codes, names = data["countries"]["codes"], data["countries"]["names"]
    columns = [f"Tiles{side}" for side, _ in zip(sides, worlds, strict=False)]
    spans = [one.index.spans for one in worlds]
    values = [[own[iso].tile_count if iso in own else 0 for own in spans] for iso in codes]
    for side, weights in zip(sides, data["weights"], strict=False):
        if weights is None or not weights["is_people"]:
            continue
        columns.append(f"People{side}")
        for own, scale in zip(values, weights["scales"], strict=True):
            own.append(scale * weights["total"])
    return {"columns": columns, "rows": list(zip(codes, names, values, strict=True))}
