"""What is told of tiles."""

from __future__ import annotations

from closedworld.stages.tiles.outcome import warn_of_cut


def test_countries_that_are_cut_are_named_the_most_cut_first() -> None:
    shares = {"AA": 0.0009, "BB": 0.001, "CC": 1.0, "DD": 0.0, "EE": 0.75, "FF": 0.75}
    warned = warn_of_cut(shares)
    assert warned is not None
    assert warned.code == "countries-cut"
    assert warned.message.startswith(
        "3 countries are cut by the edge of the grid: EE (75.0% outside), FF (75.0% outside), "
        "BB (0.1% outside). What"
    )
    assert warn_of_cut({"AA": 0.0009, "CC": 1.0}) is None


def test_of_many_countries_that_are_cut_ten_are_named() -> None:
    for count, ends in (
        (10, "J (50.0% outside). What"),
        (11, "J (50.0% outside) and 1 more. What"),
    ):
        warned = warn_of_cut(dict.fromkeys("ABCDEFGHIJK"[:count], 0.5))
        assert warned is not None
        assert ends in warned.message
