"""Published results to damage: tiles and weights of the made-up world, and tools to change them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
from affine import Affine

from closedworld.inputs.loading import load_population
from closedworld.published.tile_index import open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.stages.weights.build import build_tile_weights
from closedworld.store.local import storage_at
from closedworld.store.receipt import FileEntry, parameter_hash, read_receipt
from closedworld.testing import tiny_grid
from closedworld.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.verification import Finding


class _Nobody:
    def on_event(self, event: object) -> None:
        """Let it pass."""


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A raster on the half-degree grid with NODATA, NaN, negative, zero, tied and ordinary values."""
    grid = tiny_grid()
    draw = np.random.default_rng(1)
    values = draw.lognormal(3, 2, (grid.n_rows, grid.n_cols)).astype(np.float32)
    kind = draw.integers(0, 12, values.shape)
    for number, special in enumerate((-9999.0, np.nan, -3.0, 0.0, 7.0, 2.5e-6)):
        values[kind == number] = special
    path = tmp_path_factory.mktemp("people") / "people.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=grid.n_cols,
        height=grid.n_rows,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=Affine(grid.cell_width, 0, grid.west, 0, -grid.cell_height, grid.north),
        nodata=-9999.0,
        tiled=True,
        blockxsize=64,
        blockysize=64,
    ) as file:
        file.write(values, 1)
    return path


@pytest.fixture(scope="session")
def weigh(people: Path) -> Callable[..., Path]:
    """Weigh the tiles of an output folder and return the folder of the weights."""

    def weigh_index(root: Path, **options: Any) -> Path:
        population = load_population(people, _Nobody())
        index = open_index(root)
        done = build_tile_weights(index, root, **{"population": population, **options})
        return done.published.folder

    return weigh_index


@pytest.fixture(scope="session")
def sound(
    tiny: CountrySet, weigh: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The made-up world, tiles and weights by population; only to be read."""
    root = tmp_path_factory.mktemp("sound")
    build_tile_index(tiny, tiny_grid(), root)
    weigh(root, basis="population")
    return root


class World:
    """A copy of a published world that may be damaged.

    Args:
        root: Output folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, dataset: str) -> Path:
        """Return the result that holds a dataset."""
        (found,) = self.root.glob(f"*/parameter_hash=*/{dataset}")
        return found.parent

    def part(self, dataset: str, iso: str) -> Path:
        """Return the one part file of a country."""
        (found,) = self.root.glob(f"*/*/{dataset}/{iso}-*.parquet")
        return found

    def change(
        self, dataset: str, iso: str, edit: Callable[[pa.Table], pa.Table], *, seal: bool = True
    ) -> None:
        """Write a country's part again with other rows; the receipt, too, if it is to be sealed."""
        path = self.part(dataset, iso)
        with pq.ParquetFile(path) as file:
            table = file.read()
        pq.write_table(edit(table), path)
        if seal:
            self.reseal(self.folder(dataset))

    def set(
        self, dataset: str, iso: str, name: str, row: int, value: Any, *, seal: bool = True
    ) -> None:
        """Change one value."""

        def edit(table: pa.Table) -> pa.Table:
            values = table[name].to_pylist()
            values[row] = value(values[row]) if callable(value) else value
            position, field = table.schema.get_field_index(name), table.schema.field(name)
            return table.set_column(position, field, pa.array(values, field.type))

        self.change(dataset, iso, edit, seal=seal)

    def patch_footer(self, dataset: str, iso: str, old: bytes, new: bytes) -> None:
        """Write other bytes of the same length into the footer of a country's part, and seal it."""
        path = self.part(dataset, iso)
        content = path.read_bytes()
        length = int.from_bytes(content[-8:-4], "little") + 8
        data, footer = content[:-length], content[-length:]
        assert old in footer
        assert len(old) == len(new)
        path.write_bytes(data + footer.replace(old, new))
        self.reseal(self.folder(dataset))

    def reseal(self, folder: Path, **changes: Any) -> None:
        """Write the receipt again for the files that are there; the collection goes, as it describes others."""
        (folder / "collection.json").unlink(missing_ok=True)
        receipt = read_receipt(storage_at(folder))
        files = [entry for entry in receipt.files if not entry.path.endswith(".parquet")]
        for path in sorted(folder.rglob("*.parquet")):
            content, rows = path.read_bytes(), pq.read_metadata(path).num_rows
            name = path.relative_to(folder).as_posix()
            files.append(FileEntry(name, len(content), rows, hashlib.sha256(content).hexdigest()))
        receipt = dataclasses.replace(receipt, files=tuple(files), **changes)
        (folder / "_receipt.json").write_bytes(receipt.to_bytes())

    def restate(self, folder: Path, parameters: dict[str, Any]) -> Path:
        """Seal a result with other parameters, and return the folder that they have."""
        digest = parameter_hash(parameters)
        self.reseal(folder, parameters=parameters, parameter_hash=digest)
        return folder.rename(folder.with_name(f"parameter_hash={digest}"))

    def parameters(self, folder: Path) -> dict[str, Any]:
        """Return the parameters of a receipt."""
        return dict(read_receipt(storage_at(folder)).parameters)

    def seal_values(self, folder: Path) -> None:
        """Write the digests into the receipt that its values have now, as a careful forger would."""
        values = dict(read_receipt(storage_at(folder)).values)
        for finding in verify(folder).findings:
            assert finding.code == "values-digest"
            found = re.search("[0-9a-f]{64}", finding.message)
            assert found is not None
            values[finding.dataset] = found[0]
        self.reseal(folder, values=values)

    def totals(self, folder: Path) -> dict[str, Any]:
        """Return the totals of a receipt."""
        content = json.loads((folder / "_receipt.json").read_text())
        return dict(content["totals"])


@pytest.fixture
def world(sound: Path, tmp_path: Path) -> World:
    """A copy of the sound world, to be damaged."""
    shutil.copytree(sound, tmp_path / "world")
    return World(tmp_path / "world")


@pytest.fixture(scope="session")
def opened() -> Callable[[Path], World]:
    """Return an output folder as one that may be damaged."""
    return World


@pytest.fixture
def findings(people: Path) -> Callable[..., list[Finding]]:
    """Verify a world with its raster and return what is found."""

    def find(world: Any, **options: Any) -> list[Finding]:
        outcome = verify(world.root, **{"raster": people, "recompute": "all", **options})
        return list(outcome.findings)

    return find
