"""What a verification was asked to do, and what its checks hand to each other."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from closedworld.datasets.parameters import TileParameters, WeightParameters
from closedworld.errors import InputError, IntegrityError
from closedworld.inputs.raster.info import name_of_files
from closedworld.inputs.reference.registry import bundled, verify_bundled
from closedworld.inputs.regions.country_set import CountrySet
from closedworld.store.file_digests import digest_of_rasters, sha256_of_file
from closedworld.store.local import storage_at
from closedworld.store.paths import stage_folder
from closedworld.store.reading import Published, result_in
from closedworld.verification.file_checks import open_sealed
from closedworld.verification.findings import Findings
from closedworld.verification.tile_checks import TileIndex, read_tile_index

_BUNDLED_RASTER = "population_5m.tif"


@dataclass(slots=True, eq=False)
class Request:
    """What was asked; see ``verify``.

    Attributes:
        index: Where the tile index of weights is; None for beside them.
        raster: Files of the population raster; empty for the bundled one.
        polygons: The countries; None for the bundled ones.
        recompute: Countries to recompute exactly; None for all.
        oracle_sample: Tiles to ask GEOS about.
        seed: Decides what is drawn.
        rasters_sha256: Digests of the rasters that the results were made from. A raster given for one of
            them is no finding in the others.
        indexes: Indexes that were checked, by folder; None for one that cannot be read.
    """

    index: Path | None
    raster: tuple[Path, ...]
    polygons: CountrySet | None
    recompute: int | None
    oracle_sample: int
    seed: int
    rasters_sha256: frozenset[str | None] = frozenset()
    indexes: dict[Path, TileIndex | None] = field(default_factory=dict)
    _raster_sha256: str = ""

    def index_of(
        self, published: Published, tiles_parameter_hash: str, findings: Findings
    ) -> TileIndex | None:
        """Return the index that weights belong to; None, with a finding, when there is none."""
        folder = self._folder_of(published, TileParameters.stage, tiles_parameter_hash)
        if folder is None:
            where = self.index or published.output
            message = f"no tile index of parameter_hash {tiles_parameter_hash} in {where}."
            findings.add("index-missing", message)
            findings.add_unchecked("tiles of the weights", "no index; pass --index")
            return None
        if folder.resolve() in self.indexes:
            return self.indexes[folder.resolve()]
        opened = open_sealed(storage_at(folder), findings)
        return None if opened is None else read_tile_index(opened, findings)

    def source_of(
        self, published: Published, stage: str, parameter_hash: str, findings: Findings
    ) -> Published | None:
        """Return the result of an earlier stage that one was made from; None, with a finding, when there is none.

        Args:
            published: The later result.
            stage: The earlier stage, such as ``weights``.
            parameter_hash: Its hash, as the parameters of the later one have it.
            findings: Where findings go.
        """
        folder = self._folder_of(published, stage, parameter_hash)
        if folder is None:
            where = self.index or published.output
            message = f"no {stage} of parameter_hash {parameter_hash} in {where}."
            findings.add(f"{stage}-missing", message)
            return None
        return open_sealed(storage_at(folder), findings)

    def drawn(
        self, countries: Sequence[str], every: int, what: str, findings: Findings
    ) -> set[str]:
        """Return as many countries as are to be recomputed; how many of ``every`` are not is noted as unchecked."""
        count = len(countries) if self.recompute is None else self.recompute
        draw = random.Random(self.seed)  # noqa: S311 -- a sample that can be drawn again
        drawn = set(draw.sample(countries, min(count, len(countries))))
        if left := every - len(drawn):
            reason = f"{left} of {every} countries not drawn; give --recompute all"
            findings.add_unchecked(what, reason)
        return drawn

    def _folder_of(self, published: Published, stage: str, digits: str) -> Path | None:
        """Return the folder of a result that another one was made from; None when there is none."""
        if not digits.isalnum():
            return None
        beside = stage_folder(published.output, stage, digits)
        candidates = [beside]
        if self.index is not None:
            given = stage_folder(self.index, stage, digits)
            candidates = [self.index, self.index / beside.name, given]
        for folder in candidates:
            try:
                found = result_in(folder)
            except IntegrityError:
                return folder
            if found is not None and found.receipt.parameter_hash == digits:
                return folder
        return None

    def raster_of(self, parameters: WeightParameters, findings: Findings) -> tuple[Path, ...]:
        """Return the files of the raster that weights were made from; none when it is not at hand.

        Raises:
            InputError: ``input-unreadable``.
        """
        wanted = parameters.raster_sha256
        if wanted is None:
            return ()
        if self.raster:
            given, name = self._digest_of(self.raster), name_of_files(self.raster)
            if given == wanted:
                return self.raster
            if given not in self.rasters_sha256:
                message = f"{name} has SHA-256 {given}; the weights were made from {wanted}."
                findings.add("raster-differs", message)
                return ()
        entry = bundled(_BUNDLED_RASTER)
        return (verify_bundled(entry.name).path,) if entry.sha256 == wanted else ()

    def _digest_of(self, raster: tuple[Path, ...]) -> str:
        if not self._raster_sha256:
            try:
                digests = [sha256_of_file(file) for file in raster]
                self._raster_sha256 = digest_of_rasters(digests)
            except OSError as error:
                raise InputError(
                    "input-unreadable", f"{name_of_files(raster)} cannot be read: {error.strerror}."
                ) from error
        return self._raster_sha256
