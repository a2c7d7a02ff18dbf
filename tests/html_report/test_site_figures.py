"""What the page says of sites: exponents from the sites themselves, neighbours, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from site_worlds import small_world

from closedworld.config.run import RunConfig
from closedworld.html_report import write_page
from closedworld.html_report.site_figures import RADII_KM, SiteFigures, fitted, site_figures
from closedworld.published.cumulative_weights import read_cumulative_weights
from closedworld.run.pipeline import run_world

if TYPE_CHECKING:
    from pathlib import Path

MERCHANTS = [
    {"merchant_id": "g", "country_iso": "NA", "n": 4000, "category": "bank", "spacing": "none"},
    {"merchant_id": "h", "country_iso": "FJ", "n": 2000, "category": "hotel", "spacing": "none"},
    {"merchant_id": "i", "country_iso": "NA", "n": 1000, "category": "hotel", "gamma": 1.25},
    {"merchant_id": "net", "country_iso": "FJ", "n": 7, "category": "online"},
]


@pytest.mark.parametrize("gamma", [0.5, 1.0, 1.25])
def test_the_exponent_is_that_of_the_chances(gamma: float) -> None:
    draw = np.random.default_rng(5)
    weight = draw.pareto(1, 4000) + 0.1
    density = np.log(weight)
    chance = weight * np.exp((gamma - 1) * density)
    countries = [
        (weight, density - shift, draw.multinomial(20_000, chance / chance.sum()))
        for shift in (0.0, 3.0)
    ]
    found, error = fitted(countries)
    assert found is not None
    assert error is not None
    assert abs(found - gamma) < 5 * error
    assert 0 < error < 0.02
    assert fitted([(weight, density, np.zeros(4000, np.int64))]) == (None, None)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> SiteFigures:
    out = tmp_path_factory.mktemp("sites")
    world = small_world(out, ("FJ", "NA"))
    built = world.build(out, MERCHANTS)
    return site_figures(
        built.published, read_cumulative_weights(world.weights, world.index), {"FJ": 1e6}
    )


@pytest.mark.slow
def test_figures_are_those_of_the_sites(figures: SiteFigures) -> None:
    assert (figures.on_map, figures.online) == (7000, 7)
    assert [(one.name, one.sites, one.gamma) for one in figures.kinds] == [
        ("bank", 4000, 1.25),
        ("hotel", 3000, 1.0),  # 0.875 in FJ, 1.25 in NA
    ]
    for kind in figures.kinds:
        assert kind.found is not None
        assert kind.error is not None
        assert kind.gamma is not None
        assert abs(kind.found - kind.gamma) < 5 * kind.error
    assert [(one.iso, one.sites, one.per_1000) for one in figures.countries] == [
        ("NA", 5000, None),
        ("FJ", 2000, 2.0),
    ]
    assert sum(figures.urban.values()) == pytest.approx(1)
    assert figures.zones == {"Africa/Windhoek": 5000, "Pacific/Fiji": 2000}
    assert [one.km for one in figures.neighbours] == list(RADII_KM)
    # Outlets stand together, and the more so the nearer one looks.
    assert all(one.ratio > 2 for one in figures.neighbours[:5])
    assert figures.neighbours[0].ratio > figures.neighbours[-1].ratio


@pytest.mark.slow
def test_the_page_of_a_run_with_merchants_shows_its_sites(tmp_path: Path) -> None:
    table = tmp_path / "merchants.csv"
    rows = "merchant_id,country_iso,n,category\na,MT,40,grocery\nb,MT,1,online\n"
    table.write_text(rows, encoding="utf-8")
    out = tmp_path / "out"
    run_world(RunConfig(out=out, countries=("MT",), merchants=table, seed=7))
    page = write_page(out).read_text(encoding="utf-8")
    section = page[page.index('<section id="sites"') :]
    assert "40 sites on the map, and 1 outlet of online merchants without a point" in section
    assert "1 site has no coordinates and is not on the map." in page
    # The map of the page has them too.
    assert "&#34;count&#34;: 40, &#34;owners&#34;: [1, 1]" in page
    assert "Europe/Malta (40)" in section
