"""What a package index shows: the README, its links leading into the repository."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
INTERFACE = "hatchling.metadata.plugin.interface"


def long_description(monkeypatch: pytest.MonkeyPatch, urls: dict[str, str]) -> str:
    """Return the text that the build makes; hatchling, which only builds have, is stood in for."""
    stand_in = ModuleType(INTERFACE)
    stand_in.MetadataHookInterface = SimpleNamespace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, INTERFACE, stand_in)
    path = ROOT / "scripts" / "long_description.py"
    spec = importlib.util.spec_from_file_location("long_description", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    metadata: dict[str, Any] = {"urls": urls}
    module.LongDescription(root=str(ROOT)).update(metadata)
    assert metadata["readme"]["content-type"] == "text/markdown"
    return str(metadata["readme"]["text"])


def test_every_link_leads_somewhere_outside_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    text = long_description(monkeypatch, urls)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(links) > 20
    assert all(link.startswith(("https://", "#")) for link in links)
    own = [link.removeprefix(urls["Source"]) for link in links if link.startswith(urls["Source"])]
    for link in own:
        kind, branch, path = link.strip("/").split("/", 2)
        assert branch == "main"
        assert kind == ("raw" if path.endswith(".png") else "blob")
        assert (ROOT / path.partition("#")[0]).exists()
    # Nothing else is changed.
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.sub(rf"\({urls['Source']}/(raw|blob)/main/", "(", text) == readme
