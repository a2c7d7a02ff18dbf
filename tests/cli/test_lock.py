"""The input lock as a user works with it."""

from __future__ import annotations

import json
import os
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from pyogrio import raw

from closedworld.store.file_digests import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Call = Callable[..., Result]

pytestmark = pytest.mark.slow


@pytest.fixture
def shapefile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shapefile of one country, in the current folder."""
    import numpy as np  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.shp"
    raw.write(
        str(path),
        shapely.to_wkb(np.array([shapely.box(0, 40, 5, 45)])),
        [np.array(["FR"], object)],
        np.array(["iso_a2"]),
        geometry_type="Polygon",
        crs="EPSG:4326",
        driver="ESRI Shapefile",
    )
    return path


RUN = ("run", "--polygons", "mine.shp", "--resolution", "1deg", "--out", "world", "--quiet")


def test_a_lock_pins_every_file_and_a_run_takes_them_unchanged(call: Call, shapefile: Path) -> None:
    done = call("inputs", "--polygons", "mine.shp", "--lock")
    assert done.exit_code == 0
    assert "closedworld.lock pins" in done.output
    content = tomllib.loads((shapefile.parent / "closedworld.lock").read_text())
    pinned = {one["path"]: one["sha256"] for one in content["input"]}
    names = {"mine.shp", "mine.shx", "mine.dbf", "mine.prj", "mine.cpg"}
    assert set(pinned) == names | {"bundled:population_5m.tif"}
    assert all(pinned[name] == sha256_of_file(shapefile.parent / name) for name in names)
    assert call(*RUN, "--lock").exit_code == 0


def test_a_changed_file_is_refused_with_both_digests_before_anything_reads_it(
    call: Call, shapefile: Path
) -> None:
    """Changed so that it still opens; the .dbf, which few would think of."""
    call("inputs", "--polygons", "mine.shp", "--lock")
    part = shapefile.with_suffix(".dbf")
    before = sha256_of_file(part)
    part.write_bytes(part.read_bytes().replace(b"FR", b"DE"))
    done = call(*RUN, "--lock", "closedworld.lock")
    assert done.exit_code == 3
    assert "[input-changed]" in done.stderr
    assert before in done.stderr
    assert sha256_of_file(part) in done.stderr
    assert not list(shapefile.parent.glob("world/tiles/*"))
    assert call(*RUN).exit_code == 0


def test_a_file_that_is_not_in_the_lock_is_refused(call: Call, shapefile: Path) -> None:
    assert call("inputs", "--lock", "other.lock").exit_code == 0
    done = call(*RUN, "--lock", "other.lock")
    assert done.exit_code == 3
    assert "[input-not-locked]" in done.stderr
    assert "mine.shp" in done.stderr
    assert shapefile.exists()


def test_a_lock_may_be_named_in_the_run_file_and_works_from_any_folder(
    call: Call, shapefile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Paths of the lock start from its own folder, those of the run file from its own."""
    call("inputs", "--polygons", "mine.shp", "--lock")
    run_file = tmp_path / "run.toml"
    run_file.write_text(
        'polygons = "mine.shp"\nresolution = "1deg"\nout = "world"\nlock = "closedworld.lock"\n'
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert call("run", "--config", run_file, "--quiet").exit_code == 0
    shapefile.with_suffix(".prj").write_text("")
    assert "[input-changed]" in call("run", "--config", run_file, "--quiet").stderr


def test_bundled_data_is_pinned_by_name(call: Call, shapefile: Path) -> None:
    call("inputs", "--lock")
    text = (shapefile.parent / "closedworld.lock").read_text()
    assert "bundled:countries.parquet" in text
    assert "site-packages" not in text
    small = ("run", "--countries", "MT", "--resolution", "1deg", "--rule", "any_overlap", "--quiet")
    assert call(*small, "--lock", "--out", "world").exit_code == 0


def test_the_raster_of_weights_is_checked(call: Call, shapefile: Path) -> None:
    call("tiles", "--countries", "MT", "--quiet", "--out", "world")
    assert shapefile.exists()
    call("inputs", "--lock")
    assert call("weights", "world", "--lock", "--quiet").exit_code == 0
    lock = shapefile.parent / "closedworld.lock"
    text = lock.read_text()
    at = text.index('sha256 = "', text.index("population_5m")) + len('sha256 = "')
    lock.write_text(text[:at] + "0" * 64 + text[at + 64 :])
    done = call("weights", "world", "--lock", "--quiet", "--dp", "3")
    assert done.exit_code == 3
    assert "0" * 64 in done.stderr


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "lock-syntax"),
        ("lock_format = 2\ninput = []", "lock-syntax"),
        ("lock_format = 1", "lock-syntax"),
        ("lock_format = 1\ninput = 3", "lock-syntax"),
        ('lock_format = 1\n[[input]]\npath = "a"', "lock-syntax"),
        ("lock_format = " + "9" * 5000, "lock-syntax"),
        ("[" * 100_000, "lock-syntax"),
        ("\x00", "lock-syntax"),
        ("#" * (1 << 20) + "#", "lock-missing"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_lock_is_refused_with_advice(
    call: Call, shapefile: Path, text: str, code: str
) -> None:
    (shapefile.parent / "closedworld.lock").write_text(text)
    done = call(*RUN, "--lock")
    assert done.exit_code == 2
    assert f"[{code}]" in done.stderr
    assert "closedworld inputs --lock" in done.stderr


def test_no_lock_is_written_of_files_that_cannot_be_used(call: Call, shapefile: Path) -> None:
    shapefile.write_bytes(b"nothing")
    assert call("inputs", "--polygons", "mine.shp", "--lock").exit_code == 3
    assert not (shapefile.parent / "closedworld.lock").exists()


def test_a_pipe_is_not_waited_for(call: Call, shapefile: Path) -> None:
    os.mkfifo(shapefile.parent / "closedworld.lock")
    assert "[lock-missing]" in call(*RUN, "--lock").stderr
    os.mkfifo(shapefile.parent / "run.toml")
    assert "[config-missing]" in call("run", "--config", "run.toml").stderr


def test_control_characters_of_a_lock_reach_no_terminal(call: Call, shapefile: Path) -> None:
    call("inputs", "--polygons", "mine.shp", "--lock")
    lock = shapefile.parent / "closedworld.lock"
    digest: Any = sha256_of_file(shapefile)
    lock.write_text(lock.read_text().replace(digest, "\\u001b[31m"))
    assert "\x1b" not in call(*RUN, "--lock").stderr


def test_merchants_are_checked_and_pinned(call: Call, shapefile: Path) -> None:
    """Also by the command that builds on a result, which reads the polygons again."""
    table = shapefile.parent / "shops.csv"
    table.write_text("merchant_id,country_iso,n\nA,FR,2\n")
    files = ("--polygons", "mine.shp", "--merchants", "shops.csv")
    assert call("inputs", "--polygons", "mine.shp", "--lock").exit_code == 0
    done = call(*RUN, "--lock", "--merchants", "shops.csv")
    assert (done.exit_code, "input-not-locked" in done.stderr) == (3, True)
    done = call("inputs", *files, "--lock")
    assert done.exit_code == 0
    assert "1 row, 2 outlets" in done.output
    assert call(*RUN, "--lock").exit_code == 0
    sites = ("sites", "world", *files, "--lock", "closedworld.lock", "--quiet")
    assert call(*sites).exit_code == 0
    (shapefile.parent / "mine.cpg").write_text("UTF-16")
    done = call(*sites, "--seed", "2")
    assert (done.exit_code, "input-changed" in done.stderr) == (3, True)
    table.write_text("merchant_id,country_iso,n\nA,FR,none\n")
    done = call("inputs", *files)
    assert (done.exit_code, "[merchants-unplaceable]" in done.output) == (3, True)


@pytest.mark.usefixtures("shapefile")
def test_cards_are_checked_and_pinned(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "cards.csv"
    table.write_text("card_id,country\nA,FR\nB,DE\n")
    done = call("inputs", "--cards", "cards.csv", "--lock", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["cards"]["cards"], found["cards"]["countries"]) == (2, ["DE", "FR"])
    assert "cards.csv" in {one["path"] for one in found["lock"]["files"]}
    table.write_text("card_id,country\nA,nowhere\n,DE\n")
    done = call("inputs", "--cards", "cards.csv")
    assert (done.exit_code, done.output.count("[cards-unplaceable]")) == (3, 1)
    for cards, lines in (("2000", ("2,000", "all")), ("DE=3,FR=2", ("5", "2: DE, FR"))):
        told = call("inputs", "--cards", cards)
        assert told.exit_code == 0
        assert all(f"  {line}\n" in told.output for line in lines)


@pytest.mark.usefixtures("shapefile")
def test_the_table_of_a_stage_is_pinned(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "shops.csv"
    table.write_text("merchant_id,country_iso,n\nA,FR,1\n")
    options = ("--polygons", "mine.shp", "--merchants", "shops.csv")
    call("inputs", *options, "--lock")
    pinned = tomllib.loads((tmp_path / "closedworld.lock").read_text())["input"]
    assert "shops.csv" in {one["path"] for one in pinned}
    table.write_text("merchant_id,country_iso,n\nA,FR,2\n")
    done = call(*RUN, "--merchants", "shops.csv", "--lock")
    assert done.exit_code == 3
    assert "[input-changed]" in done.stderr
    assert "shops.csv" in done.stderr
    assert not (tmp_path / "world" / "tiles").exists()
