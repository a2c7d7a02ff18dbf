"""``closedworld report`` as a user types it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

# Here and not by the command: what it draws with must be imported before ``call`` replaces it.
from closedworld.config.run import RunConfig
from closedworld.html_report.writing import PAGE_NAME
from closedworld.run.pipeline import run_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]

pytestmark = pytest.mark.slow

SMALL = ("--countries", "LU,MC", "--resolution", "5m", "--out")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world, only to be read."""
    out = tmp_path_factory.mktemp("report") / "world"
    run_world(RunConfig(out=out, countries=("LU", "MC"), resolution="5m"))
    return out


@pytest.fixture
def world(built: Path, tmp_path: Path) -> Path:
    """The small world, to do anything with."""
    shutil.copytree(built, tmp_path / "world")
    return tmp_path / "world"


def test_a_run_names_the_command_that_shows_it(call: Call, tmp_path: Path) -> None:
    """The lines at the end of a run can be typed as they stand."""
    said = call("run", *SMALL, tmp_path / "new world").stdout
    assert f"  closedworld report '{tmp_path / 'new world'}'" in said.splitlines()


def test_the_page_goes_into_the_report_and_its_path_is_said(call: Call, world: Path) -> None:
    done = call("report", world)
    (report,) = (world / "reports").iterdir()
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{report / PAGE_NAME} (")
    assert (report / PAGE_NAME).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not list(report.glob(".*"))


def test_the_page_goes_where_asked(call: Call, world: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = call("report", world, "--out", page)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{page} (")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_cannot_be_shown_is_an_error(call: Call, world: Path, tmp_path: Path) -> None:
    assert call("report", tmp_path / "nowhere").exit_code == 2
    assert "[report-missing]" in call("report", tmp_path).stderr
    (report,) = (world / "reports").iterdir()
    (report / "run_report.json").write_text("{", encoding="utf-8")
    done = call("report", world)
    assert done.exit_code == 5
    assert "[report-unreadable]" in done.stderr
