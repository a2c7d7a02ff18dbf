"""Workers with another working folder, and workers that do not see the output."""

from __future__ import annotations

import pickle
from pathlib import Path, PurePosixPath

import pytest

from closedworld.errors import PublishError
from closedworld.inputs.raster.info import read_raster_info
from closedworld.inputs.reference.registry import bundled
from closedworld.store.local import LocalStorage
from closedworld.store.staging import stage_file


def test_paths_are_absolute_in_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "people.tif").symlink_to(bundled("population_5m.tif").path)
    monkeypatch.chdir(tmp_path)
    info = read_raster_info("people.tif")
    sent = [pickle.dumps(one) for one in (LocalStorage(Path("world")), info)]
    monkeypatch.chdir("/")
    storage, there = map(pickle.loads, sent)
    assert storage == LocalStorage(tmp_path / "world")
    assert (info.path, there.path) == (Path("people.tif"), tmp_path / "people.tif")
    assert read_raster_info(there.path).grid == there.grid == info.grid


def test_a_worker_that_does_not_see_the_output_says_so_and_makes_no_folder(
    tmp_path: Path,
) -> None:
    folder = LocalStorage(tmp_path / "not" / "mounted")
    with pytest.raises(PublishError, match="this worker does not see its folder") as caught:
        stage_file(folder, PurePosixPath("sites/DE.parquet"), b"", 0)
    assert "all workers share" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
