"""What a raster holds: sums over tasks, the first cell at a limit, cells with nearly all people."""

from __future__ import annotations

import pytest

from closedworld.kernels.weights import RasterFindings


def test_findings_of_tasks_add_up_and_keep_the_lowest_value_and_the_first_cell() -> None:
    first = RasterFindings(10, 1, 2, -3.0, 4, 1, 2, limit_row=7, limit_col=1)
    second = RasterFindings(5, 1, 1, -1.0, 2, 0, 1, limit_row=6, limit_col=9)
    expected = RasterFindings(15, 2, 3, -3.0, 6, 1, 3, limit_row=6, limit_col=9)
    assert first + second == second + first == expected
    assert RasterFindings(10, limit_row=7, limit_col=1) + RasterFindings(5) == RasterFindings(
        15, limit_row=7, limit_col=1
    )
    assert RasterFindings(1) + RasterFindings(2) == RasterFindings(3)


@pytest.mark.parametrize(
    ("mass", "total", "tiles", "is_heavy"),
    [
        (9, 10, 16, True),
        (8, 10, 16, False),
        (9, 10, 15, False),
        (9, 10, 17, True),
        (1, 1, 16, True),
        (0, 0, 16, False),
    ],
)
def test_a_cell_is_heavy_from_nine_tenths_of_a_country_of_sixteen_tiles(
    mass: int, total: int, tiles: int, *, is_heavy: bool
) -> None:
    found = RasterFindings().with_heavy_cells({"AT": (mass, 3, 4)}, {"AT": total}, {"AT": tiles})
    cells = [(one.country_iso, one.row, one.col, one.share) for one in found.heavy_cells]
    assert cells == ([("AT", 3, 4, mass / total)] if is_heavy else [])


def test_heavy_cells_come_by_country_with_their_share_in_ten_thousandths() -> None:
    largest = {"DE": (912_345, 7, 3), "AT": (99, 0, 5), "FR": (1, 2, 2)}
    totals = {"DE": 1_000_000, "AT": 100, "FR": 100}
    found = RasterFindings(3).with_heavy_cells(largest, totals, dict.fromkeys(largest, 100))
    assert found.tiles == 3
    cells = [(one.country_iso, one.row, one.col, one.share) for one in found.heavy_cells]
    assert cells == [("AT", 0, 5, 0.99), ("DE", 7, 3, 0.9123)]


def test_nothing_is_found_where_nothing_was_looked_at() -> None:
    none = RasterFindings()
    assert none + none == none
    assert (none.tiles, none.missing, none.negative, none.positive) == (0, 0, 0, 0)
    assert (none.too_small, none.at_limit, none.lowest) == (0, 0, 0.0)
    assert (none.limit_row, none.limit_col, none.heavy_cells) == (None, None, ())
