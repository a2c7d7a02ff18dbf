"""The registry: every entry can be fetched safely, says its licence, and invents nothing."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from closedworld.cli.options import POLYGON_OPTIONS
from closedworld.errors import ConfigError
from closedworld.inputs.reference.registry import RemoteFile, remote_file, remote_files

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = remote_files()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_entry_says_what_it_is_and_may_be_used_for(file: RemoteFile) -> None:
    for text in (file.title, file.version, file.licence, file.attribution):
        assert text.strip()
    assert urlsplit(file.url).scheme == "https"
    assert urlsplit(file.source_url).scheme == "https"
    assert file.size_bytes is None or file.size_bytes > 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_digest_is_stated_with_where_it_is_known_from(file: RemoteFile) -> None:
    assert (file.sha256 is None) == (file.digest_source == "")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_comes_out_is_a_file_that_the_option_takes(file: RemoteFile) -> None:
    suffixes = {"polygons": (".zip", ".gpkg"), "raster": (".tif",)}
    assert (file.member or file.file_name).endswith(suffixes[file.role])
    known = {name for option in POLYGON_OPTIONS for name in _names(option)}
    assert set(file.options) <= known


def _names(option: Any) -> list[str]:
    def command() -> None:
        """Stand in for a command."""

    option(command)
    return [name for one in command.__click_params__ for name in one.opts]  # type: ignore[attr-defined]


def test_no_two_entries_share_a_name_or_a_file() -> None:
    text = (files("closedworld.inputs.reference") / "registry.toml").read_text(encoding="utf-8")
    assert text.count("[[remote]]") == len(FILES)
    on_disk = [name for file in FILES for name in (file.file_name, file.member) if name]
    assert len(set(on_disk)) == len(on_disk)


def test_the_four_sources_are_there() -> None:
    names = " ".join(file.name for file in FILES)
    for source in ("natural-earth-10m", "worldpop-1km", "ghs-pop-30s", "geoboundaries"):
        assert source in names


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"fetch-unknown.*Did you mean natural-earth-10m\?"):
        remote_file("natural-earth")


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://example.org/"},
        {"url": "https://example.org/.."},
        {"url": "https://example.org/.hidden"},
        {"url": "https://example.org/a%2fb.tif"},
        {"url": "file:///etc/passwd"},
        {"url": "ftp://example.org/world.tif"},
        {"member": "../world.tif"},
        {"member": "a/world.tif"},
        {"name": "../world"},
        {"sha256": "00"},
        {"role": "music"},
    ],
    ids=str,
)
def test_entries_that_could_do_harm_are_refused(
    entry: Callable[..., RemoteFile], changes: dict[str, str]
) -> None:
    with pytest.raises(ConfigError, match="fetch-registry"):
        entry(**changes)
