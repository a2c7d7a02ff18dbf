"""The merchants and the cards that a configuration names: read, sealed and emitted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from closedworld.config.stage_options import (
    DEFAULT_CARDS,
    DEMO,
    DEMO_TOWNS,
    PeopleOptions,
    SiteOptions,
)
from closedworld.execution.events import Observer
from closedworld.inputs.cards import CardRequest, CardTable, card_counts_of, read_cards
from closedworld.inputs.loading import InputReading
from closedworld.inputs.merchants.demo import DEMO_PERSONS, demo_merchants
from closedworld.inputs.merchants.demo_towns import TOWNS_PATH, town_cards, town_merchants
from closedworld.inputs.merchants.table import MerchantTable, read_merchants
from closedworld.inputs.reference.registry import verify_bundled
from closedworld.sanitize import number_of


def merchant_file(options: SiteOptions) -> Path | None:
    """Return the file of the merchants; None for those of a demonstration."""
    path = options.merchants
    return None if path is None or _is_demo(path, DEMO, DEMO_TOWNS) else path


def load_merchants(
    options: SiteOptions, observer: Observer, own_codes: Sequence[str] | None
) -> MerchantTable:
    """Return the table of merchants that a configuration names, by default the demonstration's.

    Args:
        options: Which table.
        observer: Gets an event.
        own_codes: Codes of the regions of the world; None for countries.

    Raises:
        ConfigError: ``demo-regions``.
        InputError: As ``read_merchants``.
        IntegrityError: A bundled file was changed.
    """
    reading, path = InputReading("merchants", observer), options.merchants
    if path is not None and _is_demo(path, DEMO_TOWNS):
        merchants, file = town_merchants(own_codes), TOWNS_PATH
    elif path is None or _is_demo(path, DEMO):
        merchants, file = demo_merchants(own_codes), verify_bundled(DEMO_PERSONS).path
    else:
        merchants, file = read_merchants(path, own_codes=own_codes), path
    sites = number_of(merchants.site_count, "outlet", "outlets")
    which = "" if file == path else "the demonstration: "
    detail = f"{which}{sites} in {number_of(len(merchants.countries), 'country', 'countries')}"
    reading.emit([file], len(merchants.numbers), detail)
    return merchants


def card_file(options: PeopleOptions) -> Path | None:
    """Return the file of the cards; None for a number of them and for the demonstration's."""
    path = options.cards
    is_file = path is not None and not _is_demo(path, DEMO_TOWNS) and card_counts_of(path) is None
    return path if is_file else None


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
    reading, cards = InputReading("cards", observer), _card_table(path, own_codes)
    number = number_of(cards.count, "card", "cards")
    where = number_of(len(cards.countries), "country", "countries")
    file, which = (TOWNS_PATH, "the demonstration: ") if _is_demo(path, DEMO_TOWNS) else (path, "")
    reading.emit([file], cards.count, f"{which}{number} in {where}")
    return cards


def cards_at(path: Path) -> CardRequest:
    """Return the cards that ``--cards`` means, of countries; they are not emitted.

    Raises:
        ConfigError, InputError: As ``load_cards``.
    """
    return card_counts_of(path) or _card_table(path, None).settled(skip_unplaceable=False)


def _card_table(path: Path, own_codes: Sequence[str] | None) -> CardTable:
    is_demo = _is_demo(path, DEMO_TOWNS)
    return town_cards(own_codes) if is_demo else read_cards(path, own_codes=own_codes)


def _is_demo(path: Path, *names: str) -> bool:
    return path.name in names and not path.is_file()
