"""The polygons that a published world was built from."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from closedworld.datasets.parameters import TileParameters
from closedworld.errors import ConfigError
from closedworld.inputs.loading import BUNDLED_COUNTRIES
from closedworld.inputs.reference.registry import verify_bundled
from closedworld.inputs.regions.country_reading import read_countries
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.store.reading import Published


@cache
def bundled_countries() -> CountrySet:
    """Return the bundled countries, read once: a process that verifies many worlds asks for them each time."""
    return read_countries(verify_bundled(BUNDLED_COUNTRIES).path)


def polygons_of(published: Published, countries: CountrySet | Path | str | None) -> CountrySet:
    """Return the countries of an index, checked to be the ones that it was built from, and valid.

    A published world holds no polygons, only their digest.

    Args:
        published: The tile index.
        countries: The polygons, or their file; None for the bundled ones.

    Raises:
        ConfigError: ``polygons-differ``, or as ``read_countries``.
    """
    parameters = published.parameters(TileParameters)
    which = "these polygons" if countries is not None else "the bundled polygons"
    if countries is None:
        countries = bundled_countries()
    if isinstance(countries, Path | str):
        countries = read_countries(countries, regions=parameters.regions)
    if all(iso in countries for iso in parameters.countries):
        selected = countries.select(parameters.countries)
        if selected.polygons_sha256() == parameters.polygons_sha256:
            # What codes mean is the world's own.
            return replace(selected.made_valid(), regions=parameters.regions)
    raise ConfigError(
        "polygons-differ",
        f"{published.folder} was not built from {which}.",
        "Give the file that it was built from with --polygons, and the options it was read with.",
    )
