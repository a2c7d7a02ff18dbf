"""``closedworld score`` as a user sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from purchases import sparkov

from closedworld.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scored") / "fraudTrain.csv"
    sparkov().to_csv(path)
    return path


def test_it_prints_a_dozen_lines_and_writes_a_page(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "score.html"
    done = CliRunner().invoke(main, ["score", str(file), "--out", str(page)])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert len(lines) <= 20
    assert "Sparkov, 600 purchases, 20 cards, 15 merchants" in lines[0]
    assert any(
        line.startswith("merchants with a new place each time") and "100%" in line for line in lines
    )
    assert lines[-1] == f"page: {page}"
    assert page.read_text().startswith("<!doctype html>")


def test_another_table_stands_beside_it(file: Path) -> None:
    done = CliRunner().invoke(main, ["score", str(file), "--beside", str(file), "--json"])
    found = json.loads(done.stdout)
    assert found["score"] == found["beside"]
    done = CliRunner().invoke(main, ["score", str(file), "--beside", str(file)])
    assert "leaks of the second: amount" in done.stdout


def test_columns_are_named_by_options(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("who,when\n1,2025-01-01 10:00\n1,2025-01-02 11:00\n")
    words = ["score", str(path), "--card", "who", "--time", "when", "--json"]
    found = json.loads(CliRunner().invoke(main, words).stdout)["score"]
    assert found["counts"]["purchases"] == 2
    assert found["hours"][10:12] == [1, 1]
    done = CliRunner().invoke(main, ["score", str(path)])
    assert done.exit_code == 3
    assert "[purchases-format]" in done.stderr


def test_rows_left_out_are_a_warning_and_quiet_prints_the_page_alone(tmp_path: Path) -> None:
    path, page = tmp_path / "mine.csv", tmp_path / "page.html"
    path.write_text("who,when\n1,2025-01-01 10:00\n,2025-01-02 11:00\n")
    words = ["score", str(path), "--card", "who", "--time", "when", "-q", "--out", str(page)]
    done = CliRunner().invoke(main, words)
    assert done.stdout.splitlines() == [str(page)]
    assert "warning [purchases-incomplete]: 1 purchase has no card" in done.stderr


def test_a_page_that_cannot_be_written_is_an_error(file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["score", str(file), "--out", str(tmp_path / "no" / "page.html")]
    )
    assert done.exit_code == 4
    assert "[output-not-writable]" in done.stderr
