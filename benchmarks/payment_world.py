"""Making purchases, compared with two public generators."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from measure import (
    Cost,
    Form,
    ask_script,
    median_cost,
    published,
    run_closedworld,
    run_process,
    script,
)
from table import head, row, section

if TYPE_CHECKING:
    from collections.abc import Mapping

DAYS = 720
CUSTOMERS = 5_000


@dataclass(frozen=True, slots=True)
class Peer:
    """Another way to make purchases.

    Attributes:
        file: What it writes.
        title: What the table calls it.
        days: Days that it is measured for, enough for its start to count little.
    """

    file: str
    title: str
    days: int


OURS = {
    executor: f"`closedworld purchases`, 2 workers, {executor}"
    for executor in ("processes", "threads")
}
PEERS = {
    "handbook": Peer("handbook.parquet", f"the Handbook's way, pandas {version('pandas')}", 60),
    "sparkov": Peer("sparkov.csv", "Sparkov's way, plain Python", 40),
}

TEXT = """
The 10,000 cards of the demonstration, 720 days (240 in the quick form), in a world that has been built. `closedworld purchases` also computes trips, stays,
time zones and ways between sites, checks every day, seals and syncs. The peers are restated in our words after their published
descriptions (`benchmarks/generators.py`). Of the Fraud Detection Handbook: 5,000 customers and 10,000 terminals in a square,
joined by radius, purchases drawn one by one, three scenarios of fraud marked with pandas, written as Parquet. Of Sparkov: purchases drawn one by one from
a profile, each at a place of its own near the customer's home, written as text. Left out: its names and addresses, its
package Faker and its search of a new list for each draw, which all take more time. Both use one core and are measured for fewer days, so compare purchases
per second of processor time.

Programs of others take part with `--own TITLE COMMAND`, which prints the number of purchases last. Those below were made from the public sources of both: the
Handbook's functions of its chapter on the simulator, 5,000 customers, 60 days, a pickle for each; and Sparkov's `datagen_transaction.py`, 2,000 customers, 55 days,
with customers and a profile that were made up, as its data is not in its sources.
"""


def main() -> None:
    """Measure and print."""
    parser = Form.parser(__doc__)
    parser.add_argument(
        "--own",
        nargs=2,
        action="append",
        default=[],
        metavar=("TITLE", "COMMAND"),
        help="a program of others that prints the number of purchases it made last",
    )
    arguments = parser.parse_args()
    form = Form.of(arguments)
    section("Purchases (S11)", TEXT)
    with tempfile.TemporaryDirectory(prefix="closedworld-bench-") as folder:
        scratch = Path(folder)
        world = scratch / "world"
        run_closedworld("people", "--out", str(world))
        compare(world, scratch, 3 if form.quick else 1, form.runs, dict(arguments.own))


def compare(
    world: Path, scratch: Path, shorter: int, runs: int, programs: Mapping[str, str]
) -> None:
    """Time all ways in turn and print a table; all days but those of programs are divided by ``shorter``."""
    costs: dict[str, list[Cost]] = {name: [] for name in (*OURS, *PEERS, *programs)}
    counts: dict[str, int] = {}
    for _ in range(runs):
        for executor in OURS:
            ways = "--days", str(DAYS // shorter), "--workers", "2", "--executor", executor
            costs[executor].append(run_closedworld("purchases", str(world), *ways))
            made, datasets = published(world, "purchases")
            counts[executor] = datasets["purchases"]["rows"]
            shutil.rmtree(made)
        for name, peer in PEERS.items():
            target = scratch / peer.file
            options = "--customers", str(CUSTOMERS), "--days", str(peer.days // shorter)
            costs[name].append(run_process(script("generators.py", name, str(target), *options)))
            counts[name] = ask_script("generators.py", "count", str(target))["purchases"]
        for title, command in programs.items():
            said = scratch / "said.txt"
            costs[title].append(run_process(["sh", "-c", f"({command}) > {said}"]))
            counts[title] = int(said.read_text().split()[-1])
    columns = ("purchases", "wall", "CPU", "peak memory", "purchases/s", "purchases per CPU second")
    head("way", *columns, "closedworld, times as many per CPU second")
    titles = OURS | {name: peer.title for name, peer in PEERS.items()}
    for name, kept in costs.items():
        cost = median_cost(kept)
        ratio = statistics.median(
            (other.cpu / counts[name]) / (own.cpu / counts["processes"])
            for own, other in zip(costs["processes"], kept, strict=True)
        )
        row(
            titles.get(name, name),
            f"{counts[name]:,}",
            f"{cost.wall:.1f} s",
            f"{cost.cpu:.1f} s",
            f"{cost.peak_mib:.0f} MiB",
            f"{counts[name] / cost.wall:,.0f}",
            f"{counts[name] / cost.cpu:,.0f}",
            f"{ratio:.1f} x",
        )


if __name__ == "__main__":
    main()
