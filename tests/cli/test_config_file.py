"""``--config``: a run file, and options over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from closedworld.published.results import open_published

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]


@pytest.fixture
def run_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        (tmp_path / "deep").mkdir(exist_ok=True)
        path = tmp_path / "deep" / "run.toml"
        path.write_text(text)
        return path

    return write


BASE = 'countries = ["DE", "FR"]\nresolution = "1deg"\nout = "../world"\n'


def test_paths_in_the_file_are_taken_from_its_folder(
    call: Call, tmp_path: Path, run_file: Callable[[str], Path], polygons: Callable[..., Path]
) -> None:
    polygons("mine.parquet")
    text = 'polygons = "../mine.parquet"\nresolution = "0.5deg"\nout = "world"\n'
    done = call("run", "--config", run_file(text))
    assert done.exit_code == 0
    countries = open_published(tmp_path / "deep" / "world", "tiles").receipt.parameters["countries"]
    assert countries[0] == "AQ"
    assert len(countries) == 13


def test_options_win_over_the_file(
    call: Call, tmp_path: Path, run_file: Callable[[str], Path]
) -> None:
    path = run_file(BASE + 'rule = "any_overlap"\nkeep_small_countries = true\n')
    words = ("--countries", "IT", "--rule", "center", "--no-keep-small-countries")
    assert call("run", "--config", path, *words, "--out", tmp_path / "other").exit_code == 0
    parameters = open_published(tmp_path / "other", "tiles").receipt.parameters
    assert parameters["countries"] == ["IT"]
    assert parameters["rule"] == "center"
    assert parameters["keep_small_countries"] is False
    assert parameters["grid"]["n_rows"] == 180
    assert not (tmp_path / "world").exists()


def test_without_options_the_file_stands(
    call: Call, tmp_path: Path, run_file: Callable[[str], Path]
) -> None:
    path = run_file(BASE + 'rule = "any_overlap"\nkeep_small_countries = true\ns1_workers = 2\n')
    assert call("run", "--config", path).exit_code == 0
    parameters = open_published(tmp_path / "world", "tiles").receipt.parameters
    assert parameters["countries"] == ["DE", "FR"]
    assert parameters["rule"] == "any_overlap"
    assert parameters["keep_small_countries"] is True


@pytest.mark.slow
def test_a_grid_on_the_command_line_takes_the_place_of_the_file_s(
    call: Call, tmp_path: Path, run_file: Callable[[str], Path], raster: Callable[..., Path]
) -> None:
    """Whichever kind either is; the two of the command line still exclude each other."""
    path = raster()
    assert call("tiles", "--config", run_file(BASE), "--raster", path).exit_code == 0
    assert open_published(tmp_path / "world", "tiles").receipt.parameters["grid"]["n_rows"] == 36
    by_raster = run_file(BASE.replace('resolution = "1deg"', f'raster = "{path}"'))
    words = ("--resolution", "2deg", "--out", tmp_path / "other")
    assert call("tiles", "--config", by_raster, *words).exit_code == 0
    assert open_published(tmp_path / "other", "tiles").receipt.parameters["grid"]["n_rows"] == 90
    both = call("tiles", "--config", by_raster, *words, "--raster", path)
    assert both.exit_code == 2
    assert "grid-ambiguous" in both.stderr


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("colour = 1\n", "option-unknown", "'colour'"),
        ("s1-workers = 1\n", "option-unknown", "s1_workers"),
        ('s1_workers = "2"\n', "option-type", "s1_workers"),
        ("s8_workers = 1\n", "option-unknown", "'s8'"),
        ("resolution = 30\n", "option-type", "resolution"),
        ("out = [", "config-syntax", "run.toml"),
        ('resolution = "1deg"\nraster = "a.tif"\n', "grid-ambiguous", "a.tif"),
        ('rule = "nearest"\n', "rule-unknown", "nearest"),
    ],
)
def test_a_bad_file_ends_with_status_2_and_says_what_is_wrong(
    call: Call, run_file: Callable[[str], Path], text: str, code: str, named: str
) -> None:
    done = call("run", "--config", run_file(text))
    assert done.exit_code == 2
    assert f"[{code}]" in done.stderr
    assert named in done.stderr
