"""The table of merchants that a configuration names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from closedworld.config.stage_options import DEMO, DEMO_TOWNS, SiteOptions
from closedworld.execution.events import Observer
from closedworld.inputs.input_reading import InputReading
from closedworld.inputs.merchants.demo import DEMO_PERSONS, demo_merchants
from closedworld.inputs.merchants.demo_towns import TOWNS_PATH, town_merchants
from closedworld.inputs.merchants.reading import read_merchants
from closedworld.inputs.merchants.table import MerchantTable
from closedworld.inputs.reference.registry import verify_bundled
from closedworld.sanitize import number_of


def merchant_file(options: SiteOptions) -> Path | None:
    """Return the file of the merchants; None for those of a demonstration."""
    path = options.merchants
    is_demo = path is None or (path.name in {DEMO, DEMO_TOWNS} and not path.is_file())
    return None if is_demo else path


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
    reading, path = InputReading("merchants", observer), merchant_file(options)
    if path is None and options.merchants is not None and options.merchants.name == DEMO_TOWNS:
        merchants, file = town_merchants(own_codes), TOWNS_PATH
    elif path is None:
        merchants, file = demo_merchants(own_codes), verify_bundled(DEMO_PERSONS).path
    else:
        merchants, file = read_merchants(path, own_codes=own_codes), path
    sites = number_of(merchants.site_count, "outlet", "outlets")
    which = "the demonstration: " if path is None else ""
    detail = f"{which}{sites} in {len(merchants.countries)} countries"
    reading.emit([file], len(merchants.numbers), detail)
    return merchants
