"""Write the bundled ISO 3166-1 table from pycountry.

One row is not ISO's: ``XK`` for Kosovo. ISO 3166 leaves XA to XZ to its users, and the EU, the IMF,
SWIFT and banks write XK; without it 1.8 million people would belong to no country and the map would
have a hole. The ``status`` column keeps the two kinds apart.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import pycountry

HEADER = ("alpha_2", "alpha_3", "numeric", "name", "status")
KOSOVO = ("XK", "XKX", "", "Kosovo", "user-assigned")
DATA = Path(__file__).resolve().parents[2] / "src" / "closedworld" / "inputs" / "reference" / "data"


def iso_rows() -> list[tuple[str, str, str, str, str]]:
    """Return the rows of the table, sorted by alpha-2 code."""
    official = [(c.alpha_2, c.alpha_3, c.numeric, c.name, "official") for c in pycountry.countries]
    assert len(official) == 249, f"ISO 3166-1 has 249 entries, pycountry gives {len(official)}"
    assert all(len(numeric) == 3 and numeric.isdigit() for _, _, numeric, _, _ in official)
    assert KOSOVO[0] not in {row[0] for row in official}
    return sorted([*official, KOSOVO])


def write_csv(path: Path) -> int:
    """Write the table to ``path`` (UTF-8, LF line ends) and return the number of rows."""
    rows = iso_rows()
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)
    return len(rows)


def main() -> None:
    """Parse the command line and write the table."""
    parser = argparse.ArgumentParser(description="Write the bundled ISO 3166-1 table.")
    parser.add_argument("--output", type=Path, default=DATA / "iso_3166_1.csv")
    output: Path = parser.parse_args().output
    print(f"{output.name}: {write_csv(output)} rows")


if __name__ == "__main__":
    main()
