"""What commands print of the files that they write: in words, as names alone, or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from built_worlds import Built
    from click.testing import Result

    Call = Callable[..., Result]

EXPORT = {"box": ("--geometry", "box"), "cog": ("--cog",)}


@pytest.mark.parametrize("kind", EXPORT)
def test_export_names_its_files(call: Call, real: Built, tmp_path: Path, kind: str) -> None:
    out = tmp_path / ("tiles.parquet" if kind == "box" else "rasters")
    words = ("export", real.root, *EXPORT[kind], "--countries", "NA", "--out", out)
    done = call(*words, "-q")
    names = done.stdout.splitlines()
    assert names == (
        [str(out)]
        if kind == "box"
        else [f"{out}/{name}" for name in ("country_id.tif", "weight.tif", "country_ids.csv")]
    )
    content = json.loads(call(*words, "--json").stdout)
    assert [one["path"] for one in content["files"]] == names
    assert all(one["size_bytes"] > 0 for one in content["files"])
    assert content["tiles" if kind == "box" else "cells"] > 1000


def test_sample_names_its_file(call: Call, real: Built, tmp_path: Path) -> None:
    out = tmp_path / "points.csv"
    words = ("sample", real.root, "--country", "NA", "--n", "3", "--out", out)
    assert call(*words, "-q").stdout == f"{out}\n"
    content = json.loads(call(*words, "--json").stdout)
    assert (content["points"], content["countries"]) == (3, 1)
    assert content["files"] == [{"path": str(out), "size_bytes": out.stat().st_size}]


def test_verify_and_diff_say_it_by_their_status_alone(call: Call, overlapping: Built) -> None:
    for words in (("diff", overlapping.root), ("verify",)):
        done = call(*words, overlapping.root, "-q")
        assert (done.exit_code, done.stdout) == (0, "")
