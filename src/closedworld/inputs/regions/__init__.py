"""Countries: reading polygons, ISO codes, validity, and the antimeridian."""

from closedworld.inputs.regions.files import input_files
from closedworld.inputs.regions.model import Country, CountrySet, Note
from closedworld.inputs.regions.problems import CountryCheck, Problem
from closedworld.inputs.regions.reading import (
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
