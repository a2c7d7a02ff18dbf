"""``verify``: everything that is published at a path, checked from the outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from closedworld.datasets.parameters import (
    PeopleParameters,
    PurchaseParameters,
    SiteParameters,
    WeightParameters,
)
from closedworld.errors import ConfigError, InputError
from closedworld.inputs.raster.info import Rasters, raster_files
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.published.polygons import polygons_of
from closedworld.store.reading import Published
from closedworld.verification.file_checks import check_files, open_sealed, sealed_and_bare
from closedworld.verification.findings import Findings, Verification
from closedworld.verification.people_checks import PeopleChecks
from closedworld.verification.polygon_checks import check_polygons, note_cut_countries
from closedworld.verification.purchase_checks import PurchaseChecks
from closedworld.verification.receipt_checks import PARAMETER_ERRORS, read_parameters
from closedworld.verification.request import Request
from closedworld.verification.site_checks import SiteChecks
from closedworld.verification.tile_checks import TileIndex, check_tile_index
from closedworld.verification.weight_checks import WeightChecks, read_weight_parameters


def verify(
    path: Path | str,
    *,
    index: Path | str | None = None,
    raster: Rasters | None = None,
    polygons: CountrySet | None = None,
    recompute: int | Literal["all"] = 10,
    oracle_sample: int = 0,
    seed: int = 0,
) -> Verification:
    """Check published results independently of the code that made them.

    Nothing is written. Problems become findings; checks that are not possible are listed with the reason.

    Args:
        path: An output folder, a stage folder or a ``parameter_hash=...`` folder.
        index: Folder of the tile index of weights, or of the weights of sites, if it is not next to them.
        raster: The population raster of weights, if it is not the bundled one; several that were taken as one in
            their order.
        polygons: The countries, for ``oracle_sample`` and sites; by default the bundled ones.
        recompute: Number of countries whose weights are recomputed in Python integers, drawn from
            those of at most 200,000 tiles, and in which some merchants' sites are placed again; ``"all"``
            for every country.
        oracle_sample: Number of tiles whose membership and coverage are checked with GEOS; 0 for none.
        seed: Seed of the random samples.

    Raises:
        ConfigError: ``path-missing``, ``recompute``, ``polygons-differ``.
        InputError: ``input-missing``: the raster is not there; ``input-not-a-file``, ``raster-twice``,
            ``input-unreadable``.
        IntegrityError: ``receipt-missing``: nothing is published there.
    """
    if recompute != "all" and recompute < 0:
        raise ConfigError("recompute", f"{recompute} countries cannot be recomputed.")
    request = Request(
        None if index is None else Path(index),
        () if raster is None else raster_files(raster),
        polygons,
        None if recompute == "all" else recompute,
        oracle_sample,
        seed,
    )
    for file in request.raster:
        if not file.is_file():
            raise InputError("input-missing", f"{file} is not a file.", "Check the path.")
    sealed, bare = sealed_and_bare(Path(path))
    every = [Findings(str(folder.root)) for folder in [*bare, *sealed]]
    for findings in every[: len(bare)]:
        findings.add("receipt-missing", "there is no receipt, so it is not a result.")
    opened = [
        (published, findings)
        for folder, findings in zip(sealed, every[len(bare) :], strict=True)
        if (published := open_sealed(folder, findings)) is not None
    ]
    request.rasters_sha256 = frozenset(map(_raster_sha256, opened))
    order = [*CHECKS, None]
    for published, findings in sorted(opened, key=lambda one: order.index(_stage(one[0]))):
        check_files(published, findings)
        check = CHECKS.get(published.receipt.stage, _check_unknown)
        check(published, request, findings)
    return Verification(
        tuple(findings.folder for findings in every),
        tuple(finding for findings in every for finding in findings.to_list()),
        tuple(check for findings in every for check in findings.checks()),
        tuple(one for findings in every for one in findings.not_checked()),
        tuple(note for findings in every for note in findings.notes),
    )


def _raster_sha256(opened: tuple[Published, Findings]) -> str | None:
    try:
        return WeightParameters.from_dict(opened[0].receipt.parameters).raster_sha256
    except PARAMETER_ERRORS:
        return None


def _stage(published: Published) -> str | None:
    return published.receipt.stage if published.receipt.stage in CHECKS else None


def _check_tiles(published: Published, request: Request, findings: Findings) -> None:
    """Check a tile index, and ask GEOS about a sample of its tiles when that is asked for."""
    index = check_tile_index(published, findings)
    request.indexes[published.folder.resolve()] = index
    if index is None:
        return
    if request.polygons is not None:
        note_cut_countries(index, polygons_of(published, request.polygons), findings)
    if not request.oracle_sample:
        findings.add_unchecked("membership by GEOS", "not requested; pass --oracle-sample")
        return
    countries = polygons_of(published, request.polygons)
    check_polygons(index, countries, request.oracle_sample, request.seed, findings)


def _check_weights(published: Published, request: Request, findings: Findings) -> None:
    """Check weights against the index and the raster that they were made from."""
    parameters = read_weight_parameters(published, findings)
    if parameters is None:
        return
    index = request.index_of(published, parameters.tiles_parameter_hash, findings)
    raster = request.raster_of(parameters, findings)
    WeightChecks(published, parameters, index, raster, request, findings).run()


def _check_sites(published: Published, request: Request, findings: Findings) -> None:
    """Check sites against merchants, tiles, polygons and the law."""
    parameters = read_parameters(published, SiteParameters, findings)
    if parameters is None:
        return
    weights, index = _weights_and_index(
        published, parameters.weights_parameter_hash, request, findings
    )
    SiteChecks(published, parameters, weights, index, request, findings).run()


def _check_people(published: Published, request: Request, findings: Findings) -> None:
    """Check cards against tiles, polygons and sites."""
    parameters = read_parameters(published, PeopleParameters, findings)
    if parameters is None:
        return
    hash_of_sites = parameters.sites_parameter_hash
    sites = request.source_of(published, SiteParameters.stage, hash_of_sites, findings)
    own = None if sites is None else read_parameters(sites, SiteParameters, findings)
    weights = index = None
    if sites is not None and own is not None:
        weights, index = _weights_and_index(sites, own.weights_parameter_hash, request, findings)
    PeopleChecks(published, parameters, weights, index, request, findings, sites).run()


def _check_purchases(published: Published, request: Request, findings: Findings) -> None:
    """Check purchases, labels and stays against people, sites, clocks and physics."""
    parameters = read_parameters(published, PurchaseParameters, findings)
    if parameters is None:
        return
    stage = PeopleParameters.stage
    people = request.source_of(published, stage, parameters.people_parameter_hash, findings)
    own = None if people is None else read_parameters(people, PeopleParameters, findings)
    sites = None
    if people is not None and own is not None:
        stage = SiteParameters.stage
        sites = request.source_of(people, stage, own.sites_parameter_hash, findings)
    PurchaseChecks(published, parameters, people, sites, findings).run()


def _weights_and_index(
    published: Published, weights_parameter_hash: str, request: Request, findings: Findings
) -> tuple[Published | None, TileIndex | None]:
    """Return the weights that a result was made from, and their tiles; None where they are not at hand."""
    stage = WeightParameters.stage
    weights = request.source_of(published, stage, weights_parameter_hash, findings)
    own = None if weights is None else read_weight_parameters(weights, findings)
    if weights is None or own is None:
        return weights, None
    return weights, request.index_of(weights, own.tiles_parameter_hash, findings)


def _check_unknown(_: Published, __: Request, findings: Findings) -> None:
    findings.add_unchecked("content", "no stage that this version knows")


CHECKS: dict[str, Callable[[Published, Request, Findings], None]] = {
    "tiles": _check_tiles,
    "weights": _check_weights,
    "sites": _check_sites,
    "people": _check_people,
    "purchases": _check_purchases,
}
"""How the content of each stage is checked, in this order: a check may use those before it."""
