"""What the source gets wrong for our purpose: parts to carve out, features to leave out, names.

A box only selects: every polygon part that lies wholly inside it changes its code, no coordinate
changes, and a part that crosses the edge of a box stops the build.
"""

from __future__ import annotations

from typing import NamedTuple


class Box(NamedTuple):
    """Parts of ``parent`` inside west, south, east, north (degrees) get ``code``."""

    code: str
    parent: str
    place: str
    west: float
    south: float
    east: float
    north: float


BOXES = (
    Box("BQ", "NL", "Bonaire", -68.5, 11.9, -68.1, 12.4),
    Box("BQ", "NL", "Saba and Sint Eustatius", -63.3, 17.4, -62.9, 17.7),
    Box("BV", "NO", "Bouvet Island", 3.2, -54.6, 3.6, -54.3),
    Box("CC", "AU", "Cocos (Keeling) Islands", 96.7, -12.3, 97.0, -11.7),
    Box("CX", "AU", "Christmas Island", 105.4, -10.7, 105.8, -10.3),
    Box("GF", "FR", "French Guiana", -55.0, 2.0, -51.0, 6.0),
    Box("GP", "FR", "Guadeloupe", -62.0, 15.7, -60.9, 16.6),
    Box("MQ", "FR", "Martinique", -61.4, 14.3, -60.7, 15.0),
    Box("RE", "FR", "Réunion", 55.1, -21.5, 56.0, -20.7),
    Box("SJ", "NO", "Svalbard", 10.0, 74.0, 34.0, 81.0),
    Box("SJ", "NO", "Jan Mayen", -9.5, 70.5, -7.5, 71.5),
    Box("TK", "NZ", "Tokelau", -172.7, -9.6, -171.0, -8.4),
    Box("YT", "FR", "Mayotte", 44.9, -13.1, 45.4, -12.5),
)

LEFT_OUT = {
    "Akrotiri Sovereign Base Area": "British base on Cyprus; ISO 3166-1 gives it no code",
    "Bir Tawil": "claimed by neither Egypt nor Sudan; no code",
    "Dhekelia Sovereign Base Area": "British base on Cyprus; ISO 3166-1 gives it no code",
    "Scarborough Reef": "disputed reef; no code",
    "Spratly Islands": "disputed by six states; no code",
    "US Naval Base Guantanamo Bay": "leased ground in Cuba; no code",
}

# pycountry's common_name serves where it exists; these names are better than ISO's inverted ones.
NAMES = {
    "BN": "Brunei",
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "FK": "Falkland Islands",
    "FM": "Federated States of Micronesia",
    "MF": "Saint Martin",
    "PN": "Pitcairn Islands",
    "PS": "Palestine",
    "RU": "Russia",
    "SX": "Sint Maarten",
    "VA": "Vatican City",
    "VG": "British Virgin Islands",
    "VI": "U.S. Virgin Islands",
    "XK": "Kosovo",
}
