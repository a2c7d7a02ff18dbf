"""``collection.json``: valid STAC, and all that it says is so."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import duckdb
import pystac
import pytest
from jsonschema import Draft7Validator
from pystac.validation.local_validator import get_local_schema_cache
from referencing import Registry, Resource

from closedworld.config.run import RunConfig
from closedworld.kernels.grid import Grid
from closedworld.published.results import find_published
from closedworld.published.stac import bbox_of
from closedworld.run.pipeline import run_world
from closedworld.stages.tiles.build import build_tile_index
from closedworld.testing import tiny_grid
from closedworld.verification import verify
from closedworld.worlds import open_world
from closedworld.worlds.tile_geometry import export_tiles
from closedworld.worlds.tile_rasters import export_rasters

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet
    from closedworld.store.reading import Published

pytestmark = pytest.mark.slow

SCHEMA = "https://schemas.stacspec.org/v1.1.0/collection-spec/json-schema/collection.json"
COUNTRIES = ("FJ", "LU", "VA")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on bundled data; Vatican City has files without rows."""
    out = tmp_path_factory.mktemp("stac") / "world"
    run_world(RunConfig(out=out, countries=COUNTRIES, executor="serial"))
    return out


def read(path: Path) -> dict[str, Any]:
    """Return a collection that the schemas of STAC find valid, extensions by their own rules."""
    content: dict[str, Any] = json.loads(path.read_bytes())
    schemas = get_local_schema_cache()
    registry: Registry[Any] = Registry().with_resources(
        [(name, Resource.from_contents(schema)) for name, schema in schemas.items()]
    )
    errors = list(Draft7Validator(schemas[SCHEMA], registry=registry).iter_errors(content))
    assert errors == []
    assert pystac.Collection.from_dict(content).id == content["id"]
    for asset in content["assets"].values():
        if "file:checksum" in asset:
            file = path.parent / asset["href"]
            data = file.read_bytes()
            assert asset["file:size"] == len(data)
            assert asset["file:checksum"] == f"1220{hashlib.sha256(data).hexdigest()}"
        if "table:columns" in asset:
            table = duckdb.read_parquet(str(path.parent / asset["href"]), hive_partitioning=False)
            assert [one["name"] for one in asset["table:columns"]] == table.columns
            assert asset["table:row_count"] == len(table)
    return content


def test_every_result_of_a_run_has_a_valid_collection(root: Path) -> None:
    found = find_published(root)
    assert [one.receipt.stage for one in found] == ["tiles", "weights"]
    for one in found:
        content = read(one.folder / "collection.json")
        listed = {one["href"] for one in content["assets"].values() if "file:checksum" in one}
        assert all("table:columns" in content["assets"][name] for name in one.receipt.datasets())
        assert listed == {f"./{entry.path}" for entry in one.receipt.files}
        assert one.receipt.parameter_hash in content["id"]
        one.verify()
    assert verify(root).ok


def test_licences_are_those_of_the_inputs_of_each_result(root: Path) -> None:
    tiles, weights = (read(one.folder / "collection.json") for one in find_published(root))
    told = [[one["closedworld:licence"] for one in own["providers"]] for own in (tiles, weights)]
    assert told == [["LicenseRef-public-domain"], ["LicenseRef-public-domain", "CC-BY-4.0"]]
    assert "GeoNames" in weights["providers"][1]["description"]
    assert {own["license"] for own in (tiles, weights)} == {"other"}


