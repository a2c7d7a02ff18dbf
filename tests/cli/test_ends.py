"""How commands end when what they write to is full, closed or out of reach: a status and a message, no traceback."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from effort import EFFORT, tries
from hidden import environment_without

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.testing import Result

pytestmark = pytest.mark.slow

RUN = ("run", "--countries", "LU,MT", "--executor", "serial")


def program(
    *words: object, limit: tuple[int, int] | None = None, **options: object
) -> subprocess.CompletedProcess[bytes]:
    """Run the program; ``limit`` is a resource and its most."""
    given: dict[str, object] = {
        "stdout": subprocess.PIPE,
        "env": environment_without(),
        **options,
    }

    def restrict() -> None:
        if limit is not None:
            resource.setrlimit(limit[0], (limit[1], resource.getrlimit(limit[0])[1]))

    command = [
        sys.executable,
        "-m",
        "closedworld",
        *(os.fsencode(os.fspath(w)) if isinstance(w, Path) else str(w) for w in words),
    ]
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        command, stderr=subprocess.PIPE, check=False, preexec_fn=restrict, timeout=120, **given
    )


def is_told(done: subprocess.CompletedProcess[bytes], status: int, code: str) -> None:
    assert done.returncode == status, done.stderr
    assert f"error [{code}]" in done.stderr.decode(errors="replace")
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ends") / "world"
    assert program(*RUN, "--out", out).returncode == 0
    return out


@pytest.mark.parametrize(
    "most_bytes", [0, 512, 4096, 20_000] if EFFORT == "full" else [512, 20_000]
)
def test_files_that_may_not_grow_end_a_run_with_status_4(
    call: Callable[..., Result], tmp_path: Path, most_bytes: int
) -> None:
    """The log, the parts, the picture or the report: whichever comes first."""
    done = program(*RUN, "--out", tmp_path / "out", limit=(resource.RLIMIT_FSIZE, most_bytes))
    is_told(done, 4, "output-not-writable")
    again = call(*RUN, "--out", tmp_path / "out")
    assert again.exit_code == 0, again.output


WRITING = {
    "sample": ("sample", "--country", "LU", "--out", "points.csv"),
    "sample to GeoPackage": ("sample", "--country", "LU", "--out", "points.gpkg"),
    "sample to standard output": ("sample", "--country", "LU", "--out", "-"),
    "export": ("export", "--geometry", "box", "--out", "tiles.parquet"),
    "export --cog": ("export", "--cog", "--out", "rasters"),
    "report": ("report", "--out", "report.html"),
    "explore": ("explore", "--out", "map.html"),
    "inputs": ("inputs", "--lock", "closedworld.lock"),
}


@pytest.mark.parametrize("name", WRITING if EFFORT == "full" else ["inputs", "report"])
def test_files_that_may_not_have_a_byte_end_every_command_with_status_4(
    world: Path, tmp_path: Path, name: str
) -> None:
    command, *words = WRITING[name]
    path = [] if command == "inputs" else [world]
    done = program(command, *path, *words, cwd=tmp_path, limit=(resource.RLIMIT_FSIZE, 0))
    is_told(done, 4, "output-not-writable")
    advice = done.stderr.decode().rstrip().rsplit("\n", 1)[-1]
    assert advice.startswith("  ")
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


COMMANDS: dict[str, Callable[[Path], Sequence[object]]] = {
    "verify": lambda world: ("verify", world),
    "verify --json": lambda world: ("verify", world, "--json"),
    "inspect --json": lambda world: ("inspect", world, "--json"),
    "inputs": lambda _: ("inputs",),
    "diff": lambda world: ("diff", world, world),
    "report": lambda world: ("report", world),
    "--help": lambda _: ("--help",),
    "run": lambda world: (*RUN, "--out", world),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_standard_output_is_status_4_in_every_command(world: Path, name: str) -> None:
    with Path("/dev/full").open("wb") as full:
        is_told(program(*COMMANDS[name](world), stdout=full), 4, "output-not-writable")


@pytest.mark.parametrize("name", ["verify", "inspect --json", "inputs", "--help"])
def test_a_closed_pipe_ends_a_command_as_sigpipe_does(world: Path, name: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = program(*COMMANDS[name](world), stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_full_standard_error_changes_no_status(world: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "closedworld", "verify", str(world / "none")]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, check=False)
    assert done.returncode == 2


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_consoles_that_lack_characters_get_escapes(world: Path, encoding: str) -> None:
    environment = {**environment_without(), "PYTHONIOENCODING": encoding}
    for words in (("inputs",), ("inspect", world), ("plan", "--countries", "TR,CI")):
        done = program(*words, env=environment)
        assert done.returncode == 0, done.stderr


def test_an_output_folder_whose_name_is_not_utf_8_is_refused_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/out\xff"))
    is_told(program(*RUN, "--out", folder), 2, "path-not-utf-8")
    assert list(tmp_path.iterdir()) == []
    folder.mkdir()
    for words in (("verify", folder), ("inspect", folder), ("report", folder)):
        done = program(*words)
        assert done.returncode in {2, 5}, done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "name", ["s3://bucket/world", "gs://b/w", "https://host/w", "file:///tmp/w"]
)
def test_addresses_are_refused_with_a_code_in_every_option(
    call: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (
        ("run", "--out", name),
        ("run", "--raster", name),
        ("run", "--polygons", name),
        ("verify", name),
        ("sample", name, "--country", "LU", "--out", "a.csv"),
        ("sample", "world", "--country", "LU", "--out", name),
        ("inputs", "--raster", name),
    ):
        done = call(*words)
        assert done.exit_code == 2, words
        assert "path-address" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_among_results_is_a_finding_and_keeps_nobody_waiting(
    world: Path, tmp_path: Path
) -> None:
    for number, part in enumerate(sorted(world.rglob("*.parquet"))[:: tries(16, 8)]):
        kept = tmp_path / str(number)
        part.rename(kept)
        os.mkfifo(part)
        try:
            done = program("verify", world)
            assert done.returncode == 1
            assert b"Not a regular file" in done.stdout
            for words in (
                ("inspect", world),
                ("sample", world, "--country", "LU", "--out", tmp_path / "a.csv"),
                ("diff", world, world),
            ):
                assert b"Traceback" not in program(*words).stderr
        finally:
            part.unlink()
            kept.rename(part)


def test_a_pipe_as_an_input_keeps_nobody_waiting(world: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "a.tif", "a.gpkg", "a.parquet", "a.toml", "a.lock"):
        os.mkfifo(tmp_path / name)
    for words in (
        ("sample", world, "--table", tmp_path / "a.csv", "--out", tmp_path / "out.csv"),
        ("sample", world, "--table", tmp_path / "a.parquet", "--out", tmp_path / "out.csv"),
        ("run", "--raster", tmp_path / "a.tif", "--out", tmp_path / "out"),
        ("run", "--polygons", tmp_path / "a.gpkg", "--out", tmp_path / "out"),
        ("run", "--config", tmp_path / "a.toml", "--out", tmp_path / "out"),
        ("run", "--lock", tmp_path / "a.lock", "--out", tmp_path / "out"),
        ("verify", world, "--raster", tmp_path / "a.tif"),
    ):
        done = program(*words)
        assert done.returncode in {2, 3}, (words, done.stderr)
        assert b"Traceback" not in done.stderr


def test_little_memory_is_told_before_points_are_drawn(world: Path, tmp_path: Path) -> None:
    done = program(
        "sample",
        world,
        "--country",
        "LU",
        "--n",
        1_000_000_000,
        "--out",
        tmp_path / "a.csv",
        limit=(resource.RLIMIT_AS, 6 << 30),
    )
    is_told(done, 2, "sample-memory")
    done = program(
        "sample",
        world,
        "--country",
        "LU",
        "--n",
        "99999999999999999999",
        "--out",
        tmp_path / "a.csv",
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
