"""Converted files have the columns, types and orders that each layout documents, and say what the purchases say."""

from __future__ import annotations

import errno
import os
import pickletools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from purchases import own_world

from closedworld import convert, score
from closedworld.errors import ConfigError, InputError, PublishError
from closedworld.worlds.converting.layouts import card_numbers

SPARKOV = [
    "trans_date_trans_time",
    "cc_num",
    "merchant",
    "category",
    "amt",
    "first",
    "last",
    "gender",
    "street",
    "city",
    "state",
    "zip",
    "lat",
    "long",
    "city_pop",
    "job",
    "dob",
    "trans_num",
    "unix_time",
    "merch_lat",
    "merch_long",
    "is_fraud",
]
HANDBOOK = {
    "TRANSACTION_ID": "int64", "TX_DATETIME": "datetime64[ns]", "CUSTOMER_ID": "int64", "TERMINAL_ID": "int64",
    "TX_AMOUNT": "float64", "TX_TIME_SECONDS": "int64", "TX_TIME_DAYS": "int64", "TX_FRAUD": "int64",
    "TX_FRAUD_SCENARIO": "int64",
}  # fmt: skip
SYNCCFD = [
    "TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_TYPE", "TX_SHIPP_LAT",
    "TX_SHIPP_LONG", "TX_BILL_LAT", "TX_BILL_LONG", "TX_TERM_LAT", "TX_TERM_LONG", "TX_TIME_SECONDS",
    "TX_TIME_DAYS", "TX_FRAUD", "TX_FRAUD_SCENARIO",
]  # fmt: skip
TABFORMER = [
    "User", "Card", "Year", "Month", "Day", "Time", "Amount", "Use Chip", "Merchant Name", "Merchant City",
    "Merchant State", "Zip", "MCC", "Errors?", "Is Fraud?",
]  # fmt: skip
SPARKOV_CATEGORIES = {
    "misc_net", "grocery_pos", "entertainment", "gas_transport", "misc_pos", "grocery_net", "shopping_net",
    "shopping_pos", "food_dining", "personal_care", "health_fitness", "travel", "kids_pets", "home",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, pd.DataFrame]]:
    folder = tmp_path_factory.mktemp("own")
    tables = own_world()
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    return folder, tables


