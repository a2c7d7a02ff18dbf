"""``closedworld people`` as a user sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from closedworld.worlds import open_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]

pytestmark = pytest.mark.slow


def test_sites_that_a_world_lacks_are_made_first(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "world"
    assert call("run", "--countries", "LU,MT", "--out", out, "--quiet").exit_code == 0
    done = call("people", out, "--cards", "LU=30,MT=10")
    assert done.exit_code == 0
    assert "Built 40 cards of 40 people in 2 countries" in done.stdout
    assert open_world(out).cards.count_rows() == 40
    again = call("people", out, "--cards", "50", "--quiet")
    assert len(again.stdout.splitlines()) == 1
    assert str(out / "people") in again.stdout


def test_one_command_gives_the_same_as_several(call: Call, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert call("run", "--countries", "LU", "--cards", "20", "--out", one).exit_code == 0
    assert call("run", "--countries", "LU", "--out", two).exit_code == 0
    assert call("people", two, "--cards", "20").exit_code == 0
    ours, theirs = (open_world(out).result("people").receipt for out in (one, two))
    assert ours == theirs


def test_homes_by_area_are_warned_of_each_time(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "world"
    assert call("run", "--countries", "LU", "--basis", "area_m2", "--out", out).exit_code == 0
    command = "people", out, "--cards", "LU=5"
    assert "[sites-without-people]" in call(*command).stderr
    again = call(*command)
    assert again.stdout.startswith("Verified and reused")
    assert "[homes-without-people]" in again.stderr


def test_all_cards_that_cannot_be_placed_are_told_at_once(call: Call, tmp_path: Path) -> None:
    """A run tells of them before it builds tiles."""
    table, out = tmp_path / "cards.csv", tmp_path / "world"
    rows = "1,LU,", "1,LU,", "3,XX,", "4,DE,", "5,LU,Atlantis"
    table.write_text("\n".join(["card_id,country,place", *rows]))
    run = "run", "--countries", "LU", "--out", out
    for command in ((*run, "--cards", table), run, ("people", out, "--cards", table)):
        done = call(*command)
        if command == run:
            assert done.exit_code == 0
            continue
        assert done.exit_code == 3
        for words in (
            "row 2 (1, LU): card_id '1' is that of row 1",
            "row 3 (3, ?): unknown country 'XX'",
            "row 4 (4, DE): the world has no tiles of DE",
            "no place called 'Atlantis'",
        ):
            assert words in done.stderr
        assert (out / "tiles").exists() == (command[0] == "people")
