"""What the commands do as a user sees it: results, exit status, messages."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
import shapely
from click.testing import CliRunner

from closedworld import __version__
from closedworld.cli import main
from closedworld.published.results import find_published, open_dataset, open_published
from closedworld.stages.tiles.part_files import write_tiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    from closedworld.stages.tasks import DigestedResult
    from closedworld.stages.tiles.part_files import TileTask

    Call = Callable[..., Result]

SMALL = ("--countries", "DE,FR,LU", "--resolution", "1deg", "--out")


def commands() -> list[tuple[str, click.Command]]:
    return [("closedworld", main), *main.commands.items()]


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_and_every_option_has_help(name: str, command: click.Command) -> None:
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{name} {option.name}"
    words = [] if name == "closedworld" else [name]
    shown = CliRunner().invoke(main, [*words, "--help"])
    assert shown.exit_code == 0
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.opts[-1] in shown.output


def test_every_command_can_be_quiet_and_print_json() -> None:
    """All but ``sql``, whose text is its result."""
    for name, command in main.commands.items():
        if name != "sql":
            flags = {flag for option in command.params for flag in option.opts}
            assert {"-q", "--quiet", "--json"} <= flags, name


def test_stages_and_exit_statuses_are_in_the_help() -> None:
    overview = CliRunner().invoke(main, ["-h"]).output
    for number in "023456":
        assert f"{number} " in overview.split("Exit status:")[1].split("Commands")[0]
    for stage in ("S0", "S1"):
        assert stage in CliRunner().invoke(main, ["run", "--help"]).output


def test_help_imports_no_heavy_library() -> None:
    """Numbers, geometry and rasters take a second to import; help must not wait for them."""
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from closedworld.cli import main\n"
        "for words in (['--help'], ['run', '--help'], ['tiles', '--help'], ['inputs', '--help'],\n"
        "              ['inspect', '--help'], ['report', '--help'], ['sample', '--help'],\n"
        "              ['diff', '--help'], ['export', '--help'], ['explore', '--help'], ['fetch', '--help'],\n"
        "              ['fetch'], ['--version']):\n"
        "    assert CliRunner().invoke(main, words).exit_code == 0, words\n"
        "heavy = {'numpy', 'requests', 'pyarrow', 'shapely', 'rasterio', 'pyproj', 'pyogrio', 'PIL', 'rich', 'jinja2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_shown(call: Call) -> None:
    assert __version__ in call("--version").output


@pytest.mark.parametrize("command", ["run", "tiles"])
def test_a_world_is_built_and_its_places_are_named(
    call: Call, tmp_path: Path, command: str
) -> None:
    done = call(command, *SMALL, tmp_path)
    assert done.exit_code == 0
    published = open_published(tmp_path, "tiles")
    published.verify()
    tiles = published.receipt.totals["tiles"]
    assert f"{tiles:,} tiles of " in done.stdout
    assert f"  folder    {tmp_path} (" in done.stdout
    assert len(done.stdout.splitlines()) <= 17
    (report,) = (tmp_path / "reports").iterdir()
    assert str(report) in done.stdout
    assert open_dataset(tmp_path).count_rows() == tiles


@pytest.mark.slow
def test_a_second_run_says_that_it_verified_and_reused(call: Call, tmp_path: Path) -> None:
    assert call("run", *SMALL, tmp_path).stdout.count("Built ") == 2
    again = call("run", *SMALL, tmp_path)
    assert again.exit_code == 0
    assert again.stdout.count("Verified and reused ") == 2
    assert len(find_published(tmp_path)) == 2


def test_options_reach_the_result(
    call: Call, tmp_path: Path, polygons: Callable[..., Path], raster: Callable[..., Path]
) -> None:
    done = call(
        "tiles",
        *("--polygons", polygons(), "--raster", raster(), "--out", tmp_path / "out"),
        *("--rule", "any_overlap", "--keep-small-countries", "--s1-workers", 2),
        *("--iso-column", "iso_a2", "--name-column", "name", "--countries", " fr, ar ,"),
    )
    assert done.exit_code == 0
    parameters = open_published(tmp_path / "out", "tiles").receipt.parameters
    assert parameters["countries"] == ["AR", "FR"]
    assert parameters["rule"] == "any_overlap"
    assert parameters["keep_small_countries"] is True
    assert parameters["grid"]["n_cols"] == 72


@pytest.mark.parametrize(
    "words",
    [
        ["--rule", "nearest"],
        ["--s1-workers", "0"],
        ["--s1-workers", "many"],
        ["--no-such-option"],
        ["--log-format", "xml"],
        ["surplus"],
        ["--resolution", "7s"],
        ["--resolution", "thirty"],
        ["--resolution", "1deg", "--raster", "some.tif"],
        ["--countries", "QQ", "--resolution", "1deg"],
        ["--countries", ""],
        ["--config", "none.toml"],
    ],
    ids=" ".join,
)
def test_a_wrong_option_ends_with_status_2(call: Call, tmp_path: Path, words: list[str]) -> None:
    done = call("run", "--out", tmp_path / "out", *words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert find_published(tmp_path) == []


@pytest.mark.parametrize(
    ("asked", "advice"),
    [("Germany", "DE"), ("DEU", "DE"), ("UK", "GB"), ("Frnace", "FR"), ("GERMANY", "DE")],
)
def test_an_unknown_country_gets_a_suggestion(
    call: Call, tmp_path: Path, asked: str, advice: str
) -> None:
    done = call("tiles", "--countries", asked, "--resolution", "1deg", "--out", tmp_path)
    assert done.exit_code == 2
    assert f"'{asked}'" in done.stderr
    assert "country-unknown" in done.stderr
    assert advice in done.stderr.split("error [")[1].replace(asked, "")


def test_an_unusable_file_ends_with_status_3_and_is_named(
    call: Call, tmp_path: Path, polygons: Callable[..., Path], raster: Callable[..., Path]
) -> None:
    bow = shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    bad = polygons("bad.parquet", [("DE", "Bow tie", bow)])
    projected = raster("projected.tif", crs="EPSG:3857")
    for words, expected in (
        (("--polygons", "none.gpkg"), ("none.gpkg",)),
        (("--polygons", bad), ("DE", "geometry-invalid", "--repair-geometry")),
        (("--raster", projected), (str(projected), "gdalwarp -t_srs EPSG:4326", "EPSG:3857")),
        (("--raster", "none.tif"), ("none.tif", "input-missing")),
    ):
        done = call("tiles", *words, "--out", tmp_path / "out")
        assert done.exit_code == 3
        for text in expected:
            assert text in done.stderr


def test_repair_geometry_builds_what_was_refused(
    call: Call, tmp_path: Path, polygons: Callable[..., Path]
) -> None:
    bow = shapely.Polygon([(0, 0), (40, 40), (40, 0), (0, 40)])
    bad = polygons("bad.parquet", [("DE", "Bow tie", bow)])
    words = ("--polygons", bad, "--resolution", "1deg", "--out", tmp_path / "out")
    assert call("tiles", *words).exit_code == 3
    done = call("tiles", *words, "--repair-geometry")
    assert done.exit_code == 0
    assert "countries-repaired" in done.stderr


def test_an_output_that_cannot_be_written_ends_with_status_4(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = call("tiles", *SMALL, tmp_path / "file" / "below")
    assert done.exit_code == 4
    assert "output-not-writable" in done.stderr
    assert str(tmp_path / "file") in done.stderr
    assert "--out" in done.stderr


def test_damaged_data_ends_with_status_5_and_the_file_is_named(call: Call, tmp_path: Path) -> None:
    assert call("tiles", *SMALL, tmp_path).exit_code == 0
    part = next(tmp_path.rglob("tile_index/*-00000.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"\0")
    done = call("tiles", *SMALL, tmp_path)
    assert done.exit_code == 5
    assert "file-digest" in done.stderr
    assert str(part) in done.stderr
    assert "Delete the folder and build it again." in done.stderr


def test_a_failed_unit_ends_with_status_6_and_is_named(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_task: object) -> None:
        raise MemoryError("made up")

    monkeypatch.setattr("closedworld.stages.tiles.plan.write_tiles", write)
    done = call("tiles", *SMALL, tmp_path)
    assert done.exit_code == 6
    # Whichever country was first to fail.
    assert re.search("(DE|FR|LU) part 0 failed: MemoryError", done.stderr)


@pytest.mark.slow
def test_the_module_runs_as_the_command_does(tmp_path: Path) -> None:
    """As a user types it, in another process; the program and ``python -m`` end alike."""
    program = Path(sys.executable).parent / "closedworld"
    inputs = (("--raster", "none.tif"), ("--polygons", "none.gpkg"))
    programs = ([sys.executable, "-m", "closedworld"], [str(program)])
    for words, (option, path) in zip(programs, inputs, strict=True):
        done = subprocess.run(
            [*words, "tiles", option, path, "--out", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 3
        assert f"error [input-missing]: {path} does not exist." in done.stderr
        assert "Traceback" not in done.stderr


def test_the_reports_of_runs_can_be_parsed(call: Call, tmp_path: Path) -> None:
    call("tiles", *SMALL, tmp_path)
    (report,) = (tmp_path / "reports").glob("*/run_report.json")
    assert json.loads(report.read_text())["status"] == "finished"


def test_an_interrupted_run_says_what_it_kept_and_the_next_one_takes_it_up(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DE, FR and IT are a unit each; the third is never written."""
    three = ("--countries", "DE,FR,IT", "--resolution", "1deg", "--out", tmp_path)
    done_so_far: list[TileTask] = []

    def write(task: TileTask) -> DigestedResult:
        if len(done_so_far) == 2:
            raise KeyboardInterrupt
        done_so_far.append(task)
        return write_tiles(task)

    with monkeypatch.context() as patch:
        patch.setattr("closedworld.stages.tiles.plan.write_tiles", write)
        done = call("tiles", "--executor", "serial", *three)
    assert done.exit_code == 130
    kept = f"2 finished tasks are kept in {tmp_path / '.staging'}; the same run, started again, resumes"
    assert kept in done.stderr
    again = call("tiles", *three, "-v")
    assert "2 tasks" in again.stderr
    assert not (tmp_path / ".staging").exists()


def test_an_interrupted_run_ends_with_status_130_and_publishes_nothing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_task: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("closedworld.stages.tiles.plan.write_tiles", write)
    done = call("tiles", *SMALL, tmp_path)
    assert done.exit_code == 130
    assert "interrupted" in done.stderr
    assert "kept" not in done.stderr
    assert find_published(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {"reports"}
