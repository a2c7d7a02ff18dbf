"""The README as the long description of the package: its links lead into the repository.

Hatchling runs this when it builds the package (``pyproject.toml``).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?\[[^\]]*\]\()(?!https?:|#)([^)\s]+)\)")


class LongDescription(MetadataHookInterface):  # type: ignore[misc] # hatchling is no package of ours
    """Sets ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the text to the metadata of the project."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        source = metadata["urls"]["Source"]
        metadata["readme"] = {"content-type": "text/markdown", "text": linked(text, source)}


def linked(text: str, source: str) -> str:
    """Return Markdown whose relative links lead to files of a repository, pictures to their bytes."""

    def absolute(match: re.Match[str]) -> str:
        kind = "raw" if match[1].startswith("!") else "blob"
        return f"{match[1]}{source}/{kind}/main/{match[2]})"

    return _LINK.sub(absolute, text)
