"""What is done with published purchases: scored with their truth, converted, shown on a map."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from site_worlds import small_world

import closedworld as cw
from closedworld.cli.main import main
from closedworld.datasets.purchases import FRAUD_TYPES
from closedworld.errors import ConfigError
from closedworld.inputs.reference.registry import bundled

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

SHOPS = [
    {"merchant_id": f"{name}-{iso}", "country_iso": iso, "n": n, "mcc": mcc}
    for iso in ("LU", "MT")
    for name, mcc, n in (("mart", 5411, 12), ("fuel", 5541, 5), ("bank", 6011, 4), ("web", 5815, 1))
]
DAYS = 5
FRAUD = "share = 0.04\nclone = 1\nskim = 1\nlost = 1\ntesting = 1\n"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Output folder with all five stages; read only."""
    folder = tmp_path_factory.mktemp("paid") / "world"
    small = small_world(folder, ("LU", "MT"))
    small.build(folder, SHOPS)
    fraud = folder / "fraud.toml"
    fraud.write_text(FRAUD)
    cw.build_people(
        cw.open_world(folder), folder, cards={"LU": 120, "MT": 40}, countries=small.countries,
        executor="serial",
    )  # fmt: skip
    cw.build_purchases(
        cw.open_world(folder), folder, first_day="2026-03-27", days=DAYS, fraud=fraud, executor="serial"
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def rows(out: Path) -> pd.DataFrame:
    """Purchases with their labels, in the order of their files."""
    result = cw.open_world(out).result("purchases")
    purchases, truth = (
        result.dataset(name).to_table().to_pandas() for name in ("purchases", "truth")
    )
    return purchases.merge(truth, on="purchase_id", validate="1:1")


def call(*words: object) -> Any:
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done


def test_a_result_is_scored_with_its_truth_and_homes(out: Path, rows: pd.DataFrame) -> None:
    found = json.loads(call("score", out, "--json").stdout)["score"]
    counts = found["counts"]
    assert found["format"] == "closedworld"
    assert counts["purchases"] == len(rows) > 500
    assert counts["cards"] == rows["card_id"].nunique()
    assert counts["frauds"] == rows["is_fraud"].sum() > 10
    assert counts["listed_as_noise"] == rows["hard_negative"].notna().sum()
    assert counts["online"] == (rows["channel"] == "online").sum()
    assert counts["unlabelled"] == counts["left_out"] == counts["off_the_globe"] == 0
    assert found["kinds"] == rows["fraud_type"].value_counts().to_dict()
    value = {name: one["value"] for name, one in found["figures"].items()}
    assert value["fraud"] == pytest.approx(rows["is_fraud"].mean())
    assert value["local_time_agrees"] == 1
    assert value["new_place_each_time"] == 0
    assert value["home_km"] > 0


def test_a_folder_of_a_result_is_scored_as_its_output_folder(out: Path) -> None:
    folder = cw.open_world(out).result("purchases").folder
    one, other = (cw.score(path).to_dict() for path in (out, folder))
    assert one == other


def test_results_that_purchases_were_made_from_are_missed(out: Path, tmp_path: Path) -> None:
    (tmp_path / "purchases").symlink_to(out / "purchases")
    with pytest.raises(ConfigError, match="the people of") as caught:
        cw.score(tmp_path)
    assert caught.value.code == "index-missing"
    (tmp_path / "other").mkdir()
    for stage in ("tiles", "weights", "sites"):
        (tmp_path / "other" / stage).symlink_to(out / stage)
    with pytest.raises(ConfigError) as caught:
        cw.score(tmp_path / "other")
    assert caught.value.code == "dataset-unknown"


def test_what_was_built_into_another_folder_is_read_after_the_copy_that_is_advised(
    out: Path, tmp_path: Path
) -> None:
    """The run prints the command; a reader that misses a result names the same folders."""
    elsewhere = tmp_path / "else where"
    done = call("purchases", out, "--days", 1, "--out", elsewhere)
    (advice,) = (line for line in done.stdout.splitlines() if "cp -r" in line)
    with pytest.raises(ConfigError, match=r"cp -r WORLD/people .*else where'") as caught:
        cw.score(elsewhere)
    assert caught.value.code == "index-missing"
    words = shlex.split(advice.split("  (")[0])
    assert words[:2] == ["cp", "-r"]
    subprocess.run(words, check=True)
    assert json.loads(call("score", elsewhere, "--json").stdout)["score"]["counts"]["cards"] > 0
    assert call("verify", elsewhere)
    call("explore", elsewhere, "--out", tmp_path / "map.html")
    assert "cp -r" not in call("purchases", elsewhere, "--days", 1).stdout


def test_it_is_converted_to_sparkov(out: Path, rows: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "fraudTrain.csv"
    call("convert", out, "--to", "sparkov", "--out", file)
    found = pd.read_csv(file, index_col=0)
    assert (found["trans_num"].map(lambda one: int(one, 16)) == rows["purchase_id"]).all()
    assert (found["is_fraud"] == rows["is_fraud"]).all()
    assert np.allclose(found["amt"], rows["amount"], atol=0.005)
    at_site = rows["lon"].notna()
    assert np.allclose(found["merch_long"][at_site], rows["lon"][at_site], atol=1e-6)
    assert found["cc_num"].nunique() == rows["card_id"].nunique()
    scored = cw.score(file)
    assert scored.form == "sparkov"
    assert scored.counts["frauds"] == rows["is_fraud"].sum()


def test_it_is_converted_to_days_of_the_handbook(
    out: Path, rows: pd.DataFrame, tmp_path: Path
) -> None:
    call("convert", out, "--to", "handbook", "--out", tmp_path / "days")
    files = sorted((tmp_path / "days").iterdir())
    assert [file.name for file in files] == [
        f"{day}.pkl" for day in ("2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31")
    ]  # fmt: skip
    found = pd.concat([pd.read_pickle(file) for file in files], ignore_index=True)  # noqa: S301 -- written above
    kinds = rows["fraud_type"].map({one: at for at, one in enumerate(FRAUD_TYPES, 1)}).fillna(0)
    assert (found["TX_FRAUD_SCENARIO"] == kinds).all()
    assert set(kinds) >= {0, 1, 3, 4}
    assert (found["TX_FRAUD"] == rows["is_fraud"]).all()
    assert (found["TX_AMOUNT"] == rows["amount"]).all()
    assert (found["TX_TIME_DAYS"].diff().fillna(0) >= 0).all()
    assert found["TX_TIME_DAYS"].max() == DAYS - 1
    assert found["TERMINAL_ID"].nunique() == rows["site_id"].where(
        rows["site_id"] >= 0, rows["merchant_id"]
    ).nunique()  # fmt: skip


def test_it_is_converted_to_tabformer_and_synccfd(
    out: Path, rows: pd.DataFrame, tmp_path: Path
) -> None:
    call("convert", out, "--to", "tabformer", "--out", tmp_path / "t.csv")
    found = pd.read_csv(tmp_path / "t.csv")
    assert found["Amount"].str.removeprefix("$").astype(float).sum() == pytest.approx(
        rows["amount"].sum()
    )
    assert (found["Is Fraud?"] == "Yes").sum() == rows["is_fraud"].sum()
    assert (found["Use Chip"] == "Online Transaction").sum() == (rows["channel"] == "online").sum()
    assert found[["User", "Card"]].drop_duplicates().shape[0] == rows["card_id"].nunique()
    assert found["User"].is_monotonic_increasing
    call("convert", out, "--to", "synccfd", "--out", tmp_path / "s.parquet")
    frame = pd.read_parquet(tmp_path / "s.parquet")
    assert (frame["TX_FRAUD"] == rows["is_fraud"]).all()
    assert ((frame["TX_TYPE"] == "CNP") == (rows["channel"] == "online")).all()
    at_site = rows["lon"].notna()
    assert (frame["TX_TERM_LONG"][at_site] == rows["lon"][at_site]).all()


def test_the_map_has_the_lives_of_its_cards(out: Path, rows: pd.DataFrame, tmp_path: Path) -> None:
    page = cw.open_world(out).explore()
    assert '"lives"' in page.html
    call("explore", out, "--out", tmp_path / "map.html")
    assert (tmp_path / "map.html").stat().st_size > len(rows)


def test_collections_name_the_tables_that_a_result_was_made_from(out: Path) -> None:
    def providers(stage: str) -> set[str]:
        found = cw.open_world(out).result(stage).folder / "collection.json"
        return {one["name"] for one in json.loads(found.read_bytes())["providers"]}

    assert bundled("places.parquet").title in providers("sites")
    assert bundled("currencies.csv").title not in providers("people")
    assert bundled("currencies.csv").title in providers("purchases")
