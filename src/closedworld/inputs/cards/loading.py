"""The cards that a configuration names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from closedworld.config.stage_options import DEFAULT_CARDS, DEMO_TOWNS, PeopleOptions
from closedworld.execution.events import Observer
from closedworld.inputs.cards.reading import read_cards
from closedworld.inputs.cards.request import CardRequest, CardTable, card_counts_of
from closedworld.inputs.input_reading import InputReading
from closedworld.inputs.merchants.demo_towns import TOWNS_PATH, town_cards
from closedworld.sanitize import number_of


def card_file(options: PeopleOptions) -> Path | None:
    """Return the file of the cards; None for a number of them and for the demonstration's."""
    path = options.cards
    if path is None or _is_demo(path) or card_counts_of(path) is not None:
        return None
    return path


def load_cards(
    options: PeopleOptions, observer: Observer, own_codes: Sequence[str] | None = None
) -> CardRequest:
    """Return the cards that a configuration names, 10,000 by default.

    Args:
        options: Which cards.
        observer: Gets an event.
        own_codes: Codes of the regions of the world; None for countries.

    Raises:
        ConfigError: ``cards-number``, ``demo-regions``.
        InputError: As ``read_cards``.
    """
    path = options.cards or Path(DEFAULT_CARDS)
    counts = card_counts_of(path)
    if counts is not None:
        return counts
    reading = InputReading("cards", observer)
    cards = _table_at(path, own_codes)
    file = TOWNS_PATH if _is_demo(path) else path
    number = number_of(cards.count, "card", "cards")
    which = "the demonstration: " if _is_demo(path) else ""
    reading.emit([file], cards.count, f"{which}{number} in {len(cards.countries)} countries")
    return cards


def cards_at(path: Path) -> CardRequest:
    """Return the cards that ``--cards`` means, of countries; they are not emitted.

    Raises:
        ConfigError, InputError: As ``load_cards``.
    """
    return card_counts_of(path) or _table_at(path, None).settled(skip_unplaceable=False)


def _table_at(path: Path, own_codes: Sequence[str] | None) -> CardTable:
    return town_cards(own_codes) if _is_demo(path) else read_cards(path, own_codes=own_codes)


def _is_demo(path: Path) -> bool:
    return path.name == DEMO_TOWNS and not path.is_file()
