"""What is asked for: the merchants of a task, kinds filled in, and what is told of the table."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from site_worlds import SiteWorld, table_from

from closedworld.errors import InputError
from closedworld.execution.events import Warned
from closedworld.inputs.merchants.demo import demo_merchants
from closedworld.inputs.merchants.table import read_merchants
from closedworld.stages.placing_inputs import PlacingInputs
from closedworld.stages.sites.requirements import CountryMerchants, Requirements, require_sites

if TYPE_CHECKING:
    from collections.abc import Sequence


def required(world: SiteWorld, rows: list[dict[str, Any]]) -> Requirements:
    return require_sites(read_merchants(table_from(rows)), inputs_of(world))


def inputs_of(world: SiteWorld) -> PlacingInputs:
    return PlacingInputs.of_world(
        world, "sites", world.countries, seed=0, skip_unplaceable=False, observer=world
    )


def warnings_of(world: SiteWorld) -> dict[str, str]:
    return {one.code: one.message for one in world.events if isinstance(one, Warned)}


@pytest.mark.parametrize("counts", [[3], [2, 0, 3, 1], [0, 0, 4, 2], [1, 1, 1, 0], [5, 0, 0]])
def test_the_merchants_of_a_task_are_those_of_its_outlets_and_no_others(
    counts: Sequence[int],
) -> None:
    number = np.arange(len(counts))
    rows = pa.table({"n": counts, "name": number})
    circles = np.repeat(number[:, None], 3, axis=1).astype(np.float64)
    whole = CountryMerchants("LU", rows, number % 2 == 0, circles)
    outlets = np.repeat(number, counts).tolist()
    for first, stop in itertools.combinations(range(len(outlets) + 1), 2):
        part, before = whole.slice(first, stop)
        names = part.rows["name"].to_pylist()
        assert names == list(range(outlets[first], outlets[stop - 1] + 1))
        assert (
            np.repeat(names, part.counts).tolist()[before:][: stop - first] == outlets[first:stop]
        )
        assert before < part.counts[0]
        assert part.on_map.tolist() == [name % 2 == 0 for name in names]
        assert part.circles[:, 2].tolist() == names


def test_the_merchants_of_a_task_without_outlets_come_without_rows() -> None:
    whole = CountryMerchants("LU", pa.table({"n": [0, 0]}), np.ones(2, np.bool_), np.ones((2, 3)))
    part, before = whole.slice(0, 0)
    assert (part.rows.num_rows, part.site_count, before) == (0, 0, 0)


def test_merchants_for_any_world_must_be_in_some_country_of_this_one(site_world: SiteWorld) -> None:
    inputs = inputs_of(site_world)
    demo = demo_merchants(None)
    with pytest.raises(InputError, match="the world has no country of") as caught:
        require_sites(demo, replace(inputs, spans={"XA": inputs.spans["LU"]}))
    assert caught.value.code == "merchants-unplaceable"
    assert caught.value.message.endswith("; it has XA.")
    with pytest.raises(InputError, match="no tiles of DE"):
        require_sites(replace(demo.within(["DE", "LU"]), for_any_world=False), inputs)
    assert set(
        require_sites(demo, replace(inputs, spans={"LU": inputs.spans["LU"]})).by_country
    ) == {"LU"}


def test_a_kind_is_that_of_the_code_or_else_of_the_category(site_world: SiteWorld) -> None:
    """What is given is kept; a category fills in the first of its codes."""
    own = required(
        site_world,
        [
            {"merchant_id": "a", "mcc": 5331, "category": "fuel", "country_iso": "LU"},
            {"merchant_id": "b", "category": "cars", "country_iso": "LU"},
            {"merchant_id": "c", "mcc": 9, "category": "online", "country_iso": "LU"},
            {"merchant_id": "d", "mcc": 8062, "country_iso": "LU"},
            {"merchant_id": "e", "country_iso": "LU"},
            {"merchant_id": "f", "mcc": 10, "country_iso": "LU"},
            {"merchant_id": "g", "category": "odd", "country_iso": "LU"},
            {"merchant_id": "h", "mcc": 10, "country_iso": "LU"},
        ],
    ).by_country["LU"]
    rows = own.rows.select(["category", "mcc", "spacing"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("fuel", 5331, "catchment"),
        ("cars", 5511, "catchment"),
        ("online", 9, "none"),
        ("public_service", 8062, "none"),
        (None, 0, "none"),
        (None, 10, "none"),
        ("odd", 0, "none"),
        (None, 10, "none"),
    ]
    assert own.on_map.tolist() == [True, True, False, True, True, True, True, True]
    assert own.numbers("tile_id").tolist() == [-1] * 8
    told = warnings_of(site_world)
    assert list(told) == ["merchants-kind-unknown"]
    assert told["merchants-kind-unknown"].startswith("3 rows have an mcc or a category of no known")
    assert told["merchants-kind-unknown"].endswith("follow the population: 10, 'odd'.")


def test_without_kinds_or_with_known_ones_nothing_is_told(site_world: SiteWorld) -> None:
    required(
        site_world,
        [
            {"merchant_id": "a", "mcc": 5912, "category": None, "country_iso": "LU"},
            {"merchant_id": "b", "mcc": None, "category": "fuel", "country_iso": "LU"},
            {"merchant_id": "c", "mcc": None, "category": None, "country_iso": "LU"},
        ],
    )
    assert warnings_of(site_world) == {}


def test_of_an_unused_column_forty_letters_are_told(site_world: SiteWorld) -> None:
    row = {"merchant_id": "a", "country_iso": "LU", "x" * 40: 1, "y" * 41: 2}
    required(site_world, [row])
    told = warnings_of(site_world)["merchants-columns-unused"]
    assert f": {'x' * 40}, {'y' * 37}..." in told


def test_gammas_are_counted_in_eighths() -> None:
    rows = pa.table({"gamma": [1.0, 1.125, 0.5, 0.875]})
    own = CountryMerchants("LU", rows, np.ones(4, np.bool_), np.ones((4, 3)))
    assert own.gamma8.tolist() == [8, 9, 4, 7]
