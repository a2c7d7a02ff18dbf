"""A picture of the page, as the bytes of its PNG."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its description.

    Attributes:
        png: The file.
        title: A few words.
        description: Its text alternative.
    """

    png: bytes
    title: str
    description: str

    @property
    def width(self) -> int:
        """Width in px, from the header of the file."""
        return int.from_bytes(self.png[16:20], "big")

    @property
    def height(self) -> int:
        """Height in px."""
        return int.from_bytes(self.png[20:24], "big")
