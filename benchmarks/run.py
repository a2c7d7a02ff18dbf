"""All benchmarks in turn, printed as the Markdown of docs/performance.md."""

from __future__ import annotations

import subprocess
import sys
import time

from measure import Form, machine, script

SECTIONS = (
    "tile_index.py",
    "tile_weights.py",
    "workers.py",
    "growth.py",
    "peers.py",
    "sites.py",
    "locating.py",
    "payment_world.py",
)

TEXT = """# Performance

`{command}` prints this page. All peers run on the same input in the same benchmark run, in alternation, each in its
fastest form, as whole processes unless noted. Machines differ, so compare the ratios.

{machine}; {runs}.

The world is the bundled countries on WorldPop's 1 km grid: 43,199 x 16,755 cells of 30 arc-seconds{size}.
"""

QUICK = " (in this quick form, cells are four times as wide and high, so startup counts for more than it should)"


def main() -> None:
    """Print the page."""
    form = Form.asked(__doc__)
    print(
        TEXT.format(
            command="make bench-quick" if form.quick else "make bench",
            machine=machine(),
            runs="one run of each" if form.runs == 1 else f"medians of {form.runs} runs",
            size=QUICK if form.quick else "",
        ),
        end="",
        flush=True,
    )
    began = time.monotonic()
    for name in SECTIONS:
        subprocess.run(script(name, *form.options()), check=True)
        print(f"{name}: {time.monotonic() - began:.0f} s so far", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
