"""The table of options: TOML files are read by it, and the command line is made from it."""

from __future__ import annotations

from closedworld.config.options import Kind, Option
from closedworld.kernels.inclusion import Fill, Rule
from closedworld.kernels.limits import MAX_DP

EXECUTORS = ("threads", "processes", "dask", "serial")
"""Where tasks run (docs/decisions/0017-executors.md); a stage names the one that suits it, the first if it does not."""

IN_PROCESSES = ("processes", "dask")
"""Executors each of whose workers is a process of its own."""

ACCEPTANCE = ("report", "enforce")
"""What happens when a run exceeds its limits: it is reported, or the run fails."""

REGIONS = ("iso", "any")
"""What codes of polygons may be: those of ISO 3166-1, or any text."""

LOCK_NAME = "closedworld.lock"

MAX_DAYS = 3660
"""Ten years of purchases."""

MAX_CARDS = 10**8
"""Of a number of cards, or of numbers by country, in total."""

BAND = Option(
    Kind.NUMBER,
    "Band of the raster that holds the population. [default: the first]",
    range_code="raster-band",
)

SECTIONS: dict[str, dict[str, Option]] = {
    "polygons": {
        "polygons": Option(
            Kind.PATH,
            "Country polygons: GeoParquet, GeoPackage, Shapefile, GeoJSON, TopoJSON, FlatGeobuf or a file "
            "geodatabase in WGS 84. "
            "[default: bundled Natural Earth countries]",
        ),
        "layer": Option(Kind.TEXT, "Layer of the polygon file, when it has several."),
        "iso_column": Option(
            Kind.TEXT, "Column with ISO 3166-1 codes. [default: found by its usual names]"
        ),
        "code_column": Option(
            Kind.TEXT,
            "Column with the codes of regions that are not countries; with --regions any.",
        ),
        "regions": Option(
            Kind.TEXT,
            "What the codes are: ISO 3166-1 codes of countries, or any text, for states, districts or postal areas.",
            choices=REGIONS,
            unknown_code="regions-unknown",
        ),
        "name_column": Option(
            Kind.TEXT, "Column with country names. [default: found by its usual names]"
        ),
        "fill": Option(
            Kind.TEXT,
            "Accept polygons whose rings cross or overlap: a point is inside when an odd number of rings enclose it "
            "(evenodd), or when rings wind round it (nonzero). [default: refuse them]",
            choices=tuple(fill.value for fill in Fill),
            unknown_code="fill-unknown",
        ),
        "repair_geometry": Option(
            Kind.FLAG,
            "Repair invalid polygons and report what changed, instead of refusing them.",
        ),
        "skip_unknown_codes": Option(
            Kind.FLAG,
            "Leave out rows without an ISO code and report them, instead of refusing the file.",
        ),
        "skip_bad_rows": Option(
            Kind.FLAG,
            "Leave out rows with any problem, such as an empty or invalid polygon, and report them.",
        ),
        "assume_wgs84": Option(
            Kind.FLAG,
            "Treat coordinates without a reference system, or in one that differs from WGS 84 by metres (ETRS89, "
            "NAD83), as WGS 84, and report it.",
        ),
        "input_time_limit": Option(
            Kind.NUMBER,
            "Seconds that reading and checking the polygon file may take; a malicious file could hang.",
            metavar="SECONDS",
            range_code="time-limit",
        ),
    },
    "tiles": {
        "countries": Option(
            Kind.CODES,
            "Codes of the countries to build; no other is read or checked. [default: all]",
            metavar="DE,FR",
        ),
        "except_countries": Option(
            Kind.CODES, "Codes of countries to leave out.", metavar="AQ,FJ", flag="except"
        ),
        "raster": Option(
            Kind.PATHS,
            "GeoTIFF whose grid is used, north-up in WGS 84; its values are the population of each cell. Repeated, or "
            "with a folder, several aligned ones are taken as one: the first with people in a cell counts. [default: bundled 5 arc-minute population]",
        ),
        "band": BAND,
        "resolution": Option(
            Kind.TEXT,
            "Cell size of a grid of the whole globe, instead of a raster: arc-seconds, arc-minutes, degrees; the "
            "bundled population is spread over its cells.",
            metavar="30s|5m|0.25deg",
        ),
        "rule": Option(
            Kind.TEXT,
            "A tile belongs to a country when its centre does, or when they share any area.",
            choices=tuple(rule.value for rule in Rule),
        ),
        "keep_small_countries": Option(
            Kind.FLAG,
            "Give a country without tiles the one that holds its representative point.",
        ),
        "coverage": Option(
            Kind.FLAG,
            "Add the share of each tile that lies in its country as column coverage; with rule "
            "any_overlap.",
        ),
    },
    "files": {
        "lock": Option(
            Kind.PATH,
            "Refuse inputs that are not in this lock, or have changed since `closedworld inputs --lock` "
            "wrote it.",
            metavar="[FILE]",
            bare_value=LOCK_NAME,
        ),
        "out": Option(Kind.PATH, "Output folder. [default: world]"),
        "name": Option(
            Kind.TEXT,
            "Name for the result, so that PATH can be OUT/names/NAME; OUT/names/latest is the newest.",
        ),
    },
    "weights": {
        "basis": Option(
            Kind.TEXT,
            "What weights are made from: uniform, area_m2, population, populated, or a mixture such as "
            "population:0.9,area_m2:0.1. [default: population; area_m2 for published tiles that no raster fits]",
            metavar="BASIS",
        ),
        "dp": Option(
            Kind.NUMBER,
            "Decimal places: the weights of a country add up to 10^dp.",
            least=0,
            most=MAX_DP,
            range_code="dp-range",
        ),
        "weigh_by_coverage": Option(
            Kind.FLAG,
            "Multiply by the share of the tile that lies in its country, so that a tile on a border "
            "is split between countries; needs tiles built with --coverage.",
        ),
    },
    "sites": {
        "merchants": Option(
            Kind.PATH,
            "Table of merchants whose outlets are placed, CSV or Parquet; `demo` for some 2,000 merchants "
            "with 100,000 outlets in all countries; `demo-towns` for 1,500 outlets in 12 towns.",
            metavar="FILE",
        ),
    },
    "people": {
        "cards": Option(
            Kind.NUMBER_OR_PATH,
            "Cards whose holders' homes are placed: a number, divided among countries by population; numbers by "
            "country, such as DE=1000,FR=500; a table, CSV or Parquet; or `demo-towns` for 10,000 in 12 towns.",
            metavar="N|FILE",
            most=MAX_CARDS,
            range_code="cards-number",
        ),
    },
    "purchases": {
        "first_day": Option(
            Kind.TEXT, "First day of the purchases, in UTC.", metavar="2026-01-01", flag="from"
        ),
        "days": Option(
            Kind.NUMBER,
            f"Number of days, at most {MAX_DAYS:,}.",
            most=MAX_DAYS,
            range_code="days-range",
        ),
        "rates": Option(
            Kind.PATH,
            "TOML file of what people buy: per_week and median amount by category. [default: bundled]",
            metavar="FILE",
        ),
        "fraud": Option(
            Kind.PATH,
            "TOML file of fraud: its share of all purchases, and weights of clone, skim, lost and testing. "
            "[default: a share of 0.2%]",
            metavar="FILE",
        ),
        "noise": Option(
            Kind.REAL,
            "How often legitimate purchases look impossible: 0 never, 1 as usual, 10 often.",
            metavar="X",
            least=0,
            most=100,
            range_code="noise-range",
        ),
    },
    "tables": {
        "skip_unplaceable": Option(
            Kind.FLAG,
            "Leave out merchants and cards that cannot be placed and write them to a file, instead of refusing "
            "the table.",
        ),
    },
    "random": {
        "seed": Option(
            Kind.NUMBER, "Determines where outlets and homes lie, and what people buy.", least=None
        ),
    },
    "execution": {
        "executor": Option(
            Kind.TEXT,
            "Where the work is done: threads or processes of this machine, a Dask cluster, or serial, "
            "one task after another. The results are the same. [default: threads; processes for half a "
            "million outlets or cards and for two million purchases, without --memory-limit]",
            choices=EXECUTORS,
            unknown_code="executor-unknown",
        ),
        "workers": Option(
            Kind.NUMBER,
            "How many tasks run at once. [default: one per core]",
            range_code="workers",
        ),
        "dask_address": Option(
            Kind.TEXT,
            "Scheduler of a running Dask cluster, with --executor dask; --out must lie on a file "
            "system that all its workers share. [default: a cluster of this machine's cores]",
            metavar="tcp://HOST:PORT",
        ),
        "memory_limit": Option(
            Kind.SIZE,
            "Upper limit for the memory of all processes together; uses fewer workers to stay below it.",
            metavar="640MiB|2GB",
        ),
        "pat": Option(
            Kind.TEXT,
            "Performance acceptance: report whether the run kept its limits, or fail if it did not.",
            choices=ACCEPTANCE,
            unknown_code="pat-unknown",
        ),
    },
}
"""Options of ``RunConfig`` by group and field, in the order of the help texts."""

OPTIONS = {name: option for section in SECTIONS.values() for name, option in section.items()}
"""The same, ungrouped."""

RESULT_OPTIONS = {
    "raster": Option(
        Kind.PATHS,
        "GeoTIFF with the population of each cell, on the grid of the tiles; repeated for several as one. "
        "[default: the bundled one, spread over grids of the whole globe]",
    ),
    "band": BAND,
    "lock": OPTIONS["lock"],
    "out": Option(Kind.PATH, "Output folder. [default: the one that holds PATH]"),
    "name": OPTIONS["name"],
}
"""Options of runs that start from a published result, where they are not about inputs, a stage or execution."""
