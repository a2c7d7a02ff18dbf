"""``closedworld convert`` as a user sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from purchases import own_world, sparkov

import closedworld as cw
from closedworld.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


def test_purchases_are_written_in_another_layout(tmp_path: Path) -> None:
    tables = own_world()
    for name, table in tables.items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    words = ["convert", str(tmp_path), "--to", "sparkov", "--out", str(tmp_path / "fraudTrain.csv")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(
        f"500 purchases, {tables['truth']['is_fraud'].sum()} of them fraud, written to "
    )
    found = json.loads(CliRunner().invoke(main, [*words, "--json"]).stdout)
    assert found["purchases"] == 500
    assert found["files"][0]["size_bytes"] == (tmp_path / "fraudTrain.csv").stat().st_size
    days = ["convert", str(tmp_path), "--to", "handbook", "--out", str(tmp_path / "days"), "-q"]
    names = CliRunner().invoke(main, days).stdout.splitlines()
    assert names == sorted(str(path) for path in (tmp_path / "days").iterdir())


def test_a_table_is_relocated(tmp_path: Path) -> None:
    sparkov(200).to_csv(tmp_path / "theirs.csv")
    cw.run_world(cw.RunConfig(countries=("US",), out=tmp_path / "us", resolution="1deg"))
    words = [
        "convert",
        str(tmp_path / "us"),
        "--relocate",
        str(tmp_path / "theirs.csv"),
        "--seed",
        "2",
    ]
    done = CliRunner().invoke(
        main, [*words, "--out", str(tmp_path / "a.csv"), "--outlets-per-million", "2"]
    )
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("200 purchases at ")
    assert "impossible by their times" in done.stdout
    found = json.loads(
        CliRunner().invoke(main, [*words, "--out", str(tmp_path / "b.csv"), "--json"]).stdout
    )
    assert found["purchases"] == 200
    assert found["sites"] > found["merchants"]


def test_one_way_is_asked_for(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["convert", str(tmp_path), "--out", str(tmp_path / "x.csv")])
    assert done.exit_code == 2
    assert "either --to or --relocate" in done.stderr
