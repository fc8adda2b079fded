"""`python -m benchmarks`: run the measurements, print one JSON object, write benchmarks/results/<name>.json.

Progress and the bars go to stderr. A bar that is missed is a result like any other: the status is 0 once all is
measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ALWAYS = (
    "accuracy",
    "audits",
    "exactness",
    "explanation_speed",
    "faithfulness",
    "growth",
    "living",
    "load",
    "mixtures",
)
NAMES = (*ALWAYS, "catalogues")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    # Read by numpy and torch when they are first imported: the bars are stated for one core.
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    from benchmarks.measure import say
    from benchmarks.record import as_json, bar_lines, environment, write
    from core.errors import SurfacedError

    written: dict[str, Any] = {}
    for name in options.only or ALWAYS:
        say(f"benchmark {name}")
        before = environment(options.seed)
        try:
            report = benchmark(name, options)(options.data, options.seed)
        except SurfacedError as error:
            say(f"{error}")
            return 2
        written[name] = as_json(report, before)
        path = write(written[name], options.results) if options.results else write(written[name])
        say(f"{bar_lines(report.bars)}\n  written to {path}")
    print(json.dumps(written, ensure_ascii=False, allow_nan=False))
    return 0


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the bars; one JSON object on stdout."
    )
    result.add_argument("--only", action="append", choices=NAMES, help="one of them (may be repeated); all without it")
    result.add_argument("--data", type=Path, help="state folder; default SURFACED_HOME, else .surfaced")
    result.add_argument("--results", type=Path, help="folder for the JSON files; default benchmarks/results")
    result.add_argument("--seed", type=int, default=0, help="seed of splits, searches and samples; the bars are for 0")
    result.add_argument(
        "--sizes", type=_sizes, default=None, help="edges of the graphs of `growth`: 100000,1000000,3000000"
    )
    result.add_argument("--checkout", type=Path, help="`load`: another checkout that is measured beside this one")
    result.add_argument(
        "--catalogue", type=Path, action="append", help="`catalogues`: a folder with a published train and test part"
    )
    result.add_argument("--deskdrop", type=Path, help="`living`: a folder with Deskdrop's users_interactions.csv.zip")
    return result


def benchmark(name: str, options: argparse.Namespace) -> Callable[[Path | None, int], Any]:
    """The function that measures; imported only now, after the number of threads was set."""
    if name == "accuracy":
        from benchmarks import accuracy

        return accuracy.run
    if name == "audits":
        from benchmarks import audits

        return audits.run
    if name == "exactness":
        from benchmarks import exactness

        return exactness.run
    if name == "explanation_speed":
        from benchmarks import explanation_speed

        return explanation_speed.run
    if name == "faithfulness":
        from benchmarks import faithfulness

        return faithfulness.run
    if name == "living":
        from benchmarks import living

        return lambda home, seed: living.run(home, seed, options.deskdrop, options.sizes or living.SIZES)
    if name == "catalogues":
        from benchmarks import catalogues

        return lambda home, seed: catalogues.run(options.catalogue or (), seed)
    if name == "mixtures":
        from benchmarks import mixtures

        return mixtures.run
    if name == "load":
        from benchmarks import load

        return lambda home, seed: load.run(home, seed, options.checkout)
    from benchmarks import growth

    return lambda home, seed: growth.run(home, seed, options.sizes or growth.SIZES)


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(sorted(int(part) for part in text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers: write 100000,1000000") from None
    if sizes[0] < 1_000:
        raise argparse.ArgumentTypeError("a graph needs at least 1000 edges")
    return sizes


if __name__ == "__main__":
    sys.exit(main())
