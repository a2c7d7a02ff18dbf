"""Points on and between the edges of a grid, and the tiles and countries that they lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from closedworld.kernels.grid import Grid
    from closedworld.worlds.world import PublishedWorld

Located = tuple[int | None, str | None, list[str] | None]


def scattered(n: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes anywhere, a third of them on the sides and corners of half degrees."""
    draw = np.random.default_rng(seed)
    lons, lats = draw.uniform(-190, 370, n), draw.uniform(-90, 90, n)
    on = draw.integers(0, 3, n) == 0
    lons[on], lats[on] = np.rint(lons[on] * 2) / 2, np.rint(lats[on] * 2) / 2
    return lons, lats


def points_of(grid: Grid, n: int) -> list[tuple[float, float]]:
    """Return points anywhere, on edges and corners, beside the grid and once round the globe."""
    draw = np.random.default_rng(7)
    lons = [*draw.uniform(grid.west, grid.east, n), *draw.choice(grid.lon_edges(), n)]
    lats = [*draw.uniform(grid.south, grid.north, n), *draw.choice(grid.lat_edges(), n)]
    draw.shuffle(lats)
    edges = [(grid.west, grid.north), (grid.east, grid.south), (grid.west, 90.1), (541.0, 0.0)]
    around = [(lon + 360.0, lat) for lon, lat in zip(lons[:9], lats[:9], strict=True)]
    return [
        (float(lon), float(lat)) for lon, lat in [*zip(lons, lats, strict=True), *edges, *around]
    ]


def write_points(points: Sequence[tuple[float, float]], path: Path) -> Path:
    """Write points as CSV, numbered."""
    lines = [f"{n},{lon!r},{lat!r}" for n, (lon, lat) in enumerate(points)]
    path.write_text("\n".join(["n,lon,lat", *lines]) + "\n")
    return path


def locate(world: PublishedWorld, points: Sequence[tuple[float, float]]) -> list[Located]:
    """Return tile, first country and all countries of points, one by one."""
    grid = world.index.grid
    lon_edges, lat_edges = grid.lon_edges(), grid.lat_edges()
    owners: dict[int, list[str]] = {}
    for iso, spans in world.index.spans.items():
        for tile in spans.tile_ids().tolist():
            owners.setdefault(tile, []).append(iso)
    found: list[Located] = []
    for lon, lat in points:
        on_grid = lon - 360.0 if lon > grid.east else lon
        col = int(np.searchsorted(lon_edges, on_grid, "right")) - 1
        row = int(np.searchsorted(-lat_edges, -lat, "right")) - 1
        inside = lon_edges[0] <= on_grid <= lon_edges[-1] and lat_edges[-1] <= lat <= lat_edges[0]
        if not inside:
            found.append((None, None, None))
            continue
        tile = min(row, grid.n_rows - 1) * grid.n_cols + min(col, grid.n_cols - 1)
        own = sorted(owners.get(tile, []))
        found.append((tile, own[0] if own else None, own or None))
    return found
