"""``verify``: everything that is published at a path, checked from the outside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from closedworld.errors import ConfigError, InputError, IntegrityError
from closedworld.inputs.reference import bundled, verify_bundled
from closedworld.inputs.regions import read_countries
from closedworld.store.digests import sha256_of_file
from closedworld.store.paths import RECEIPT_NAME, stage_folder
from closedworld.store.reading import open_folder
from closedworld.verification.files import check_files, open_result, result_folders
from closedworld.verification.findings import Account, Verification
from closedworld.verification.index import Index, read_index, verify_tiles
from closedworld.verification.oracle import ask_geos
from closedworld.verification.receipts import check_receipt
from closedworld.verification.weighing import WeightCheck, weight_parameters

if TYPE_CHECKING:
    from closedworld.inputs.regions import CountrySet
    from closedworld.store.reading import Published
    from closedworld.verification.weights import WeightParameters

TILES, WEIGHTS = "tiles", "weights"

_BUNDLED_COUNTRIES = "countries.parquet"
_BUNDLED_RASTER = "population_5m.tif"


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What a verification was asked to do; see ``verify``."""

    index: Path | None
    raster: Path | None
    polygons: CountrySet | None
    recompute: int | None
    oracle_sample: int
    seed: int


@dataclass(frozen=True, slots=True)
class _Rasters:
    """Digests of rasters.

    Attributes:
        given: Of the one that was given; empty without one.
        wanted: Of those that the results were made from. One given for some of them is no finding in
            the others.
    """

    given: str
    wanted: frozenset[str]


def verify(
    path: Path | str,
    *,
    index: Path | str | None = None,
    raster: Path | str | None = None,
    polygons: CountrySet | None = None,
    recompute: int | Literal["all"] = 10,
    oracle_sample: int = 0,
    seed: int = 0,
) -> Verification:
    """Check published tiles and weights without trusting what made them.

    Nothing is written. What is wrong becomes findings; what cannot be checked is told with the reason.

    Args:
        path: An output folder, a stage folder or a ``parameter_hash=...`` folder.
        index: Where the tile index of weights is, when it is not beside them.
        raster: The population raster of weights, when it is not the bundled one.
        polygons: The countries, for ``oracle_sample``; by default the bundled ones.
        recompute: How many countries have their weights worked out again in Python integers, drawn from
            those of at most 200,000 tiles; ``"all"`` for every country.
        oracle_sample: Tiles to ask GEOS of: whether they lie in their country, and how much of them does;
            0 for none.
        seed: Decides what is drawn.

    Raises:
        ConfigError: ``path-missing``, ``recompute``, ``polygons-differ``.
        InputError: ``input-missing``: the raster is not there.
        IntegrityError: ``receipt-missing``: nothing is published there.
    """
    if recompute != "all" and recompute < 0:
        raise ConfigError("recompute", f"{recompute} countries cannot be recomputed.")
    asked = _Asked(
        None if index is None else Path(index),
        None if raster is None else Path(raster),
        polygons,
        None if recompute == "all" else recompute,
        oracle_sample,
        seed,
    )
    if asked.raster is not None and not asked.raster.is_file():
        raise InputError("input-missing", f"{raster} is not a file.", "Check the path.")
    sealed, bare = result_folders(Path(path))
    accounts: list[Account] = []
    for folder in bare:
        accounts.append(Account(str(folder)))
        accounts[-1].find("receipt-missing", "there is no receipt, so it is not a result.")
    opened: list[tuple[Published, Account]] = []
    for folder in sealed:
        accounts.append(Account(str(folder)))
        published = open_result(folder, accounts[-1])
        if published is not None:
            opened.append((published, accounts[-1]))
    _verify_all(opened, asked)
    return Verification(
        tuple(account.folder for account in accounts),
        tuple(finding for account in accounts for finding in account.findings()),
        tuple(check for account in accounts for check in account.checks()),
        tuple(one for account in accounts for one in account.not_checked()),
    )


