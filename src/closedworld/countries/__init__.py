"""Countries: reading polygons, ISO codes, validity, and the antimeridian."""

from closedworld.countries.files import input_files
from closedworld.countries.model import Country, CountrySet, Note
from closedworld.countries.problems import CountryCheck, Problem
from closedworld.countries.reading import (
    check_countries,
    countries_from_features,
    read_countries,
)

__all__ = [
    "Country",
    "CountryCheck",
    "CountrySet",
    "Note",
    "Problem",
    "check_countries",
    "countries_from_features",
    "input_files",
    "read_countries",
]
