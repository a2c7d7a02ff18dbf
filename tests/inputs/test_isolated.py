"""Files of polygons read in another process: the same countries, and what happens when it never answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hidden import environment_without
from pyogrio import raw

from closedworld.errors import GeometryError, InputError
from closedworld.inputs import isolated
from closedworld.inputs.isolated import check_in_subprocess, read_in_subprocess
from closedworld.inputs.regions.country_reading import check_countries

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SQUARE = shapely.box(0, 40, 5, 45)
BOW_TIE = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])


@pytest.fixture(autouse=True)
def nothing_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare each process a third of a second."""
    for name, value in environment_without().items():
        monkeypatch.setenv(name, value)


def write(path: Path, rows: dict[str, shapely.Polygon]) -> Path:
    raw.write(
        str(path),
        shapely.to_wkb(np.array(list(rows.values()))),
        [np.array(list(rows), object)],
        np.array(["iso_a2"]),
        geometry_type="Polygon",
        crs="EPSG:4326",
    )
    return path


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".fgb", ".geojson"])
def test_what_is_found_is_what_the_same_process_finds(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a{suffix}", {"FR": SQUARE, "MT": SQUARE, "-99": SQUARE})
    for options in ({}, {"skip_unknown_codes": True}, {"iso_column": "code"}):
        found = check_in_subprocess(path, **options)
        assert found.check == check_countries(path, **options)
        assert found.check.problems or found.check.countries.isos == ("FR", "MT")
    assert found.bytes_read is None or found.bytes_read > 0


def test_repairs_and_errors_come_back_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", {"FR": BOW_TIE, "MT": BOW_TIE})
    with pytest.raises(GeometryError) as caught:
        read_in_subprocess(path)
    assert caught.value.code == "geometry-invalid"
    countries = read_in_subprocess(path, repair_geometry=True)
    assert [note.kind for note in countries.notes] == ["repaired", "repaired"]


def test_a_reader_that_ends_is_an_error_that_says_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flaw in a library below would end a process so."""
    monkeypatch.setattr(
        isolated, "_CODE", "import os, sys; sys.stderr.write('it fell'); os.abort()"
    )
    with pytest.raises(InputError) as caught:
        read_in_subprocess(write(tmp_path / "a.gpkg", {"FR": SQUARE}))
    assert caught.value.code == "input-ends-reader"
    assert "a.gpkg: the process that read it ended with signal 6: it fell" in caught.value.message


def test_a_reader_that_does_not_end_is_given_up_whatever_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is kept by the kernel: nothing in the process has to look at a clock."""
    endless = "from closedworld.inputs import isolated; isolated.check_file = lambda *_: sum(iter(int, 1)); isolated.serve()"
    monkeypatch.setattr(isolated, "_CODE", endless)
    found = check_in_subprocess(tmp_path / "a.gpkg", input_time_limit=1)
    assert [problem.code for problem in found.check.problems] == ["input-time-limit"]
    assert "after 1 s" in found.check.problems[0].message


def test_modules_in_the_current_folder_are_not_taken_for_those_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever unpacks a hostile archive and stands in its folder runs nothing of it."""
    monkeypatch.chdir(tmp_path)
    for name in ("pickle", "numpy", "closedworld"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken in')")
    assert read_in_subprocess(write(tmp_path / "a.gpkg", {"FR": SQUARE})).isos == ("FR",)
