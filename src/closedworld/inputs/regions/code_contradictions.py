"""Codes that look like those of countries and are not: DE is Delaware in a file of US states.

Postal codes of states and provinces are mostly codes of countries, too. What gives them away are the names: those
of the states of large federations whose two-letter codes people use without the country's.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from closedworld.errors import InputError
from closedworld.inputs.regions.country_codes import folded, name_of
from closedworld.inputs.regions.problems import Problem, RowLabel
from closedworld.sanitize import quoted

_SHOWN = 5
# Provinces of the world with the code of their country: Maryland is also one of Liberia, Montana one of Bulgaria.
_TOLERATED = 0.1

_STATES = {
    "US": "Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Georgia Hawaii Idaho "
    "Illinois Indiana Iowa Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi "
    "Missouri Montana Nebraska Nevada New_Hampshire New_Jersey New_Mexico New_York North_Carolina North_Dakota Ohio "
    "Oklahoma Oregon Pennsylvania Rhode_Island South_Carolina South_Dakota Tennessee Texas Utah Vermont Virginia "
    "Washington West_Virginia Wisconsin Wyoming District_of_Columbia",
    "CA": "Alberta British_Columbia Manitoba New_Brunswick Newfoundland_and_Labrador Nova_Scotia Nunavut Ontario "
    "Prince_Edward_Island Quebec Saskatchewan Yukon Northwest_Territories",
    "DE": "Baden-Württemberg Bayern Bavaria Berlin Brandenburg Bremen Hamburg Hessen Hesse Mecklenburg-Vorpommern "
    "Niedersachsen Lower_Saxony Nordrhein-Westfalen North_Rhine-Westphalia Rheinland-Pfalz Saarland Sachsen Saxony "
    "Sachsen-Anhalt Saxony-Anhalt Schleswig-Holstein Thüringen Thuringia",
    "CH": "Aargau Appenzell_Ausserrhoden Appenzell_Innerrhoden Basel-Landschaft Basel-Stadt Bern Fribourg Freiburg "
    "Genève Geneva Glarus Graubünden Jura Luzern Lucerne Neuchâtel Nidwalden Obwalden Schaffhausen Schwyz Solothurn "
    "St._Gallen Sankt_Gallen Thurgau Ticino Uri Valais Wallis Vaud Zug Zürich",
    "AT": "Burgenland Kärnten Carinthia Niederösterreich Lower_Austria Oberösterreich Upper_Austria Salzburg "
    "Steiermark Styria Tirol Tyrol Vorarlberg Wien Vienna",
    "BR": "Acre Alagoas Amapá Amazonas Bahia Ceará Distrito_Federal Espírito_Santo Goiás Maranhão Mato_Grosso "
    "Mato_Grosso_do_Sul Minas_Gerais Pará Paraíba Paraná Pernambuco Piauí Rio_de_Janeiro Rio_Grande_do_Norte "
    "Rio_Grande_do_Sul Rondônia Roraima Santa_Catarina São_Paulo Sergipe Tocantins",
    "AU": "New_South_Wales Queensland South_Australia Tasmania Victoria Western_Australia Northern_Territory "
    "Australian_Capital_Territory",
    "IN": "Andhra_Pradesh Arunachal_Pradesh Assam Bihar Chhattisgarh Goa Gujarat Haryana Himachal_Pradesh Jharkhand "
    "Karnataka Kerala Madhya_Pradesh Maharashtra Manipur Meghalaya Mizoram Nagaland Odisha Punjab Rajasthan Sikkim "
    "Tamil_Nadu Telangana Tripura Uttar_Pradesh Uttarakhand West_Bengal",
    "MX": "Aguascalientes Baja_California Baja_California_Sur Campeche Chiapas Chihuahua Coahuila Colima Durango "
    "Guanajuato Guerrero Hidalgo Jalisco Michoacán Morelos Nayarit Nuevo_León Oaxaca Puebla Querétaro Quintana_Roo "
    "San_Luis_Potosí Sinaloa Sonora Tabasco Tamaulipas Tlaxcala Veracruz Yucatán Zacatecas",
    "IT": "Abruzzo Basilicata Calabria Campania Emilia-Romagna Friuli-Venezia_Giulia Lazio Liguria Lombardia Lombardy "
    "Marche Molise Piemonte Piedmont Puglia Sardegna Sardinia Sicilia Sicily Toscana Tuscany Umbria Veneto Agrigento "
    "Bari Bergamo Bologna Brescia Cagliari Catania Como Lecce Livorno Mantova Milano Modena Napoli Padova Palermo "
    "Parma Pisa Salerno Siena Torino Trento Trieste Venezia Verona",
    "ES": "Andalucía Aragón Asturias Cantabria Castilla-La_Mancha Castilla_y_León Cataluña Catalunya Extremadura "
    "Galicia La_Rioja Madrid Murcia Navarra País_Vasco",
}


def contradictions(labels: Sequence[RowLabel]) -> tuple[Problem, ...]:
    """Return the problem of a file in which names of states stand beside codes of other countries, if it is one."""
    found = [
        label
        for label in labels
        if label.iso
        and label.name
        and (countries := _countries_of().get(folded(label.name)))
        and label.iso not in countries
        and folded(label.name) != folded(name_of(label.iso))
    ]
    named = sum(bool(label.iso and label.name) for label in labels)
    if len(found) <= _TOLERATED * named:
        return ()
    shown = ", ".join(
        f"{label.iso} ({name_of(label.iso)}) is named {quoted(label.name)} in row {label.row}"
        for label in found[:_SHOWN]
    )
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return (
        Problem(
            InputError,
            "codes-contradict-names",
            f"the names contradict the codes: {shown}{more}. These codes are not those of ISO 3166-1.",
            "For regions that are not countries, pass --regions any --code-column NAME; for countries, name the "
            "right column with --iso-column, or the right names with --name-column.",
        ),
    )


@functools.cache
def _countries_of() -> Mapping[str, frozenset[str]]:
    """Return the countries that have a state of that name, by folded name."""
    countries: dict[str, set[str]] = {}
    for iso, names in _STATES.items():
        for name in names.split():
            countries.setdefault(folded(name.replace("_", " ")), set()).add(iso)
    return MappingProxyType({name: frozenset(isos) for name, isos in countries.items()})
