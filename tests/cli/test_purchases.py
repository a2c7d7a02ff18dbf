"""``closedworld purchases`` as a user sees it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from closedworld.worlds import open_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]

pytestmark = pytest.mark.slow


def test_what_a_world_lacks_is_made_first(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "world"
    assert call("run", "--countries", "LU,MT", "--out", out, "--quiet").exit_code == 0
    done = call("purchases", out, "--cards", "LU=40,MT=10", "--days", "2", "--noise", "2")
    assert done.exit_code == 0
    assert "purchases with 50 cards in 2 days" in done.stdout
    world = open_world(out)
    assert world.purchases.count_rows() > 50
    assert call("report", out, "--out", tmp_path / "report.html").exit_code == 0
    page = (tmp_path / "report.html").read_text()
    made = (
        f"{world.sites.count_rows():,} sites, 50 cards, {world.purchases.count_rows():,} purchases"
    )
    assert re.findall("<h1>(.*)</h1>", page) == [made]
    assert re.findall("<dt>(.*)</dt>", page)[:4] == ["Sites", "Cards", "Purchases", "Time"]
    assert "The report of the run that built the tiles or weights" in page
    again = call("purchases", out, "--days", "2", "--noise", "2", "--quiet")
    assert again.stdout.strip() == str(world.result("purchases").folder)
    path = call("path", out, "truth").stdout.strip()
    assert path == str(world.result("purchases").folder / "truth")
    scored = call("score", str(out / "names" / "latest"), "--json")
    assert json.loads(scored.stdout)["score"]["format"] == "closedworld"


def test_sites_that_nobody_visits_are_warned_of_each_time(call: Call, tmp_path: Path) -> None:
    out, shops = tmp_path / "world", tmp_path / "shops.csv"
    shops.write_text("merchant_id,country_iso,n,category\nmart,LU,9,grocery\nodd,LU,4,\n")
    command = "run", "--countries", "LU", "--merchants", shops, "--out", out, "--quiet"
    assert call(*command).exit_code == 0
    for _ in range(2):
        done = call("purchases", out, "--cards", "LU=10", "--days", "2")
        assert "4 sites have no known category" in done.stderr
        assert "[purchases-sites-unvisited]" in done.stderr
    assert "Verified and reused" in done.stdout


def test_options_that_cannot_be_meant_end_the_command(call: Call, tmp_path: Path) -> None:
    fraud = tmp_path / "fraud.toml"
    fraud.write_text("share = 2\n")
    for options in (("--from", "soon"), ("--noise", "-1"), ("--fraud", fraud)):
        assert call("purchases", "--out", tmp_path / "w", *options).exit_code == 2


def test_one_command_from_inputs_to_purchases_and_what_it_says_to_do_next(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("run", "--countries", "LU", "--cards", "20", "--days", "2", "--out", "world")
    assert done.exit_code == 0
    assert "merchants of the demonstration" in done.stdout
    assert open_world("world").purchases.count_rows() > 0
    steps = done.stdout.partition("Next:\n")[2].splitlines()
    assert [step.split()[1] for step in steps] == [
        "report",
        "score",
        "explore",
        "sample",
        "inspect",
    ]
    for step in steps:
        assert call(*step.split()[1:]).exit_code == 0
    rows_shown(call, "world")


def rows_shown(call: Call, out: str) -> None:
    """Have ``inspect`` show rows of each dataset, times and letters beyond ASCII among them."""
    for name in ("sites", "cards", "purchases", "stays"):
        done = call("inspect", out, "--dataset", name, "--country", "LU", "--rows", "1000")
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("  {")]
        assert rows
        assert {row["country_iso"] for row in rows} == {"LU"}
        if name == "sites":
            assert any(not row["place"].isascii() for row in rows if row["place"])
            assert "\\u" not in done.stdout
        if name == "purchases":
            datetime.fromisoformat(rows[0]["ts_utc"])
    done = call("inspect", out, "--dataset", "truth")
    assert '"is_fraud": ' in done.stdout
    done = call("inspect", out, "--dataset", "truth", "--country", "LU")
    assert done.exit_code == 2
    assert "truth has no column country_iso" in done.stderr
    done = call("inspect", out, "--dataset", "purchases", "--country", "FR")
    assert "  no rows of FR" in done.stdout
