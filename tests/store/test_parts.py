"""Part files: one row group per batch, sorted, unique, no nulls, right statistics, checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from closedworld.datasets import DATASETS, TILE_INDEX, TILE_SPANS, Column, Dataset
from closedworld.datasets.part_encoder import PartEncoder
from closedworld.kernels.sizes import DEFAULT_SIZES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from closedworld.stages.tiles.outcome import TileIndex
    from closedworld.store.reading import Published


RUN_TABLES = ["span_weights", "tile_coverage", "tile_spans"]


@pytest.fixture(params=sorted(DATASETS))
def spec(request: pytest.FixtureRequest) -> Dataset:
    return DATASETS[request.param]


@pytest.fixture
def files(real_results: dict[str, Published], spec: Dataset) -> list[Path]:
    receipt, folder = real_results[spec.name].receipt, real_results[spec.name].folder
    return [folder / entry.path for entry in receipt.files if entry.dataset == spec.name]


def row_groups(files: Sequence[Path]) -> Iterator[tuple[pq.RowGroupMetaData, pa.Table]]:
    for path in files:
        file = pq.ParquetFile(path)
        for number in range(file.num_row_groups):
            yield file.metadata.row_group(number), file.read_row_group(number)


def spans_rows(first: int, count: int) -> pa.RecordBatch:
    """Return made-up rows of ``tile_spans``."""
    numbers = np.arange(first, first + count, dtype=np.int32)
    iso = pa.array(["DE"] * count).dictionary_encode()
    return pa.RecordBatch.from_pydict(
        {
            "country_iso": iso,
            "raster_row": numbers,
            "col_start": numbers,
            "col_stop": numbers + 1,
            "first_rank": numbers.astype(np.int64),
        }
    )


def encoded(groups: Sequence[Sequence[pa.RecordBatch]], spec: Dataset = TILE_SPANS) -> bytes:
    encoder = PartEncoder(spec)
    for batches in groups:
        encoder.write(batches)
    return bytes(encoder.finish())


def test_the_sizes_of_row_groups_and_parts_are_those_of_the_format() -> None:
    assert DEFAULT_SIZES.row_group_tiles == 1_048_576
    assert DEFAULT_SIZES.part_tiles == 4 * 1_048_576


def test_row_groups_hold_what_the_plan_says_and_only_the_last_is_smaller(
    real_index: TileIndex,
) -> None:
    files = sorted((real_index.published.folder / "tile_index").glob("RU-*.parquet"))
    sizes = [group.num_rows for group, _ in row_groups(files)]
    assert set(sizes[:-1]) == {1024}
    assert 0 < sizes[-1] <= 1024
    assert sum(sizes) == real_index.world.tile_counts["RU"]
    numbers = [pq.read_metadata(path).num_row_groups for path in files]
    assert numbers[:-1] == [4] * (len(files) - 1)


def test_statistics_are_the_least_and_the_greatest_value_of_each_column(files: list[Path]) -> None:
    for group, table in row_groups(files):
        for number, column in enumerate(table.columns):
            statistics = group.column(number).statistics
            values = column.drop_null().to_pylist()
            assert statistics.null_count == column.null_count
            assert statistics.has_min_max is bool(values)
            if values:
                assert (statistics.min, statistics.max) == (min(values), max(values))


def test_rows_are_sorted_and_unique_over_all_parts_of_a_country(
    spec: Dataset, files: list[Path]
) -> None:
    keys: list[tuple[object, ...]] = []
    for path in files:
        table = pq.ParquetFile(path).read()
        # Where the partition is no column, rows are in order within it.
        first = [] if spec.partition in spec.schema.names else [path.name]
        rows = zip(*(table[name].to_pylist() for name in spec.key), strict=True)
        keys += [(*first, *row) for row in rows]
    assert keys == sorted(set(keys))


@pytest.mark.slow
def test_files_say_how_they_are_sorted(spec: Dataset, files: list[Path]) -> None:
    for group, _ in row_groups(files):
        named = [spec.schema.names[s.column_index] for s in group.sorting_columns]
        assert tuple(named) == spec.key
        assert not any(s.descending for s in group.sorting_columns)


def test_fields_are_required_and_hold_no_null_unless_the_schema_says_so(
    spec: Dataset, files: list[Path]
) -> None:
    for path in files:
        file = pq.ParquetFile(path)
        assert file.schema_arrow.equals(spec.schema)
        levels = [file.schema.column(i).max_definition_level for i in range(len(spec.schema))]
        assert levels == [int(field.nullable) for field in spec.schema]
        nulls = [column.null_count > 0 for column in file.read().columns]
        assert all(field.nullable for field, has in zip(spec.schema, nulls, strict=True) if has)


@pytest.mark.parametrize("spec", RUN_TABLES, indirect=True)
def test_columns_have_the_encodings_of_the_schema(spec: Dataset, files: list[Path]) -> None:
    for group, _ in row_groups(files):
        for number, name in enumerate(spec.schema.names):
            column = group.column(number)
            assert column.compression == "ZSTD"
            assert column.has_dictionary_page is (name not in spec.encodings)
            assert spec.encodings.get(name, "RLE_DICTIONARY") in column.encodings


@pytest.mark.parametrize("spec", ["tile_index", "tile_bounds", "tile_weights"], indirect=True)
def test_columns_of_tiles_take_no_more_than_their_runs(spec: Dataset, files: list[Path]) -> None:
    """Indices of dictionaries, or differences; only weights one by one."""
    for group, _ in row_groups(files):
        for number, name in enumerate(spec.schema.names):
            column = group.column(number)
            encodings = set(column.encodings)
            if name == "tile_id":
                assert encodings == {"DELTA_BINARY_PACKED"}
            elif name == "weight_fp":
                assert encodings == {"PLAIN"}
            else:
                assert encodings == {"PLAIN", "RLE_DICTIONARY"}
                assert column.has_dictionary_page


def test_page_checksums_are_there_and_right(files: list[Path]) -> None:
    for path in files:
        pq.ParquetFile(path, page_checksum_verification=True).read()


@pytest.mark.slow
def test_page_checksums_find_a_flipped_bit(files: list[Path], tmp_path: Path) -> None:
    """Which shows that there are any: a file without them would be read in silence."""
    data = bytearray(files[0].read_bytes())
    metadata = pq.read_metadata(files[0])
    names = metadata.schema.names
    name = "country_iso" if "country_iso" in names else names[0]
    column = metadata.row_group(0).column(names.index(name))
    start = column.dictionary_page_offset or column.data_page_offset
    damaged = tmp_path / "part.parquet"
    found = 0
    for offset in range(start, start + column.total_compressed_size):
        data[offset] ^= 1
        damaged.write_bytes(data)
        data[offset] ^= 1
        try:
            pq.ParquetFile(damaged, page_checksum_verification=True).read(columns=[name])
        except OSError as error:
            found += "CRC" in str(error)
    assert found > 10


def test_bytes_depend_on_the_row_groups_but_not_on_their_batches() -> None:
    """Also across the size at which the encoder writes values in one go."""
    count = 200_000
    whole = encoded([[spans_rows(0, count)]])
    cut = encoded([[spans_rows(first, 50_000) for first in range(0, count, 50_000)]])
    odd = encoded([[spans_rows(0, 65_537), spans_rows(65_537, count - 65_537)]])
    assert whole == cut == odd
    assert whole != encoded([[spans_rows(0, 100_000)], [spans_rows(100_000, 100_000)]])


def test_each_write_is_one_row_group() -> None:
    data = encoded([[spans_rows(0, 5), spans_rows(5, 2)], [spans_rows(7, 3)]])
    metadata = pq.ParquetFile(pa.BufferReader(data)).metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [7, 3]


def test_rows_are_counted() -> None:
    encoder = PartEncoder(TILE_SPANS)
    encoder.write([spans_rows(0, 5)])
    encoder.write([spans_rows(5, 2)])
    assert encoder.rows == 7


def test_a_part_without_rows_has_the_schema(spec: Dataset) -> None:
    file = pq.ParquetFile(PartEncoder(spec).finish())
    assert file.schema_arrow == spec.schema
    assert (file.metadata.num_rows, file.num_row_groups) == (0, 0)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("first_rank", np.arange(3, dtype=np.uint64)),
        ("raster_row", np.arange(3, dtype=np.int64)),
        ("country_iso", pa.array([1, 2, 3])),
    ],
)
def test_a_column_of_another_type_is_refused(column: str, values: object) -> None:
    batch = spans_rows(0, 3)
    columns = {**dict(zip(batch.schema.names, batch.columns, strict=True)), column: values}
    with pytest.raises(TypeError, match=column):
        encoded([[pa.RecordBatch.from_pydict(columns)]])


NOTES = Dataset(
    "notes",
    (
        Column("country_iso", pa.string(), ""),
        Column("note", pa.string(), "", nullable=True),
        Column("share", pa.float64(), "", "PLAIN", nullable=True),
    ),
    key=("country_iso",),
)


def notes(texts: pa.Array, iso: pa.Array | None = None) -> pa.RecordBatch:
    n = len(texts)
    columns = [iso or pa.array(["DE"] * n), texts, pa.array([None, 0.5] * (n // 2))]
    return pa.RecordBatch.from_arrays(columns, NOTES.schema.names)


def test_missing_values_are_kept_apart_from_empty_ones() -> None:
    batch = notes(pa.array(["", None, "x", None]))
    file = pq.ParquetFile(pa.BufferReader(encoded([[batch]], NOTES)))
    assert file.schema_arrow == NOTES.schema
    assert file.read().to_pydict() == batch.to_pydict()
    assert [file.metadata.row_group(0).column(i).statistics.null_count for i in range(3)] == [0, 2, 2]  # fmt: skip


def test_bytes_do_not_depend_on_dictionaries() -> None:
    texts = pa.array(["b", None, "a", "b"] * 50_000)
    odd = pa.DictionaryArray.from_arrays(pa.array([1, None, 2, 1] * 50_000), ["?", "b", "a"])
    whole = encoded([[notes(texts)]], NOTES)
    assert whole == encoded([[notes(texts.dictionary_encode())]], NOTES)
    assert whole == encoded([[notes(odd)]], NOTES)


def test_a_value_that_may_not_be_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="country_iso has missing values"):
        encoded([[notes(pa.array(["a", "b"]), iso=pa.array(["DE", None]))]], NOTES)


def test_columns_of_another_dataset_are_refused() -> None:
    with pytest.raises((TypeError, ValueError)):
        encoded([[spans_rows(0, 3)]], TILE_INDEX)
