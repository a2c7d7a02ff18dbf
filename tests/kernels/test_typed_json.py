"""JSON becomes dataclasses, or an error that names the field."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

import pytest

from closedworld.kernels.typed_json import from_json, to_json


@dataclass(frozen=True)
class Inner:
    count: int
    share: float | None = None


@dataclass(frozen=True)
class Outer:
    name: str
    is_new: bool
    inners: tuple[Inner, ...]
    by_name: dict[str, dict[str, float]]
    anything: Any = field(default_factory=dict)


WHOLE = Outer("x", True, (Inner(1), Inner(2, 0.5)), {"a": {"b": 1.0}}, [{"c": None}])  # noqa: FBT003


def test_what_was_written_is_read() -> None:
    assert from_json(Outer, json.loads(json.dumps(asdict(WHOLE)))) == WHOLE


def test_unknown_names_are_ignored_and_defaults_stand_for_missing_ones() -> None:
    content = {**asdict(WHOLE), "inners": [{"count": 3, "later": "?"}]}
    del content["anything"]
    read = from_json(Outer, content)
    assert (read.inners, read.anything) == ((Inner(3),), {})


def test_an_integer_is_a_real_number() -> None:
    share = from_json(Inner, {"count": 1, "share": 2}).share
    assert (share, type(share)) == (2.0, float)


@pytest.mark.parametrize(
    ("change", "field_name"),
    [
        ({"name": 5}, "name"),
        ({"is_new": 1}, "is_new"),
        ({"inners": {"count": 1}}, "inners"),
        ({"inners": [{"count": True}]}, "count"),
        ({"inners": [{"count": 1.0}]}, "count"),
        ({"inners": [{"count": 1, "share": "0.5"}]}, "share"),
        ({"inners": [{"count": 1, "share": float("nan")}]}, "share"),
        ({"inners": [{"count": 1, "share": float("inf")}]}, "share"),
        ({"inners": [{"share": 1}]}, "inners"),
        ({"by_name": []}, "by_name"),
        ({"by_name": {"a": 5}}, "by_name"),
    ],
)
def test_what_is_of_another_type_is_refused_by_name(
    change: dict[str, Any], field_name: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field_name} is "):
        from_json(Outer, {**asdict(WHOLE), "inners": [], **change})


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Painted:
    colours: tuple[Colour, ...]
    inner: Inner


def test_a_dataclass_becomes_json_and_back() -> None:
    painted = Painted((Colour.RED,), Inner(1))
    content = to_json(painted)
    assert content == {"colours": ["red"], "inner": {"count": 1, "share": None}}
    assert from_json(Painted, content) == painted
    with pytest.raises(ValueError, match="green"):
        from_json(Painted, {**content, "colours": ["green"]})
