"""A tile index: its files, its receipt, and every country in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from closedworld.errors import GridError
from closedworld.kernels.grid import Grid
from closedworld.sanitize import quoted
from closedworld.verification.files import check_files, count_files, read_parts
from closedworld.verification.receipts import bad_parameters, check_receipt, expect_totals
from closedworld.verification.rows import column
from closedworld.verification.runs import RunCollector, shared_tiles
from closedworld.verification.tiles import (
    TILE_DATASETS,
    Expected,
    TileParameters,
    check_country_tiles,
)
from closedworld.verification.values import Values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from closedworld.store.reading import Published
    from closedworld.store.receipt import Receipt
    from closedworld.verification.files import Table
    from closedworld.verification.findings import Account
    from closedworld.verification.runs import IdRuns


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """A tile index as far as other checks need it.

    Attributes:
        published: Where it is.
        said: Its parameters.
        tiles: Tiles of each country that could be read.
        table: Its files.
    """

    published: Published
    said: TileParameters
    tiles: Mapping[str, IdRuns]
    table: Table

    def listed(self, total: str) -> set[str]:
        """Return the codes of a list in the totals of the receipt; empty when it is none."""
        return set(_codes(self.published.receipt, total))

    @property
    def without_tiles(self) -> set[str]:
        """Countries of the receipt of which no tile is there."""
        return set(self.said.countries) - set(self.tiles)


def verify_tiles(published: Published, account: Account) -> Index | None:
    """Check a tile index; return it for the checks of others, or None when nothing can be said."""
    check_files(published, account)
    check_receipt(published, account)
    said = tile_parameters(published.receipt, account)
    if said is None:
        return None
    table = read_parts(published, said.datasets, account)
    account.checked("schema and row count of every file", count_files(table), "files")
    empty = set(_codes(published.receipt, "countries_without_tiles"))
    for dataset in TILE_DATASETS:
        expect_countries(dataset, set(table[dataset]), set(said.countries) - empty, account)
    expected, tiles, values = Expected.of(said.grid), {}, Values()
    for iso in sorted(set().union(*map(set, table.values()))):
        own = check_country_tiles(iso, table, expected, said, account, values)
        if own is not None:
            tiles[iso] = own
    if set(tiles) == set(said.countries) - empty:
        expect_totals(published.receipt, _totals(published.receipt, said, tiles), account)
    else:
        account.unchecked("totals of the receipt", "not every country could be read")
    values.compare(published.receipt, account)
    return Index(published, said, tiles, table)


def _totals(receipt: Receipt, said: TileParameters, tiles: Mapping[str, IdRuns]) -> dict[str, Any]:
    """Return the totals that the tiles make.

    Which countries the grid does not meet and which were given a tile is for the polygons to tell; here
    the lists are held against the tiles only.
    """
    without = sorted(set(said.countries) - set(tiles))
    off_grid = _codes(receipt, "countries_off_grid")
    kept = _codes(receipt, "countries_kept_small") if said.keeps_small else []
    return {
        "countries": len(said.countries),
        "countries_without_tiles": without,
        "countries_off_grid": sorted(set(off_grid) & set(without)),
        "countries_kept_small": sorted(
            iso for iso in set(kept) & set(tiles) if tiles[iso].tile_count == 1
        ),
        "tiles": sum(own.tile_count for own in tiles.values()),
        "runs": sum(len(own.by_row(said.grid.n_cols).starts) for own in tiles.values()),
        "tiles_shared": shared_tiles(list(tiles.values())),
    }


def _codes(receipt: Receipt, total: str) -> list[str]:
    """Return a list of codes in the totals of a receipt; empty when it is none."""
    listed = receipt.totals.get(total)
    return list(map(str, listed)) if isinstance(listed, list) else []


def tile_parameters(receipt: Receipt, account: Account) -> TileParameters | None:
    """Return what a receipt says of an index; None, with a finding, when it makes no sense."""
    content = receipt.parameters
    try:
        return TileParameters(
            Grid.from_dict(content["grid"]),
            str(content["rule"]),
            tuple(sorted(map(str, content["countries"]))),
            str(content["polygons_sha256"]),
            has_coverage=content.get("coverage") is True,
            keeps_small=content["keep_small_countries"] is True,
        )
    except (KeyError, TypeError, ValueError, OverflowError, GridError) as error:
        bad_parameters(error, account)
        return None


def read_index(published: Published, account: Account) -> Index | None:
    """Return an index for comparison, only its tile ids read."""
    said = tile_parameters(published.receipt, account)
    if said is None:
        return None
    table, tiles = read_parts(published, said.datasets, account), {}
    for iso, parts in table["tile_index"].items():
        collector = RunCollector()
        for batch in parts.batches(account, ["tile_id"]):
            collector.add(column(batch, "tile_id"))
        if parts.is_whole:
            tiles[iso] = collector.finish()
    account.unchecked(
        "the index that the weights belong to",
        f"{published.folder} was read for comparison only; verify it by its own path",
    )
    return Index(published, said, tiles, table)


def expect_countries(dataset: str, found: set[str], expected: set[str], account: Account) -> None:
    """Note countries that are missing, and those that should not be there."""
    for iso in sorted(expected - found):
        message = f"no file of {quoted(iso)} in the receipt."
        account.find("country-missing", message, dataset=dataset, country_iso=iso)
    for iso in sorted(found - expected):
        message = f"{iso} is not among the countries that have tiles."
        account.find("country-unexpected", message, dataset=dataset, country_iso=iso)
    account.checked("every country is there and no other", len(expected), "countries")