def _verify_all(opened: list[tuple[Published, Account]], asked: _Asked) -> None:
    """Check every result, indexes before the weights that belong to them."""
    indexes: dict[Path, Index | None] = {}
    said = [str(one.receipt.parameters.get("raster_sha256")) for one, _ in opened]
    rasters = _Rasters(_digest_of_raster(asked), frozenset(said))
    for published, account in opened:
        if published.receipt.stage == TILES:
            found = verify_tiles(published, account)
            indexes[published.folder.resolve()] = found
            if found is not None:
                _ask_oracle(found, asked, account)
    for published, account in opened:
        if published.receipt.stage == WEIGHTS:
            _verify_weights(published, account, indexes, asked, rasters)
        elif published.receipt.stage != TILES:
            check_files(published, account)
            check_receipt(published, account)
            account.unchecked("content", "no stage that this version knows")


def _ask_oracle(index: Index, asked: _Asked, account: Account) -> None:
    """Ask GEOS of a sample of tiles, when that is asked for."""
    if not asked.oracle_sample:
        account.unchecked("membership by GEOS", "not asked for; give --oracle-sample")
        return
    said = index.said
    countries = asked.polygons
    if countries is None:
        countries = read_countries(verify_bundled(_BUNDLED_COUNTRIES).path)
    known = set(said.countries) <= set(countries.isos)
    if not known or countries.select(said.countries).polygons_sha256() != said.polygons_sha256:
        whose = "bundled polygons" if asked.polygons is None else "polygons given"
        raise ConfigError(
            "polygons-differ",
            f"the {whose} are not those of {index.published.folder}.",
            "Give the file it was built from with --polygons, or leave --oracle-sample out.",
        )
    ask_geos(index, countries, asked.oracle_sample, asked.seed, account)


def _verify_weights(
    published: Published,
    account: Account,
    indexes: dict[Path, Index | None],
    asked: _Asked,
    rasters: _Rasters,
) -> None:
    """Check a result of weights against its index."""
    check_files(published, account)
    check_receipt(published, account)
    said = weight_parameters(published.receipt, account)
    if said is None:
        return
    folder = _index_folder(published, said, asked)
    index = None
    if folder is None:
        place = asked.index or published.folder.parent.parent
        account.find(
            "index-missing",
            f"no tile index of parameter_hash {said.tiles_parameter_hash} in {place}.",
        )
        account.unchecked("tiles of the weights", "no index; give --index")
    elif folder.resolve() in indexes:
        index = indexes[folder.resolve()]
    else:
        opened = open_result(folder, account)
        index = None if opened is None else read_index(opened, account)
    raster = _raster(said, asked, rasters, account)
    WeightCheck(published, said, index, raster, asked.recompute, asked.seed, account).run()


def _index_folder(published: Published, said: WeightParameters, asked: _Asked) -> Path | None:
    """Return the folder of the index that weights belong to; None when it is not found."""
    digits = said.tiles_parameter_hash
    if not digits.isalnum():
        return None
    places = [stage_folder(published.folder.parent.parent, TILES, digits)]
    if asked.index is not None:
        given = asked.index
        places = [given, given / places[0].name, stage_folder(given, TILES, digits)]
    for place in places:
        if (place / RECEIPT_NAME).exists():
            try:
                if open_folder(place).receipt.parameter_hash == digits:
                    return place
            except IntegrityError:
                return place
    return None


def _digest_of_raster(asked: _Asked) -> str:
    """Return the digest of the raster that was given; empty without one."""
    if asked.raster is None:
        return ""
    try:
        return sha256_of_file(asked.raster)
    except OSError as error:
        raise InputError(
            "input-unreadable", f"{asked.raster} cannot be read: {error.strerror}."
        ) from error


def _raster(
    said: WeightParameters, asked: _Asked, rasters: _Rasters, account: Account
) -> Path | None:
    """Return the raster that weights were made from; None when it is not at hand."""
    wanted = said.raster_sha256
    if wanted is None:
        return None
    if wanted == rasters.given:
        return asked.raster
    if asked.raster is not None and rasters.given not in rasters.wanted:
        account.find(
            "raster-differs",
            f"{asked.raster} has SHA-256 {rasters.given}; the weights were made from {wanted}.",
        )
        return None
    entry = bundled(_BUNDLED_RASTER)
    return verify_bundled(entry.name).path if entry.sha256 == wanted else None
