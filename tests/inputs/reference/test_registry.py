"""Bundled files are those of the registry, and damage is noticed."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from closedworld.errors import ConfigError, IntegrityError
from closedworld.inputs.reference import registry
from closedworld.inputs.reference.registry import (
    BundledFile,
    bundled,
    bundled_files,
    verify_bundled,
)


@pytest.mark.parametrize("entry", bundled_files(), ids=lambda entry: entry.name)
def test_file_has_the_registered_digest_and_size(entry: BundledFile) -> None:
    assert verify_bundled(entry.name) == entry
    assert entry.path.stat().st_size == entry.size_bytes


@pytest.mark.parametrize("entry", bundled_files(), ids=lambda entry: entry.name)
def test_entry_says_where_the_file_comes_from(entry: BundledFile) -> None:
    for field in ("title", "source", "version", "licence", "attribution"):
        assert getattr(entry, field).strip(), field
    assert entry.source_url.startswith("https://")


def test_every_file_in_the_folder_is_registered() -> None:
    folder = Path(str(files("closedworld.inputs.reference"))) / "data"
    assert {path.name for path in folder.iterdir()} == {entry.name for entry in bundled_files()}


def test_all_files_together_stay_under_ten_megabytes() -> None:
    assert sum(entry.path.stat().st_size for entry in bundled_files()) < 10_000_000


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"bundled-unknown.*countries\.parquet"):
        bundled("atlantis.parquet")


def _pretend(monkeypatch: pytest.MonkeyPatch, entry: BundledFile) -> None:
    made_up = registry.Registry(bundled={entry.name: entry}, remote={})
    monkeypatch.setattr(registry, "read_registry", lambda: made_up)


def test_a_changed_file_is_an_integrity_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, dataclasses.replace(bundled("iso_3166_1.csv"), sha256="0" * 64))
    with pytest.raises(IntegrityError, match="bundled-digest"):
        verify_bundled("iso_3166_1.csv")


def test_a_missing_file_is_an_integrity_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, dataclasses.replace(bundled("iso_3166_1.csv"), name="gone.csv"))
    with pytest.raises(IntegrityError, match="bundled-missing"):
        verify_bundled("gone.csv")


def test_import_is_light() -> None:
    """Asking for a path or an ISO code loads no array or geometry library."""
    code = (
        "import sys; from closedworld.inputs.reference import iso, registry;"
        "iso.iso_table(); registry.bundled('countries.parquet').path;"
        "print(sorted({'numpy', 'pyarrow', 'shapely', 'rasterio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
