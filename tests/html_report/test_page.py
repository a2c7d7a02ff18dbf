"""What is on the page, read as a parser reads it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from closedworld.config.run import RunConfig
from closedworld.errors import ConfigError, IntegrityError, PublishError
from closedworld.html_report import write_page
from closedworld.run.pipeline import run_world

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    ReportMaker = Callable[..., Path]

pytestmark = pytest.mark.slow

BARE: dict[str, Any] = {
    "run_id": "20260102T030405Z-abcd",
    "status": "finished",
    "error": None,
    "started_at": "2026-01-02T03:04:05+00:00",
    "performance": {
        "wall_seconds": 4.0,
        "cpu_seconds": 5.0,
        "peak_memory_bytes": 400_000_000,
        "rows_written": {},
        "rows_per_second": 0.0,
        "phase_seconds": {},
    },
}
STAGE: dict[str, Any] = {
    "number": "S1",
    "name": "tiles",
    "parameter_hash": "0" * 64,
    "folder": "nowhere",
    "reused": False,
    "parameters": {},
    "totals": {},
    "datasets": {},
}


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.html = path.read_text(encoding="utf-8")
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def tags(self, name: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.elements if tag == name]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def test_the_page_holds_its_pictures_and_points_to_nothing_outside(newer: Path) -> None:
    """Every src is data; the only addresses are links to sources for who clicks on them."""
    page = Page(newer)
    pictures = page.tags("img")
    assert len(pictures) == 2  # for readers without scripts
    for picture in pictures:
        head, _, data = picture["src"].partition(",")
        assert head == "data:image/png;base64"
        png = base64.b64decode(data, validate=True)
        assert png.startswith(b"\x89PNG")
        assert int(picture["width"]) == int.from_bytes(png[16:20], "big") > 300
        assert len(picture["alt"]) > 40
    assert not [attributes for _, attributes in page.elements if "style" in attributes]
    links = [link["href"] for link in page.tags("a")]
    assert {link.split(":")[0] for link in links if not link.startswith("#")} == {"https"}
    assert [link["href"] for link in page.tags("link")] == ["data:,"]


def test_every_section_of_the_contents_is_there(newer: Path) -> None:
    page = Page(newer)
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    targets = {link["href"][1:] for link in page.tags("a") if link["href"].startswith("#")}
    assert targets <= ids
    assert len(page.tags("h1")) == 1


def test_the_policy_forbids_all_but_the_page_s_own_style_and_script(newer: Path) -> None:
    """Its digests are those of the very text between the tags, and of the map inside it."""
    page = Page(newer)
    (policy,) = [one["content"] for one in page.tags("meta") if "http-equiv" in one]
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        (frame,) = page.tags("iframe")
        texts = [
            text
            for html in (page.html, frame["srcdoc"])
            for text in re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        ]
        digests = [
            base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts
        ]
        assert len(digests) == 2
        assert f"{kind} " + " ".join(f"'sha256-{one}'" for one in digests) + ";" in policy


def test_hostile_text_is_text(hostile: Path, newer: Path) -> None:
    """It makes no element and no attribute that a plain report does not have."""
    page, plain = Page(hostile), Page(newer)
    assert len(page.tags("script")) == 1
    assert page.tags("img") == []
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements}
    names = {name for _, attributes in page.elements for name in attributes}
    assert names <= {name for _, attributes in plain.elements for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    assert "<script>window.hacked=1</script>" in page.text
    assert "{{7*7}}" in page.text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", page.html)


def test_figures_are_those_of_the_run(newer: Path) -> None:
    page = Page(newer)
    folder = newer.parent
    lines = (folder / "country_summaries.jsonl").read_text(encoding="utf-8").splitlines()
    tiles = {one["country_iso"]: one["cells_included"] for one in map(json.loads, lines)}
    assert tiles["MC"] == 0
    assert f"{sum(tiles.values())} tiles of 2 countries" in page.text
    report = json.loads((folder / "run_report.json").read_text(encoding="utf-8"))
    for loaded in report["inputs"]:
        for digest in loaded["sha256"].values():
            assert digest in page.text
    for stage in report["stages"]:
        assert stage["parameter_hash"] in page.text
    assert "CC-BY-4.0" in page.text
    assert "public domain" in page.text
    assert "Contains data of GeoNames" in page.text


def test_warnings_come_first_and_the_worst_of_them_first(newer: Path) -> None:
    page = Page(newer)
    heads = [
        page.text.index(f" {name} ") for name in ("Warnings", "Maps", "Performance acceptance")
    ]
    assert heads == sorted(heads)
    assert page.text.index("Acceptance failed read-ratio") < page.text.index(
        "countries-without-tiles"
    )
    assert "1 country without a tile under rule center: MC" in page.text


def test_acceptance_and_workers_are_told_with_verdicts(newer: Path) -> None:
    page = Page(newer)
    for verdict in ("✓ pass", "✗ fail", "\N{EN DASH} not measured", "\N{EN DASH} no limit"):
        assert verdict in page.text
    assert "12.5%" in page.text


def test_an_older_report_leaves_out_what_it_does_not_have(world: Path, tmp_path: Path) -> None:
    """Without acceptance and workers the page says so and shows the rest."""
    path = write_page(world, tmp_path / "old.html")
    (folder,) = (world / "reports").iterdir()
    report = json.loads((folder / "run_report.json").read_text(encoding="utf-8"))
    for name in ("acceptance", "workers"):
        report.pop(name, None)
    copy = tmp_path / "copy"
    shutil.copytree(world, copy)
    (own,) = (copy / "reports").iterdir()
    (own / "run_report.json").write_text(json.dumps(report), encoding="utf-8")
    page = Page(write_page(copy, tmp_path / "older.html"))
    assert "no figures of workers" in page.text
    assert "has no acceptance" in page.text
    assert len(page.tags("img")) == len(Page(path).tags("img")) == 2


def test_a_run_that_failed_early_has_a_page(report_in: ReportMaker) -> None:
    error = {"code": "input-missing", "message": "x.gpkg does not exist.", "hint": "Check it."}
    page = Page(write_page(report_in({**BARE, "status": "failed", "error": error})))
    assert "The run ended early input-missing" in page.text
    assert "x.gpkg does not exist. Check it." in page.text
    assert "No tiles" in page.text
    assert "The run ended before it had figures by country." in page.text
    assert page.tags("img") == []


def test_results_that_moved_with_their_report_are_found(world: Path, tmp_path: Path) -> None:
    """The whole output folder may be moved: the report looks beside itself first."""
    moved = tmp_path / "moved"
    shutil.copytree(world, moved)
    path = write_page(moved)
    assert path.parent.parent == moved / "reports"
    assert len(Page(path).tags("img")) == 2


def test_results_that_are_gone_are_missed_in_words(world: Path, tmp_path: Path) -> None:
    (folder,) = (world / "reports").iterdir()
    alone = tmp_path / "reports" / folder.name
    shutil.copytree(folder, alone)
    report = json.loads((alone / "run_report.json").read_text(encoding="utf-8"))
    for stage in report["stages"]:
        stage["folder"] = str(tmp_path / "nowhere")
    (alone / "run_report.json").write_text(json.dumps(report), encoding="utf-8")
    page = Page(write_page(alone))
    assert "no longer where it put them" in page.text
    assert "Luxembourg" in page.text


def test_a_run_of_weights_alone_has_all_pictures(world: Path, tmp_path: Path) -> None:
    """Its tiles are those that it weighed, and their map is drawn for it."""
    copy = tmp_path / "world"
    shutil.copytree(world, copy)
    outcome = run_world(RunConfig(result=copy, basis="area_m2"))
    page = Page(write_page(outcome.report_folder))
    assert "weights by area_m2" in page.text
    assert "none are shared" not in page.text  # this run did not look
    assert "Their own reports name the inputs and the licences" in page.text
    assert len(page.tags("img")) == 2


def test_other_polygons_give_no_borders(world: Path, tmp_path: Path) -> None:
    """A file that was changed since is not drawn over tiles that were not made from it."""
    copy = tmp_path / "world"
    shutil.copytree(world, copy)
    (folder,) = (copy / "reports").iterdir()
    report = json.loads((folder / "run_report.json").read_text(encoding="utf-8"))
    report["config"]["polygons"] = str(tmp_path / "gone.gpkg")
    (folder / "run_report.json").write_text(json.dumps(report), encoding="utf-8")
    page = Page(write_page(copy))
    assert "No borders: " in page.text
    assert "gone.gpkg" in page.text
    assert len(page.tags("img")) == 2


def test_the_newest_run_is_taken(report_in: ReportMaker, tmp_path: Path) -> None:
    folder = report_in(BARE)
    for name in ("20260102T030405Z-abcd", "20260301T000000Z-0000", "20251231T235959Z-ffff"):
        shutil.copytree(folder, tmp_path / "out" / "reports" / name)
    assert write_page(tmp_path / "out").parent.name == "20260301T000000Z-0000"
    first = tmp_path / "out" / "reports" / "20260401T000000Z-ffff"
    second = first.with_name("20260401T000000Z-0000")
    for at, run in enumerate((first, second)):
        shutil.copytree(folder, run)
        os.utime(run / "run_report.json", (at, at))
    assert write_page(tmp_path / "out").parent == second


def test_no_report_is_an_error_with_advice(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="report-missing"):
        write_page(tmp_path)
    with pytest.raises(ConfigError, match="path-missing"):
        write_page(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "null",
        '{"run_id": 1}',
        json.dumps({**BARE, "performance": []}),
        json.dumps({**BARE, "performance": {**BARE["performance"], "wall_seconds": "long"}}),
        json.dumps({**BARE, "performance": {**BARE["performance"], "phase_seconds": {"S1": 5}}}),
        json.dumps({**BARE, "inputs": [{"role": "raster"}]}),
        json.dumps({**BARE, "rasters_read": [{"path": "x"}]}),
        json.dumps({**BARE, "workers": {"S1": 1}}),
        json.dumps({**BARE, "stages": [{**STAGE, "datasets": {"tile_index": {"files": 1}}}]}),
        json.dumps({**BARE, "stages": [{**STAGE, "parameters": {}}]}),
        json.dumps(
            {
                **BARE,
                "stages": [{**STAGE, "parameters": {"stage": "tiles", "format": 1, "grid": {}}}],
            }
        ),
        json.dumps(
            {
                **BARE,
                "acceptance": [{"name": "x", "what": "y", "value": "z", "limit": 1, "unit": ""}],
            }
        ),
        "[" * 100_000,
    ],
)
def test_a_damaged_report_is_refused(content: str, tmp_path: Path) -> None:
    """Whatever is in the file, the answer is one error with a code."""
    (tmp_path / "run_report.json").write_text(content, encoding="utf-8")
    with pytest.raises(IntegrityError) as caught:
        write_page(tmp_path)
    assert caught.value.code == "report-unreadable"
    assert not (tmp_path / "report.html").exists()


def test_a_page_that_cannot_be_written_is_an_error(report_in: ReportMaker, tmp_path: Path) -> None:
    folder = report_in(BARE)
    with pytest.raises(PublishError) as caught:
        write_page(folder, tmp_path / "no" / "such" / "page.html")
    assert caught.value.code == "output-not-writable"


def test_weights_that_are_damaged_are_an_error(world: Path, tmp_path: Path) -> None:
    """A weights file cut short is found before anything is drawn from it."""
    copy = tmp_path / "world"
    shutil.copytree(world, copy)
    victim = next(copy.glob("weights/*/tile_weights/LU-*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-10])
    with pytest.raises(IntegrityError):
        write_page(copy)
