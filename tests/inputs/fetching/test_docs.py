"""docs/data-sources.md says what the registry says."""

from __future__ import annotations

from pathlib import Path

import pytest

from closedworld.inputs.reference.registry import RemoteFile, remote_files

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "data-sources.md").read_text("utf-8")


@pytest.mark.parametrize("file", remote_files(), ids=lambda file: file.name)
def test_every_file_stands_with_its_size_licence_and_source(file: RemoteFile) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{file.name}` |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2] == ("not known" if file.size_bytes is None else f"{file.size_bytes:,}")
    assert cells[3] == file.licence
    assert file.source_url in PAGE


def test_files_without_a_digest_are_named() -> None:
    for file in remote_files():
        if file.sha256 is None:
            assert f"`{file.file_name}.sha256`" in PAGE
