"""Pictures of a world for notebooks, drawn by the project's own maps."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from closedworld.inputs.tables.geometry import LonLat
from closedworld.kernels.spans import RowSpans, Rule
from closedworld.sanitize import number_of
from closedworld.store.atomic import replace_file, require_suffix, whole_file
from closedworld.store.durable import temporary_folder


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture, shown by notebooks.

    Attributes:
        png: The PNG.
    """

    png: bytes

    def __repr__(self) -> str:
        return f"<Picture: PNG of {len(self.png):,} bytes>"

    def _repr_png_(self) -> bytes:
        return self.png

    def as_html(self) -> str:
        """Return an image element that holds the picture."""
        return f'<img alt="Map" src="data:image/png;base64,{b64encode(self.png).decode("ascii")}">'

    def save(self, path: Path | str) -> None:
        """Write the picture to a file named .png; replaced if there.

        Raises:
            ConfigError: ``output-format``.
            PublishError: ``output-not-writable``.
        """
        path = Path(path)
        require_suffix(path, (".png",))
        with whole_file(path) as staged:
            replace_file(staged, self.png)


def plot_tiles(spans: Mapping[str, RowSpans], rule: Rule, width: int) -> Picture:
    """Return a map of tiles by country."""
    from closedworld.maps.world_map import draw_tiles  # noqa: PLC0415 -- slow to import

    return _drawn(lambda path: draw_tiles(spans, rule, "", path, width))


def plot_points(spans: Mapping[str, RowSpans], points: LonLat, width: int) -> Picture:
    """Return a map of points over tiles."""
    from closedworld.maps.points_map import draw_points_map  # noqa: PLC0415 -- slow to import

    title = number_of(len(points.lons), "point", "points")
    land = list(spans.values())
    return _drawn(
        lambda path: draw_points_map(land, {"a point": points}, path, title=title, width=width)
    )


def _drawn(draw: Callable[[Path], None]) -> Picture:
    with temporary_folder() as folder:
        path = folder / "map.png"
        draw(path)
        return Picture(path.read_bytes())
