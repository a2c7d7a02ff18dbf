"""Dataclasses as JSON and back, checked on the way: a file may be of an older version or changed by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from closedworld.sanitize import quoted

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Return a dataclass, or what it holds, as JSON content."""
    if is_dataclass(value):
        return {one.name: to_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple):
        return [to_json(one) for one in value]
    return value.value if isinstance(value, Enum) else value


def from_json(kind: type[T], content: Mapping[str, Any]) -> T:
    """Return JSON content as a dataclass.

    Fields may be numbers, texts, enumerations, ``tuple[X, ...]``, ``dict[str, X]``, ``X | None``, ``Any``, or
    dataclasses in turn. Names without a field are ignored; fields without a value get their default.

    Raises:
        ValueError: A value is missing or of another type; the message names its field. Or as a dataclass that
            checks itself.
    """
    return cast("T", _value(kind, content, kind.__name__))


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(kind: Any, content: Any, name: str) -> Any:  # noqa: PLR0911 -- one case for each kind of type
    if kind is Any:
        return content
    if kind is float:
        return _finite(content, name)
    if get_origin(kind) is UnionType:
        (some,) = (one for one in get_args(kind) if one is not type(None))
        return None if content is None else _value(some, content, name)
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], one, name) for one in _expect(list, content, name))
    if get_origin(kind) is dict:
        kind_of_values = get_args(kind)[1]
        return {
            key: _value(kind_of_values, one, name)
            for key, one in _expect(dict, content, name).items()
        }
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(content)
    if is_dataclass(kind):
        return _dataclass(cast("type", kind), _expect(dict, content, name), name)
    return _expect(kind, content, name)


def _dataclass(kind: type, content: dict[str, Any], name: str) -> Any:
    types = _types(kind)
    values = {
        one.name: _value(types[one.name], content[one.name], one.name)
        for one in fields(kind)
        if one.name in content
    }
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{name} is incomplete: {error}") from error


def _expect(kind: type[T], content: Any, name: str) -> T:
    # By type and not by isinstance: to Python, true is an integer.
    if type(content) is not kind:
        raise ValueError(f"{name} is {quoted(content)}, not of type {kind.__name__}")
    return content


def _finite(content: Any, name: str) -> float:
    if type(content) not in {int, float} or not math.isfinite(content):
        raise ValueError(f"{name} is {quoted(content)}, not a number")
    return float(content)
