"""The configuration of a run: from options or a TOML file, checked when built."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from closedworld.config.options import Kind, Option, parse_bytes, split_codes
from closedworld.config.run import InputOptions, RunConfig
from closedworld.config.stage_options import TileOptions, WeightOptions
from closedworld.config.table import OPTIONS, RESULT_OPTIONS, SECTIONS
from closedworld.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def run_file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "run.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refusal(call: Callable[[], object]) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        call()
    return caught.value


def test_every_option_has_a_default_and_can_be_in_the_file(
    run_file: Callable[[str], Path], tmp_path: Path
) -> None:
    text = """
        polygons = "mine.gpkg"
        layer = "countries"
        iso_column = "iso"
        name_column = "label"
        countries = ["DE", "FR"]
        repair_geometry = true
        skip_unknown_codes = true
        input_time_limit = 60
        resolution = "5m"
        rule = "any_overlap"
        keep_small_countries = true
        out = "/absolute/world"
        s1_workers = 3
        coverage = true
        basis = "population:0.9,area_m2:0.1"
        dp = 9
        weigh_by_coverage = true
        s2_workers = 2
        workers = 8
        executor = "dask"
        dask_address = "tcp://10.0.0.1:8786"
        memory_limit = "1.5GiB"
        pat = "enforce"
        code_column = "code"
        regions = "any"
        except_countries = ["AQ"]
        skip_bad_rows = true
        assume_wgs84 = true
        lock = "closedworld.lock"
        name = "5m"
        merchants = "shops.csv"
        seed = -7
        skip_unplaceable = true
        cards = "cards.csv"
        first_day = "2026-03-01"
        days = 31
        rates = "rates.toml"
        fraud = "fraud.toml"
        noise = 2.5
    """
    config = RunConfig.from_toml(run_file(text))
    assert config == RunConfig(
        polygons=tmp_path / "mine.gpkg",
        layer="countries",
        iso_column="iso",
        code_column="code",
        regions="any",
        name_column="label",
        countries=("DE", "FR"),
        except_countries=("AQ",),
        skip_bad_rows=True,
        assume_wgs84=True,
        repair_geometry=True,
        skip_unknown_codes=True,
        input_time_limit=60,
        raster=(),
        resolution="5m",
        rule="any_overlap",
        keep_small_countries=True,
        out=Path("/absolute/world"),
        coverage=True,
        basis="population:0.9,area_m2:0.1",
        dp=9,
        weigh_by_coverage=True,
        stage_workers={"s1": 3, "s2": 2},
        workers=8,
        executor="dask",
        dask_address="tcp://10.0.0.1:8786",
        memory_limit=3 << 29,
        pat="enforce",
        lock=tmp_path / "closedworld.lock",
        name="5m",
        merchants=tmp_path / "shops.csv",
        seed=-7,
        skip_unplaceable=True,
        cards=tmp_path / "cards.csv",
        first_day="2026-03-01",
        days=31,
        rates=tmp_path / "rates.toml",
        fraud=tmp_path / "fraud.toml",
        noise=2.5,
    )
    default = RunConfig()
    unchanged = [
        field.name
        for field in dataclasses.fields(RunConfig)
        if getattr(config, field.name) == getattr(default, field.name)
    ]
    # A fill rule needs rule center.
    assert unchanged == ["fill", "raster", "band", "result"]


def test_the_table_has_every_field_that_is_an_option() -> None:
    """Workers of single stages are options of their own, and the result to build on an argument."""
    names = {field.name for field in dataclasses.fields(RunConfig)}
    assert names == {*OPTIONS, "stage_workers", "result"}
    assert {*RESULT_OPTIONS} < names


def test_the_options_of_each_stage_are_its_section_of_the_table() -> None:
    for kind, section in ((TileOptions, "tiles"), (WeightOptions, "weights")):
        own = {field.name for field in dataclasses.fields(kind)}
        assert own == {*SECTIONS[section]} - {
            field.name for field in dataclasses.fields(InputOptions)
        }


def test_what_a_published_result_has_decided_cannot_be_given_again(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "rule": "any_overlap",
        "coverage": True,
        "countries": ("DE",),
        "resolution": "5m",
    }
    error = refusal(lambda: RunConfig(result=tmp_path, dp=9, **given))
    assert error.code == "result-and-inputs"
    assert all(name in error.message for name in given)
    content = RunConfig(result=tmp_path, dp=9, weigh_by_coverage=True).to_dict()
    assert content["result"] == str(tmp_path)
    assert content.keys().isdisjoint(given)


def test_workers_of_a_stage_that_does_not_exist_are_refused() -> None:
    config = RunConfig(stage_workers={"s1": 1, "s7": 2})
    config.require_stages(["S1", "S7"])
    error = refusal(lambda: config.require_stages(["S1", "S2"]))
    assert error.code == "option-unknown"
    assert "'s7'" in error.message
    assert "s1, s2" in error.hint


def test_a_configuration_states_itself_as_a_run_file_would(tmp_path: Path) -> None:
    config = RunConfig(out=tmp_path, stage_workers={"s2": 3}, countries=("DE",))
    content = config.to_dict()
    assert content["s2_workers"] == 3
    assert content["out"] == str(tmp_path)
    assert set(content) == {*OPTIONS, "s2_workers"}


def test_an_empty_file_is_the_default(run_file: Callable[[str], Path]) -> None:
    assert RunConfig.from_toml(run_file("")) == RunConfig()


def test_paths_are_taken_from_the_folder_of_the_file(
    run_file: Callable[[str], Path], tmp_path: Path
) -> None:
    config = RunConfig.from_toml(run_file('raster = "../pop.tif"\nout = "world"\n'))
    assert config.raster == (tmp_path / ".." / "pop.tif",)
    assert config.out == tmp_path / "world"


def test_rasters_are_one_path_or_a_list(run_file: Callable[[str], Path], tmp_path: Path) -> None:
    for text, names in (('"b.tif"', ["b.tif"]), ('["b.tif", "a"]', ["b.tif", "a"])):
        config = RunConfig.from_toml(run_file(f"raster = {text}"))
        assert config.raster == tuple(tmp_path / name for name in names)
        assert config.to_dict()["raster"] == [str(tmp_path / name) for name in names]
    paths = (Path("b.tif"), Path("a"))
    for given in (["b.tif", "a"], paths, (path for path in paths)):
        assert RunConfig(raster=given).raster == paths
    assert RunConfig(raster="b.tif").raster == RunConfig(raster=Path("b.tif")).raster == paths[:1]
    assert RunConfig().raster == RunConfig(raster=None).raster == ()


@pytest.mark.parametrize("given", [[], [""], "", ["a.tif", ""]])
def test_a_list_without_rasters_is_refused(given: Any) -> None:
    """A pattern of a script that finds no file must not mean the bundled raster."""
    assert refusal(lambda: RunConfig(raster=given)).code == "path-empty"


@pytest.mark.parametrize("given", ['"DE,FR"', '" DE , FR ,"', '["DE", "FR"]'])
def test_countries_are_a_list_or_a_text(run_file: Callable[[str], Path], given: str) -> None:
    assert RunConfig.from_toml(run_file(f"countries = {given}")).countries == ("DE", "FR")


@pytest.mark.parametrize(
    ("text", "codes"),
    [("DE", ("DE",)), ("DE,FR", ("DE", "FR")), (" DE , FR ,", ("DE", "FR"))],
)
def test_codes_are_split_at_commas(text: str, codes: tuple[str, ...]) -> None:
    assert split_codes(text) == codes


@pytest.mark.parametrize("text", ["", " ", ","])
def test_a_text_without_codes_is_refused(text: str) -> None:
    """An empty variable of a script must not build the whole world."""
    assert refusal(lambda: split_codes(text)).code == "countries-none-selected"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("s1_workers = 1.5", "s1_workers"),
        ("s1_workers = true", "s1_workers"),
        ('s1_workers = "1"', "s1_workers"),
        ("keep_small_countries = 1", "keep_small_countries"),
        ('repair_geometry = "yes"', "repair_geometry"),
        ("countries = 1", "countries"),
        ("countries = [1]", "countries"),
        ("countries = {DE = 1}", "countries"),
        ("resolution = 30", "resolution"),
        ("out = true", "out"),
        ("raster = ['a.tif', 3]", "raster"),
        ("rule = 2020-01-01", "rule"),
    ],
)
def test_a_value_of_another_type_is_refused_and_named(
    run_file: Callable[[str], Path], text: str, name: str
) -> None:
    path = run_file(text)
    error = refusal(lambda: RunConfig.from_toml(path))
    assert error.code == "option-type"
    assert f"{path}: {name} is " in error.message
    assert error.hint.startswith("It must be of type")


def test_unknown_options_are_all_named_and_the_known_listed(
    run_file: Callable[[str], Path],
) -> None:
    error = refusal(lambda: RunConfig.from_toml(run_file("threads = 2\n[grid]\nwest = 0\n")))
    assert error.code == "option-unknown"
    assert "'grid', 'threads'" in error.message
    assert "s1_workers" in error.hint


@pytest.mark.parametrize(
    "content", [b"out = ", b"= 1", b"out = 1\nout = 2\n", b"\xff\xfe", b"a = " + b"[" * 5000]
)
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    error = refusal(lambda: RunConfig.from_toml(path))
    assert error.code == "config-syntax"
    assert str(path) in error.message


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    error = refusal(lambda: RunConfig.from_toml(tmp_path / name))
    assert error.code == "config-missing"
    assert str(tmp_path) in error.message


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"raster": Path("a.tif"), "resolution": "1deg"}, "grid-ambiguous"),
        ({"rule": "nearest"}, "rule-unknown"),
        ({"workers": 0}, "workers"),
        ({"stage_workers": {"s1": 0}}, "workers"),
        ({"stage_workers": {"s2": -1}}, "workers"),
        ({"workers": 2, "executor": "serial"}, "workers"),
        ({"stage_workers": {"s2": 2}, "executor": "serial"}, "workers"),
        ({"executor": "fibers"}, "executor-unknown"),
        ({"dask_address": "tcp://10.0.0.1:8786"}, "dask-address"),
        ({"memory_limit": 0}, "memory-limit"),
        ({"input_time_limit": 0}, "time-limit"),
        ({"pat": "maybe"}, "pat-unknown"),
        ({"days": 0}, "days-range"),
        ({"days": True}, "days-range"),
        ({"noise": "much"}, "noise-range"),
        ({"dp": None}, "dp-range"),
    ],
)
def test_what_cannot_be_meant_is_refused_however_it_comes(
    options: dict[str, Any], code: str
) -> None:
    assert refusal(lambda: RunConfig(**options)).code == code
    assert refusal(lambda: dataclasses.replace(RunConfig(), **options)).code == code


BOUNDED = [
    (name, option)
    for name, option in OPTIONS.items()
    if option.kind in (Kind.NUMBER, Kind.REAL) and option.least is not None
]


@pytest.mark.parametrize(("name", "option"), BOUNDED)
def test_bounds_of_the_command_line_hold_in_files_and_in_python(
    run_file: Callable[[str], Path], name: str, option: Option
) -> None:
    """A value out of them must not end in a traceback, nor stand for the default."""
    assert option.least is not None
    wrong: list[float] = [option.least - 1]
    right: list[float] = [option.least]
    if option.most is not None:
        wrong.append(option.most + 1)
        right.append(option.most)
    wrong.append(math.nan if option.kind is Kind.REAL else option.least + 0.5)
    for value in wrong:
        error = refusal(lambda value=value: RunConfig(**{name: value}))  # type: ignore[misc]
        assert error.code == option.range_code
        assert error.message == f"{name} is {value}."
        assert f"{option.least}" in error.hint
        if option.kind is Kind.REAL or isinstance(value, int):
            path = run_file(f"{name} = {value}")
            error = refusal(lambda path=path: RunConfig.from_toml(path))  # type: ignore[misc]
            assert error.code == option.range_code
            assert str(path) in error.message
    for value in right:
        assert getattr(RunConfig.from_toml(run_file(f"{name} = {value}")), name) == value


def test_numbers_of_numpy_become_those_of_python() -> None:
    """The report of a run and the hash of a result write them as JSON."""
    given: dict[str, Any] = {"days": np.int64(7), "noise": np.float32(2)}
    config = RunConfig(**given)
    assert (type(config.days), type(config.noise)) == (int, float)


def test_a_configuration_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().rule = "any_overlap"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("640MiB", 640 << 20),
        ("2GB", 2 * 10**9),
        ("1.5 gib", 3 << 29),
        ("512 B", 512),
        ("3kb", 3000),
    ],
)
def test_a_size_has_a_unit_of_a_thousand_or_of_1024(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "640", "MiB", "-1GB", "1e9B", "1 TiBs", "0x1GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    assert refusal(lambda: parse_bytes(text)).code == "memory-limit"
