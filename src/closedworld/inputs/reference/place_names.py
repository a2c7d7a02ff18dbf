"""A place by its name, as people type it."""

from __future__ import annotations

import difflib
import functools
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from closedworld.errors import InputError
from closedworld.inputs.reference.places import CACHED, CountryPlaces
from closedworld.sanitize import quoted

MUCH_LARGER = 20
"""A place with this many times the persons of all others of its name is meant without more words."""

_SHOWN = 6
# Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans({
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h", "ŧ": "t",
    "ə": "e",
})  # fmt: skip
_APOSTROPHES = frozenset("'`.\u2018\u2019\u02bb\u02bc")


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """One place.

    Attributes:
        index: The place in `CountryPlaces`.
        name: Its name in the bundled table.
        admin1: State, province or region; empty if unknown.
        lon: Degrees, -180..180.
        lat: Degrees.
        persons: Persons of the whole place.
        radius_km: Radius of its footprint.
    """

    index: int
    name: str
    admin1: str
    lon: float
    lat: float
    persons: int
    radius_km: float


def folded(name: str) -> str:
    """Return a name without case, marks and punctuation: ``São-Paulo`` becomes ``sao paulo``."""
    apart = unicodedata.normalize("NFKD", name.casefold()).translate(_LETTERS)
    kept = "".join(c for c in apart if not unicodedata.combining(c) and c not in _APOSTROPHES)
    return " ".join("".join(c if c.isalnum() else " " for c in kept).split())


@functools.lru_cache(maxsize=CACHED)
def _by_name(places: CountryPlaces) -> tuple[Mapping[str, list[int]], Mapping[str, list[int]]]:
    """Return places by their folded names, and by their folded other names, the largest first."""
    names, others = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
    for index, (name, other) in enumerate(
        zip(places.names.to_pylist(), places.other_names.to_pylist(), strict=True)
    ):
        names[folded(name)].append(index)
        for one in other.split("|") if other else ():
            others[one].append(index)
    return names, others


def _found(places: CountryPlaces, index: int) -> FoundPlace:
    return FoundPlace(
        index=index,
        name=places.names[index].as_py(),
        admin1=places.admin1[index].as_py(),
        lon=float(places.lons[index]),
        lat=float(places.lats[index]),
        persons=int(places.persons_listed[index]),
        radius_km=float(places.radius_km[index]),
    )


def _is_in(places: CountryPlaces, place: FoundPlace, admin1: str) -> bool:
    """Whether a folded admin1 is the code of the place's, or made of words of its name."""
    code = places.admin1_codes[place.index].as_py()
    words = set(admin1.split())
    return bool(words) and (admin1 == code.lower() or words <= set(folded(place.admin1).split()))


def _shown(places: list[FoundPlace]) -> str:
    lines = [
        f"{place.name}, {place.admin1 or 'no admin1'} ({place.persons:,} persons at {place.lon}, {place.lat})"
        for place in places[:_SHOWN]
    ]
    more = len(places) - _SHOWN
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def find_place(places: CountryPlaces, name: str, admin1: str | None = None) -> FoundPlace:
    """Return the place called ``name``, whatever its case, marks and punctuation.

    Other names, such as München for Munich, count if no place has the name itself; the bundled table has them, in
    Latin letters, for places of 15,000 persons and more. Of several places, one with at least 20 times the
    persons of every other is meant.

    Args:
        places: Places of the country or region.
        name: Name of the place.
        admin1: State, province or region, if there are several; ``Lodz`` does for ``Łódź Voivodeship``,
            ``IL`` for ``Illinois``.

    Raises:
        InputError: ``place-unknown``, ``place-ambiguous``.
    """
    wanted = folded(name)
    names, others = _by_name(places)
    same = [_found(places, i) for i in names.get(wanted, ()) or others.get(wanted, ())]
    if not same:
        close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.75)
        spelt = [_found(places, names[one][0]).name for one in close]
        hint = (
            f"Did you mean {' or '.join(spelt)}?"
            if spelt
            else "Give lon, lat and radius_km instead."
        )
        raise InputError(
            "place-unknown", f"{places.code} has no place called {quoted(name)}.", hint
        )
    found = same
    if admin1 is not None:
        found = [place for place in same if _is_in(places, place, folded(admin1))]
        if not found:
            raise InputError(
                "place-unknown",
                f"{places.code} has no place called {quoted(name)} in {quoted(admin1)}.",
                f"There is {_shown(same)}.",
            )
    if len(found) > 1 and found[0].persons < MUCH_LARGER * found[1].persons:
        hint = (
            "Give admin1"
            if len({place.admin1 for place in found}) > 1
            else "Give lon, lat and radius_km"
        )
        raise InputError(
            "place-ambiguous",
            f"{places.code} has {len(found)} places called {quoted(name)}: {_shown(found)}.",
            f"{hint} to say which.",
        )
    return found[0]
