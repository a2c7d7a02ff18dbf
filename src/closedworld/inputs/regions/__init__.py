"""Countries: reading polygons, ISO codes, validity, and the antimeridian."""

from closedworld.inputs.regions.country_reading import (
    check_countries,
    countries_from_features,
    read_countries,
)
from closedworld.inputs.regions.country_set import Country, CountrySet
from closedworld.inputs.regions.problems import CountryCheck, Problem
from closedworld.inputs.regions.region_files import input_files

__all__ = [
    "Country",
    "CountryCheck",
    "CountrySet",
    "Problem",
    "check_countries",
    "countries_from_features",
    "input_files",
    "read_countries",
]
