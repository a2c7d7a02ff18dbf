"""What a result was made from, step by step, and whether it is of regions; paths that are names."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from closedworld.errors import IntegrityError
from closedworld.published import lineage
from closedworld.published.lineage import COUNTRY, REGION, nouns_of, open_lineage
from closedworld.published.names import read_name, split_named
from closedworld.store.local import LocalStorage


def made_from(stage: str, sources: dict[str, str], regions: str = "countries") -> Any:
    """Return a result that names the results of other stages, by letter for their hash."""
    parameters = {f"{name}_parameter_hash": digits for name, digits in sources.items()}
    receipt = SimpleNamespace(stage=stage, parameters={"regions": regions, **parameters})
    return SimpleNamespace(receipt=receipt, output=Path("out"), folder=Path("out", stage))


def test_each_result_is_that_which_the_one_after_it_was_made_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lineage, "open_published", lambda path, stage: f"{stage} at {path}")
    monkeypatch.setattr(lineage, "open_source", lambda result, stage: f"{stage} of {result}")
    found: dict[str, Any] = dict(open_lineage("out", ["tiles", "weights", "sites", "people"]))
    assert found == {
        "tiles": "tiles of weights of sites of people at out",
        "weights": "weights of sites of people at out",
        "sites": "sites of people at out",
        "people": "people at out",
    }
    found = dict(open_lineage("out", ["tiles"]))
    assert found == {"tiles": "tiles at out"}


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Results by hash, where those that a result was made from are looked for."""
    known: dict[str, Any] = {}

    def result_in(folder: Path) -> Any:
        found = known.get(folder.name.partition("=")[2])
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(lineage, "result_in", result_in)
    return known


def test_a_result_is_of_regions_if_its_tiles_are(results: dict[str, Any]) -> None:
    results["t"] = made_from("tiles", {}, "any")
    results["w"] = made_from("weights", {"tiles": "t"})
    results["s"] = made_from("sites", {"weights": "w"})
    assert nouns_of(results["t"]) == REGION
    assert nouns_of(made_from("people", {"sites": "s"})) == REGION
    results["t"] = made_from("tiles", {})
    assert nouns_of(results["t"]) == COUNTRY
    assert nouns_of(made_from("people", {"sites": "s"})) == COUNTRY


def test_a_result_whose_sources_are_gone_or_damaged_is_of_countries(
    results: dict[str, Any],
) -> None:
    people = made_from("people", {"sites": "s"})
    assert nouns_of(people) == COUNTRY
    for error in (IntegrityError("receipt-seal", "no"), PermissionError("no")):
        results["s"] = error
        assert nouns_of(people) == COUNTRY
    results["t"] = made_from("tiles", {}, "any")
    assert nouns_of(made_from("weights", {"tiles": "../t"})) == COUNTRY
    assert nouns_of(made_from("weights", {"tiles": ""})) == COUNTRY


def test_a_path_is_a_name_if_it_is_a_file_among_the_names(tmp_path: Path) -> None:
    names = tmp_path / "names"
    assert split_named(names / "latest") is None
    names.mkdir()
    assert split_named(names / "latest") == (tmp_path, "latest")
    (names / "latest").write_text("{}")
    assert split_named(names / "latest") == (tmp_path, "latest")
    (names / "folder").mkdir()
    assert split_named(names / "folder") is None
    assert split_named(names) is None
    (tmp_path / "other").mkdir()
    assert split_named(tmp_path / "other" / "latest") is None


def test_a_name_with_one_key_that_is_none_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "names").mkdir()
    path, hashed = tmp_path / "names" / "mixed", f"tiles/parameter_hash={'0' * 64}"
    path.write_text(f'{{"tiles": "{hashed}", "weights": "elsewhere"}}')
    with pytest.raises(IntegrityError, match="a key is not that of a result"):
        read_name(LocalStorage(tmp_path), "mixed")
    path.write_text(f'{{"tiles": "{hashed}"}}')
    assert read_name(LocalStorage(tmp_path), "mixed") == {"tiles": hashed}
