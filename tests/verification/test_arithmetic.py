"""What verify computes itself, against slow obvious ways."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from closedworld.datasets import DATASETS, TILE_WEIGHTS
from closedworld.kernels.grid import Grid, tile_areas_m2
from closedworld.store.local import storage_at
from closedworld.store.reading import Published
from closedworld.store.receipt import Receipt
from closedworld.testing import apportioned, micro_persons_exactly
from closedworld.verification.apportionment import (
    BasisSummary,
    CountrySummary,
    check_apportionment,
)
from closedworld.verification.country_files import CountryFiles
from closedworld.verification.country_masses import bases_of, half_to_even, split_units
from closedworld.verification.exact_apportionment import check_exactly
from closedworld.verification.findings import Findings
from closedworld.verification.grid_columns import zone_areas_m2
from closedworld.verification.id_runs import IdRuns, RunCollector, shared_tiles
from closedworld.verification.population_raster import rounded_micro
from closedworld.verification.row_checks import RowChecks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


NOWHERE = Published(storage_at("nowhere"), Receipt("weights", "", {}, {}, {}, ()))


class FakeCountry:
    """A country in memory, in chunks, of one mass."""

    def __init__(self, masses: NDArray[np.int64], weights: list[int]) -> None:
        self.findings = Findings("")
        self.files = CountryFiles(NOWHERE, TILE_WEIGHTS, "XX", self.findings)
        self.tiles = len(masses)
        self._columns = (
            np.arange(self.tiles, dtype=np.uint64),
            np.array(weights, np.uint64),
            masses,
        )

    def chunks(self, bases: list[str]) -> list[tuple[object, object, list[object]]]:
        own = [self._columns[2] if b != "uniform" else np.ones(self.tiles, np.int64) for b in bases]
        return [
            (
                self._columns[0][i : i + 7],
                self._columns[1][i : i + 7],
                [masses[i : i + 7] for masses in own],
            )
            for i in range(0, self.tiles, 7)
        ]


@pytest.mark.parametrize("few", [2, 200_000])
@pytest.mark.parametrize("seed", range(60))
def test_the_law_is_that_of_python_integers_also_by_buckets(few: int, seed: int) -> None:
    """No finding for right weights; one for any unit moved."""
    draw = np.random.default_rng(seed)
    top = int(draw.choice([1, 3, 100, 10**6, 2**40, 2**62]))
    masses = draw.integers(0, top, int(draw.integers(2, 60)), endpoint=True)
    if draw.random() < 0.3:
        masses = draw.choice(masses[:3], len(masses))
    units = 10 ** int(draw.integers(0, 19))
    weights = apportioned(masses.tolist(), units)
    country = FakeCountry(masses, weights)
    check_exactly(country, {"population": units}, few)  # type: ignore[arg-type]
    assert country.findings.to_list() == []
    giver = int(np.argmax(np.array(weights, np.uint64)))
    weights[giver] -= 1
    weights[giver - 1] += 1
    country = FakeCountry(masses, weights)
    check_exactly(country, {"population": units}, few)  # type: ignore[arg-type]
    (found,) = country.findings.to_list()
    assert found.code == "weight-law"
    assert found.message.startswith("2 rows")


@pytest.mark.parametrize("seed", range(300))
def test_the_law_by_whole_arrays_is_that_of_python_integers(seed: int) -> None:
    """Weights are found wrong exactly when they are not those of exact arithmetic; the summary is its."""
    draw = np.random.default_rng(seed)
    top = int(draw.choice([1, 3, 100, 10**6, 2**40, 2**55, 2**61]))
    masses = draw.integers(0, top, int(draw.integers(1, 40)), endpoint=True)
    if draw.random() < 0.4:
        masses = draw.choice(masses[:3], len(masses))
    units = 10 ** int(draw.integers(0, 19))
    right = apportioned(masses.tolist(), units)
    weights = list(right)
    for _ in range(int(draw.integers(0, 3))):
        giver, taker = (int(tile) for tile in draw.integers(0, len(masses), 2))
        moved = min(weights[giver], int(draw.choice([1, 1, 2, 16, 2**30])))
        weights[giver], weights[taker] = weights[giver] - moved, weights[taker] + moved
    country = FakeCountry(masses, weights)
    own = CountrySummary("XX", len(masses), weights.count(0), [BasisSummary("population", units)])
    check_apportionment(country, own)  # type: ignore[arg-type]
    expected = [] if weights == right else ["weight-law"]
    assert [one.code for one in country.findings.to_list()] == expected
    total = sum(masses.tolist())
    counts = masses.tolist() if total else [1] * len(masses)
    floors = sum(mass * units // (total or len(masses)) for mass in counts)
    (basis,) = own.bases
    assert (basis.mass_sum, basis.floor_sum, basis.fallback) == (total, floors, total == 0)
    zero_despite_mass = sum(w == 0 and mass > 0 for w, mass in zip(weights, counts, strict=True))
    assert own.zero_tiles_with_mass == zero_despite_mass


def test_a_mixture_has_a_summary_of_each_basis_and_weights_near_their_quotients() -> None:
    """By hand: 10 units each of masses 3, 1, 0 and of three equal tiles; quotients 10, 5 and 3."""
    own = CountrySummary("XX", 3, 0, [BasisSummary("population", 10), BasisSummary("uniform", 10)])
    country = FakeCountry(np.array([3, 1, 0]), [12, 5, 3])
    check_apportionment(country, own)  # type: ignore[arg-type]
    assert country.findings.to_list() == []
    assert [asdict(basis) for basis in own.bases] == [
        {"basis": "population", "units": 10, "mass_sum": 4, "floor_sum": 9, "remainder_units": 1,
         "fallback": False},
        {"basis": "uniform", "units": 10, "mass_sum": 3, "floor_sum": 9, "remainder_units": 1,
         "fallback": False},
    ]  # fmt: skip
    assert own.zero_tiles_with_mass == 0
    for weights, tile_id in (([13, 4, 3], 0), ([12, 4, 4], 1), ([11, 3, 6], 1)):
        country = FakeCountry(np.array([3, 1, 0]), weights)
        check_apportionment(country, own)  # type: ignore[arg-type]
        (found,) = country.findings.to_list()
        assert (found.code, found.example["tile_id"]) == ("weight-law", tile_id)


def test_weights_off_by_a_whole_turn_of_64_bits_are_found() -> None:
    """Sixteen units times a sum of 2^60 are 2^64, which 64 bits cannot tell from nothing."""
    masses = np.array([1 << 59, (1 << 59) - 1, 1])
    assert apportioned(masses.tolist(), 1000) == [500, 500, 0]
    country = FakeCountry(masses, [484, 500, 16])
    own = CountrySummary("XX", 3, 0, [BasisSummary("population", 1000)])
    check_apportionment(country, own)  # type: ignore[arg-type]
    (found,) = country.findings.to_list()
    assert found.code == "weight-law"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_micro_persons_are_those_of_fractions(dtype: type) -> None:
    draw = np.random.default_rng(5)
    values: NDArray[np.floating] = np.concatenate([
        draw.lognormal(0, 8, 3000),
        draw.integers(1, 10**7, 1000) / 2 / 10**6,
        draw.integers(1, 1000, 100).astype(float),
        draw.integers(1, 10**5, 1000) / 128,
    ]).astype(dtype)  # fmt: skip
    values = values[(values > 0) & (values < 9e12)]
    assert rounded_micro(values).tolist() == [micro_persons_exactly(value) for value in values]


def test_half_to_even_by_hand() -> None:
    assert [half_to_even(n, 4) for n in (1, 2, 3, 4, 5, 6, 7, 10)] == [0, 0, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("cell", ["1deg", "5m", "30s"])
def test_the_closed_formula_agrees_with_the_published_areas(cell: str) -> None:
    grid = Grid.from_resolution(cell)
    areas = zone_areas_m2(grid)
    assert np.allclose(areas, tile_areas_m2(grid), rtol=1e-9, atol=1e-4)
    globe = areas.sum() * grid.n_cols
    assert globe == pytest.approx(510_065_621_724_089, rel=1e-11)


def test_mixtures_by_hand() -> None:
    assert bases_of("population:9,area_m2:1") == {"population": 9, "area_m2": 1}
    assert split_units({"population": 9, "area_m2": 1}, 0) == {"population": 1, "area_m2": 0}
    assert split_units({"area_m2": 1, "uniform": 1}, 0) == {"area_m2": 1, "uniform": 0}
    assert sum(split_units({"area_m2": 3, "populated": 2, "uniform": 2}, 12).values()) == 10**12


@pytest.mark.parametrize(
    "text",
    ["", "people", "population:1", "area_m2:1,population:9", "population:2,area_m2:2",
     "population:1,population:1", "population:0,area_m2:0", "population:1,x:1"],
)  # fmt: skip
def test_texts_that_are_not_canonical_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="canonical"):
        bases_of(text)


@pytest.mark.parametrize("seed", range(30))
def test_runs_are_the_sets_of_their_ids(seed: int) -> None:
    draw = np.random.default_rng(seed)
    one, other = (draw.integers(0, 60, 40).astype(np.uint64) for _ in range(2))
    sets, runs = [set(one.tolist()), set(other.tolist())], []
    for ids in (one, other):
        collector = RunCollector()
        for first in range(0, 40, 9):
            collector.add(ids[first : first + 9])
        runs.append(collector.finish())
    missing = sets[0] - sets[1]
    assert runs[0].without(runs[1]) == (len(missing), min(missing, default=0))
    assert runs[0].tile_count == len(sets[0])
    assert shared_tiles(runs) == len(sets[0] & sets[1])
    rows = runs[0].by_row(7)
    assert (rows.starts // 7 == (rows.stops - 1) // 7).all()
    assert rows.ids_at(np.arange(len(sets[0]))).tolist() == sorted(sets[0])
    none = IdRuns(np.empty(0, np.int64), np.empty(0, np.int64))
    assert none.without(runs[0]) == (0, 0)
    assert none.by_row(7).tile_count == 0


class RowsInMemory(CountryFiles):
    """Rows of a dataset that lie in no file, in batches of a few."""

    rows: pa.Table

    def batches(self, *_: object, **__: object) -> Iterator[pa.RecordBatch]:
        yield from self.rows.to_batches(max_chunksize=4)


@pytest.mark.parametrize("dataset", ["tile_bounds", "span_weights"])
@pytest.mark.parametrize("seed", range(30))
def test_rows_out_of_order_are_those_of_the_key_whatever_the_batches(
    dataset: str, seed: int
) -> None:
    """Of one column or two, also between the last row of a batch and the first of the next."""
    draw = np.random.default_rng(seed)
    files = RowsInMemory(NOWHERE, DATASETS[dataset], "FR", Findings(""))
    names = files.dataset.key[1:]
    keys = sorted(tuple(row) for row in draw.integers(0, 6, (12, len(names))).tolist())
    if seed % 3:
        keys[seed % 11], keys[seed % 11 + 1] = keys[seed % 11 + 1], keys[seed % 11]
    columns = {
        name: [key[names.index(name)] if name in names else 0 for key in keys]
        for name in files.columns
    }
    table = pa.table({**columns, "country_iso": ["FR"] * 12}, files.dataset.schema)
    files.rows = table.set_column(0, "country_iso", table["country_iso"].dictionary_encode())
    list(RowChecks(files).batches())
    pairs = list(itertools.pairwise(keys))
    expected = dict.fromkeys(("tile-twice", "order"), 0)
    expected["tile-twice" if dataset == "tile_bounds" else "order"] += sum(a == b for a, b in pairs)
    expected["order"] += sum(b < a for a, b in pairs)
    found = {one.code: int(one.message.split()[0]) for one in files.findings.to_list()}
    assert found == {code: count for code, count in expected.items() if count}
