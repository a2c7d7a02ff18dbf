"""Tiles and coverage as they are read back from published files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as pads
import pytest

from closedworld.errors import ConfigError, IntegrityError
from closedworld.published.tile_index import PublishedIndex, open_index
from closedworld.stages.tiles.build import build_tile_index
from closedworld.store.reading import Published
from closedworld.testing import tiny_grid

if TYPE_CHECKING:
    from pathlib import Path

    from closedworld.inputs.regions.country_set import CountrySet


@pytest.fixture(scope="module")
def covered(tiny: CountrySet, tmp_path_factory: pytest.TempPathFactory) -> PublishedIndex:
    out = tmp_path_factory.mktemp("covered")
    build_tile_index(tiny, tiny_grid(), out, rule="any_overlap", coverage=True)
    return open_index(out)


def test_coverage_is_that_of_the_index(covered: PublishedIndex) -> None:
    table = covered.published.dataset("tile_index").to_table()
    for iso, border in covered.coverage().items():
        own = table.filter(pads.field("country_iso") == iso).sort_by("tile_id")
        assert border.to_dense(own.num_rows).tolist() == own["coverage"].to_pylist()


def test_an_index_without_coverage_says_so(tiny: CountrySet, tmp_path: Path) -> None:
    build_tile_index(tiny, tiny_grid(), tmp_path)
    with pytest.raises(ConfigError, match="coverage-missing"):
        open_index(tmp_path).coverage()


@pytest.mark.parametrize("wrong", ["same tile twice", "0", "1", "another tile", "countries mixed"])
def test_coverage_that_its_seal_does_not_vouch_for_is_refused(
    covered: PublishedIndex, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Rows of another writer: what their digests say is not asked here."""
    rows = covered.published.dataset("tile_coverage").to_table().to_pylist()
    if wrong == "same tile twice":
        rows[1]["tile_id"] = rows[0]["tile_id"]
    elif wrong in {"0", "1"}:
        rows[1]["coverage"] = float(wrong)
    elif wrong == "another tile":
        rows[1]["tile_id"] = 10**9
    else:
        rows = [rows[0], rows[-1], *rows[1:-1]]
    changed = pa.Table.from_pylist(rows)
    monkeypatch.setattr(Published, "verify", lambda *_: None)
    monkeypatch.setattr(Published, "dataset", lambda *_: pads.dataset(changed))
    with pytest.raises(IntegrityError):
        covered.coverage()
