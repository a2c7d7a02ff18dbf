"""Write the bundled table of the time zones of every country from the tz database's zone.tab."""

from __future__ import annotations

import argparse
import importlib.resources
import re
from pathlib import Path

from source import DATA, read_rows, write_rows

HEADER = ("country_iso", "tzid", "lon", "lat")
# zone.tab leaves out Kosovo and two uninhabited islands; theirs are what clocks there would show.
ADDED = {
    "BV": ("Etc/GMT", 3.4, -54.4),
    "HM": ("Etc/GMT-5", 73.5, -53.1),
    "XK": ("Europe/Belgrade", 21.1667, 42.6667),
}
ISO_6709 = re.compile(r"([+-]\d{4,6})([+-]\d{5,7})")


def degrees(text: str) -> float:
    """Return ``+DDMM``, ``+DDDMM``, ``+DDMMSS`` or ``+DDDMMSS`` in degrees, to four decimals."""
    digits = text[1:]
    seconds = digits[-2:] if len(digits) > 5 else "0"
    whole = digits[:-4] if len(digits) > 5 else digits[:-2]
    minutes = digits[len(whole) : len(whole) + 2]
    value = int(whole) + int(minutes) / 60 + int(seconds) / 3600
    return round(-value if text[0] == "-" else value, 4)


def zone_rows() -> list[dict[str, str | float]]:
    """Return the rows, by country; within a country in the order of zone.tab."""
    text = importlib.resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            code, where, tzid = line.split("\t")[:3]
            match = ISO_6709.fullmatch(where)
            assert match is not None, line
            rows.append((code, tzid, degrees(match[2]), degrees(match[1])))
    assert not ADDED.keys() & {row[0] for row in rows}
    rows += [(code, *zone) for code, zone in ADDED.items()]
    rows.sort(key=lambda row: row[0])
    return [dict(zip(HEADER, row, strict=True)) for row in rows]


def main() -> None:
    """Parse the command line and write the table."""
    parser = argparse.ArgumentParser(description="Write the bundled time zones of countries.")
    parser.add_argument("--output", type=Path, default=DATA / "time_zones.csv")
    output: Path = parser.parse_args().output
    rows = zone_rows()
    codes = {row["alpha_2"] for row in read_rows(DATA / "iso_3166_1.csv")}
    assert {row["country_iso"] for row in rows} == codes
    write_rows(output, HEADER, rows)
    print(f"{len(rows)} zones, {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