def has_luhn(number: int) -> bool:
    """Return whether a number passes the check of Luhn, digit by digit."""
    total = 0
    for place, letter in enumerate(reversed(str(number))):
        digit = int(letter) * (2 if place % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def test_card_numbers_fail_luhn_and_are_distinct() -> None:
    assert has_luhn(4539578763621486)
    numbers = card_numbers(np.arange(5000, dtype=np.int32)).tolist()
    assert not any(map(has_luhn, numbers))
    assert len(set(numbers)) == 5000
    assert {len(str(one)) for one in numbers} == {16}


def test_sparkov_is_kaggle_s_file(
    world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    folder, own = world
    done = convert(folder, "sparkov", tmp_path / "fraudTrain.csv")
    text = (tmp_path / "fraudTrain.csv").read_text()
    assert text.startswith(",trans_date_trans_time,")
    found = pd.read_csv(
        tmp_path / "fraudTrain.csv", index_col=0, parse_dates=["trans_date_trans_time"]
    )
    purchases, truth = own["purchases"], own["truth"].set_index("purchase_id")
    assert list(found.columns) == SPARKOV
    assert found.index.tolist() == list(range(len(purchases)))
    kinds = {name: str(kind) for name, kind in found.dtypes.items()}
    for name in ("cc_num", "zip", "city_pop", "unix_time", "is_fraud"):
        assert kinds[name] == "int64", name
    for name in ("amt", "lat", "long", "merch_lat", "merch_long"):
        assert kinds[name] == "float64", name
    assert kinds["trans_date_trans_time"].startswith("datetime64")
    assert not found.isna().any().any()
    assert set(found["category"]) <= SPARKOV_CATEGORIES
    assert not any(map(has_luhn, found["cc_num"].unique().tolist()))
    wanted = truth["is_fraud"].loc[purchases["purchase_id"]].to_numpy()
    assert (found["is_fraud"].to_numpy() == wanted).all()
    assert (found["unix_time"].to_numpy() == purchases["ts_utc"].astype("int64") // 10**6).all()
    assert (
        found["trans_date_trans_time"].to_numpy() == purchases["ts_local"].dt.floor("s").to_numpy()
    ).all()
    assert found.groupby("cc_num").ngroups == purchases["card_id"].nunique()
    shop = (purchases["channel"] != "online").to_numpy()
    np.testing.assert_allclose(found["merch_long"][shop], purchases["lon"][shop], atol=1e-6)
    np.testing.assert_allclose(found["merch_lat"][~shop], found["lat"][~shop])
    homes = own["cards"].set_index("card_id").loc[purchases["card_id"]]
    np.testing.assert_allclose(found["lat"], homes["home_lat"], atol=1e-6)
    np.testing.assert_allclose(found["amt"], purchases["amount"], atol=0.005)
    assert (done.purchases, done.frauds) == (len(found), int(wanted.sum()))


def test_the_handbook_s_days_load_as_its_own_do(
    world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    """Read as the Handbook reads: files by name between two dates, together, in the order of their numbers."""
    folder, own = world
    done = convert(folder, "handbook", tmp_path / "days")
    names = sorted(path.name for path in (tmp_path / "days").iterdir())
    days = own["purchases"]["ts_utc"].dt.strftime("%Y-%m-%d")
    assert names == sorted(f"{day}.pkl" for day in days.unique())
    assert [path.name for path in done.files] == names
    frames = {name: pd.read_pickle(tmp_path / "days" / name) for name in names}  # noqa: S301 -- just written
    for name, frame in frames.items():
        assert {column: str(kind) for column, kind in frame.dtypes.items()} == HANDBOOK
        assert list(frame.columns) == list(HANDBOOK)
        assert set(frame["TX_DATETIME"].dt.strftime("%Y-%m-%d")) == {name[:10]}
    found = (
        pd.concat(frames.values())
        .sort_values("TRANSACTION_ID")
        .reset_index(drop=True)
        .replace([-1], 0)
    )
    assert found["TRANSACTION_ID"].tolist() == list(range(len(own["purchases"])))
    begin = found["TX_DATETIME"].min().normalize()
    since = (found["TX_DATETIME"] - begin).dt.total_seconds()
    assert (found["TX_TIME_SECONDS"] == since).all()
    assert (found["TX_TIME_DAYS"] == since // 86_400).all()
    truth = own["truth"].set_index("purchase_id").loc[own["purchases"]["purchase_id"]]
    scenarios = truth["fraud_type"].map({"clone": 1, "skim": 2, "lost": 3, "testing": 4}).fillna(0)
    assert (found["TX_FRAUD_SCENARIO"].to_numpy() == scenarios.to_numpy()).all()
    assert ((found["TX_FRAUD_SCENARIO"] > 0) == (found["TX_FRAUD"] == 1)).all()


def test_all_days_of_the_handbook_are_there_or_none(
    world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the second day; an empty folder that was there stays."""
    real, written = pd.DataFrame.to_pickle, list[Path]()

    def to_pickle(frame: pd.DataFrame, path: Path, **options: Any) -> None:
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        real(frame, path, **options)

    (tmp_path / "empty").mkdir()
    for out, left in (("new", {"empty"}), ("empty", {"empty"})):
        with monkeypatch.context() as patch:
            patch.setattr(pd.DataFrame, "to_pickle", to_pickle)
            with pytest.raises(PublishError, match="output-not-writable") as caught:
                convert(world[0], "handbook", tmp_path / out)
        assert str(tmp_path / out) in caught.value.message
        assert {path.name for path in tmp_path.rglob("*")} == left
        written.clear()
    monkeypatch.chdir(tmp_path)
    done = convert(world[0], "handbook", "empty")
    assert sorted(Path("empty").iterdir()) == sorted(done.files)


def test_the_handbook_s_days_name_nothing_that_its_pandas_lacks(
    world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    """pandas 1.5 with NumPy 1.26 has all of these modules; of later versions it has not ``numpy._core.numeric``."""
    convert(world[0], "handbook", tmp_path / "days")
    for path in (tmp_path / "days").iterdir():
        texts = [
            argument
            for _, argument, _ in pickletools.genops(path.read_bytes())
            if isinstance(argument, str)
        ]
        modules = {text for text in texts if text.startswith(("numpy.", "pandas."))}
        assert modules <= {
            "numpy._core.multiarray", "pandas._libs.arrays", "pandas._libs.internals", "pandas.arrays",
            "pandas.core.arrays.datetimes", "pandas.core.indexes.base", "pandas.core.indexes.range", "pandas.core.internals.managers",
        }  # fmt: skip


def test_the_handbook_s_features_and_split_run_on_them(
    world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    """Flags of weekend and night, spending in windows of days, risk of terminals with delay, split by days."""
    folder, _ = world
    convert(folder, "handbook", tmp_path / "days")
    found = pd.concat(map(pd.read_pickle, sorted((tmp_path / "days").iterdir())))
    found["TX_DURING_WEEKEND"] = found["TX_DATETIME"].apply(lambda at: int(at.weekday() >= 5))
    found["TX_DURING_NIGHT"] = found["TX_DATETIME"].apply(lambda at: int(at.hour <= 6))

    def spent(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.sort_values("TX_DATETIME").set_index("TX_DATETIME", drop=False)
        window = rows["TX_AMOUNT"].rolling("7D")
        return rows.assign(
            n7=window.count().to_numpy(), mean7=(window.sum() / window.count()).to_numpy()
        )

    def risk(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.sort_values("TX_DATETIME").set_index("TX_DATETIME", drop=False)
        late, both = (rows["TX_FRAUD"].rolling(days) for days in ("7D", "14D"))
        seen = both.count() - late.count()
        return rows.assign(risk7=((both.sum() - late.sum()) / seen).fillna(0).to_numpy())

    parts = [spent(rows) for _, rows in found.groupby("CUSTOMER_ID")]
    found = pd.concat(parts).reset_index(drop=True)
    found = pd.concat([risk(rows) for _, rows in found.groupby("TERMINAL_ID")]).reset_index(
        drop=True
    )
    begin = found["TX_DATETIME"].min()
    train = found[found["TX_DATETIME"] < begin + pd.Timedelta(days=7)]
    test = found[found["TX_TIME_DAYS"] >= train["TX_TIME_DAYS"].max() + 7]
    assert len(train)
    assert len(test)
    features = ["TX_AMOUNT", "TX_DURING_WEEKEND", "TX_DURING_NIGHT", "n7", "mean7", "risk7"]
    assert np.isfinite(found[features].to_numpy(np.float64)).all()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_synccfd_has_its_columns(
    suffix: str, world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    folder, own = world
    path = tmp_path / f"transactions.{suffix}"
    convert(folder, "synccfd", path)
    found = (
        pd.read_csv(path, parse_dates=["TX_DATETIME"]) if suffix == "csv" else pd.read_parquet(path)
    )
    assert list(found.columns) == SYNCCFD
    assert str(found["TX_DATETIME"].dtype).startswith("datetime64")
    assert not found.isna().any().any()
    online = (own["purchases"]["channel"] == "online").to_numpy()
    assert ((found["TX_TYPE"] == "CNP").to_numpy() == online).all()
    np.testing.assert_allclose(found["TX_TERM_LAT"][~online], own["purchases"]["lat"][~online])


def test_tabformer_is_sorted_by_user_card_and_time(
    world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    folder, own = world
    convert(folder, "tabformer", tmp_path / "card_transaction.v1.csv")
    found = pd.read_csv(tmp_path / "card_transaction.v1.csv")
    assert list(found.columns) == TABFORMER
    for name in ("User", "Card", "Year", "Month", "Day", "Merchant Name", "MCC"):
        assert str(found[name].dtype) == "int64", name
    assert found["Amount"].str.fullmatch(r"\$-?\d+\.\d\d").all()
    assert found["Time"].str.fullmatch(r"\d\d:\d\d").all()
    assert set(found["Is Fraud?"]) == {"Yes", "No"}
    assert found["Errors?"].isna().all()
    at = pd.to_datetime(found[["Year", "Month", "Day"]]) + pd.to_timedelta(found["Time"] + ":00")
    keys = found.assign(at=at)[["User", "Card"]]
    assert keys.sort_values(["User", "Card"], kind="stable").equals(keys)
    assert found.groupby(["User", "Card"]).ngroups == own["purchases"]["card_id"].nunique()
    assert found["User"].nunique() == own["cards"]["person_id"].nunique()
    assert (found["Is Fraud?"] == "Yes").sum() == own["truth"]["is_fraud"].sum()
    online = found["Use Chip"] == "Online Transaction"
    assert (found["Merchant City"][online] == "ONLINE").all()
    assert found["Merchant State"][online].isna().all()
    assert set(found["Merchant City"][~online]) == {"Paris", "Berlin"}


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["sparkov", "synccfd", "tabformer"])
def test_what_is_converted_is_recognised_and_scores_as_before(
    layout: str, world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    folder, own = world
    convert(folder, layout, tmp_path / "file.csv")
    found = score(tmp_path / "file.csv")
    assert found.form == layout
    assert found.counts["purchases"] == len(own["purchases"])
    assert found.counts["frauds"] == own["truth"]["is_fraud"].sum()
    assert found.counts["cards"] == own["purchases"]["card_id"].nunique()


@pytest.mark.slow
def test_sparkov_s_rows_at_home_are_those_online_and_without_them_speeds_are_as_before(
    world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    folder, own = world
    convert(folder, "sparkov", tmp_path / "all.csv")
    table = pd.read_csv(tmp_path / "all.csv", index_col=0)
    at_home = (table["merch_lat"] == table["lat"]) & (table["merch_long"] == table["long"])
    assert at_home.tolist() == (own["purchases"]["channel"] == "online").tolist()
    table[~at_home].to_csv(tmp_path / "in_person.csv")
    # Seconds in UTC, as in the world: where there are several zones, local times are no distance in time.
    by_seconds = {"time": "unix_time"}
    whole, some = (score(tmp_path / f"{name}.csv", by_seconds) for name in ("all", "in_person"))
    before = score(folder / "purchases.parquet", truth=folder / "truth.parquet")
    for name in ("fast_within_hour", "fast", "flight"):
        assert some.figures[name].of == before.figures[name].of < whole.figures[name].of
        assert some.figures[name].value == pytest.approx(before.figures[name].value, abs=0.01)


def test_what_cannot_be_written_is_refused(
    world: tuple[Path, dict[str, pd.DataFrame]], tmp_path: Path
) -> None:
    folder, own = world

    def code(layout: str, out: Path, source: Path = folder) -> str:
        with pytest.raises((ConfigError, InputError)) as caught:
            convert(source, layout, out)
        return caught.value.code

    assert code("visa", tmp_path / "x.csv") == "convert-layout"
    assert code("sparkov", tmp_path / "x.parquet") == "output-format"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "2018-04-01.pkl").touch()
    assert code("handbook", tmp_path / "full") == "output-not-empty"
    for name in ("k.csv", "k.parquet", "k.PKL"):
        with pytest.raises(ConfigError, match=r"output-format.*is a folder") as caught:
            convert(folder, "handbook", tmp_path / name)
        assert name in caught.value.message
        assert not (tmp_path / name).exists()
    assert code("sparkov", tmp_path / "x.csv", tmp_path / "no") == "input-missing"
    for name, table in own.items():
        table.head(0).to_parquet(tmp_path / f"{name}.parquet")
    assert code("sparkov", tmp_path / "x.csv", tmp_path) == "purchases-none"
    own["purchases"].drop(columns="mcc").to_parquet(tmp_path / "purchases.parquet")
    assert code("sparkov", tmp_path / "x.csv", tmp_path) == "table-column"
    assert not (tmp_path / "x.csv").exists()