def test_the_extent_holds_all_tiles_and_touches_the_outermost(
    root: Path, tmp_path: Path, tiny: CountrySet
) -> None:
    bounds = duckdb.read_parquet(f"{root}/tiles/*/tile_bounds/*.parquet").aggregate(
        "min(south_lat), max(north_lat)"
    )
    (content, _) = (read(one.folder / "collection.json") for one in find_published(root))
    (west, south, east, north), *none = content["extent"]["spatial"]["bbox"]
    assert ((south, north), none) == (bounds.fetchall()[0], [])
    # Fiji lies on both sides of the antimeridian.
    assert (west, east) == (-180.0, 180.0)
    grid = Grid(0.0, 90.0, 0.5, 0.5, 720, 360)
    for name, own in (("east", grid), ("tiny", tiny_grid())):
        built = build_tile_index(tiny, own, tmp_path / name).published
        west, south, east, north = read(built.folder / "collection.json")["extent"]["spatial"][
            "bbox"
        ][0]
        assert -180 <= west <= 180
        assert -180 <= east <= 180
        assert -90 <= south < north <= 90


def test_results_of_own_polygons_name_no_licence(tmp_path: Path, tiny: CountrySet) -> None:
    built = build_tile_index(tiny, tiny_grid(), tmp_path).published
    content = read(built.folder / "collection.json")
    assert (content["license"], content["providers"], content["links"]) == ("other", [], [])


def test_a_collection_that_is_there_stays_and_one_that_is_lost_is_written_again(
    tmp_path: Path, tiny: CountrySet
) -> None:
    path = build_tile_index(tiny, tiny_grid(), tmp_path).published.folder / "collection.json"
    first = path.read_bytes()
    path.unlink()
    assert verify(tmp_path).ok
    assert build_tile_index(tiny, tiny_grid(), tmp_path).reused
    assert path.read_bytes() == first
    path.write_bytes(b"{}")
    assert [one.code for one in verify(tmp_path).findings] == ["collection-differs"]
    assert build_tile_index(tiny, tiny_grid(), tmp_path).reused
    assert path.read_bytes() == b"{}"


def damage(published: Published, checksum: str) -> None:
    path = published.folder / "collection.json"
    content = json.loads(path.read_bytes())
    asset = next(one for one in content["assets"].values() if "file:checksum" in one)
    asset["file:checksum"] = checksum
    path.write_text(json.dumps(content))


def test_a_collection_that_contradicts_the_receipt_is_found(
    tmp_path: Path, tiny: CountrySet
) -> None:
    published = build_tile_index(tiny, tiny_grid(), tmp_path).published
    damage(published, f"1220{'0' * 64}")
    assert [one.code for one in verify(tmp_path).findings] == ["collection-differs"]


def test_exports_have_collections_with_the_licences_of_their_source(
    root: Path, tmp_path: Path
) -> None:
    world = open_world(root)
    export_tiles(world, tmp_path / "boxes.parquet", "box", ["LU"])
    boxes = read(tmp_path / "boxes.collection.json")
    west, south, east, north = boxes["extent"]["spatial"]["bbox"][0]
    assert 5 < west < east < 7
    assert 49 < south < north < 51
    export_rasters(world, tmp_path / "rasters", ["LU"])
    rasters = read(tmp_path / "rasters" / "collection.json")
    assert set(rasters["assets"]) == {"country_id", "weight", "country_ids"}
    for one in (boxes, rasters):
        assert [own["closedworld:licence"] for own in one["providers"]] == [
            "LicenseRef-public-domain",
            "CC-BY-4.0",
        ]


@pytest.mark.parametrize(
    ("west", "cols", "expected"),
    [
        (0.0, 720, (170.0, -20.0, -170.0, -15.0)),
        (0.0, 361, (170.0, -20.0, -179.5, -15.0)),
        (-360.0, 720, (170.0, -20.0, -170.0, -15.0)),
        (-180.0, 720, (-180.0, -20.0, 180.0, -15.0)),
    ],
)
def test_a_box_beyond_the_antimeridian_is_named_on_the_globe(
    tmp_path: Path, tiny: CountrySet, west: float, cols: int, expected: tuple[float, ...]
) -> None:
    """On a grid that cuts the country in two, the box goes round."""
    grid = Grid(west, 60.0, 0.5, 0.5, cols, 240)
    built = build_tile_index(tiny.select("FJ"), grid, tmp_path, executor="serial")
    assert bbox_of(built.published) == expected
