"""What a whole audit costs after scoring: all metrics, five columns, 1,000 draws, at the size of MovieLens-1M and up to
a million people.

Lists are synthetic (places drawn by popularity), because what is measured is the audit, not a model. Each size runs in
a process of its own, on one core, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.growth import peak_mib
from benchmarks.measure import clock, say
from benchmarks.record import Report, at_most
from benchmarks.synthetic import power_law_graph
from core.errors import SurfacedError
from core.evaluation import evaluate
from core.graph import InteractionGraph
from explain.fairness.metrics.base import all_metrics
from explain.fairness.report import Lists, run_plan
from explain.format.numbers import count_word
from explain.format.words import RBP
from explain.results.plan import Plan

MOVIELENS_1M = (6_040, 3_706, 1_000_209)
SIZES = (10_000, 100_000, 1_000_000)
EVENTS_EACH, K = 20, 20
SECONDS, MIB = 30.0, 2_048.0
ITEM_COLUMNS, USER_COLUMNS = ("genre", "decade"), ("gender", "age_band", "occupation")


def run(home: Path | None, seed: int) -> Report:
    """home is not read: nothing here needs data."""
    rows = [_in_own_process(*MOVIELENS_1M, seed)]
    rows += [_in_own_process(n, MOVIELENS_1M[1], n * EVENTS_EACH, seed) for n in SIZES]
    first = rows[0]
    growth = math.log(rows[-1]["seconds"] / rows[1]["seconds"]) / math.log(SIZES[-1] / SIZES[0])
    bars = (
        at_most("size of MovieLens-1M, whole audit: seconds on one core", first["seconds"], SECONDS),
        at_most("size of MovieLens-1M, whole audit: peak memory in MiB", first["peak_mib"], MIB),
        at_most("growth with people, exponent of seconds, 10,000 to 1,000,000", growth, 1.15),
    )
    notes = (
        f"{len(all_metrics())} metrics in {count_word(all_metrics()[-1].number)} families, "
        f"{len(ITEM_COLUMNS)} item and "
        f"{len(USER_COLUMNS)} user columns, "
        "all cells, one intersection, 1,000 draws; lists and held-out quality are given.",
        "The share of relevant events and the target are held-out (relevance), so that every metric has what it needs.",
    )
    return Report("audits", {"sizes": rows, "exponent": growth}, bars, notes)


def measure(n_users: int, n_items: int, n_edges: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    graph = _with_columns(power_law_graph(n_edges, rng, n_users=n_users, n_items=n_items), rng)
    lists = _lists(graph, rng)
    plan = Plan(
        workspace="synthetic",
        model="none",
        k=K,
        item_columns=ITEM_COLUMNS,
        user_columns=USER_COLUMNS,
        intersections=(USER_COLUMNS[:2],),
        target="relevance",
        draws=1_000,
        seed=seed,
        browsing=RBP,
    )
    training = graph.interactions
    quality = evaluate(lists, training, training=training, cutoffs=(K,), draws=100)
    before = peak_mib()
    with clock() as took:
        report = run_plan(graph, plan, Lists(lists, lists, training, quality, training))
    steps = {"people": n_users, "items": n_items, "events": len(graph.events), "metric_rows": len(report.metrics)}
    return steps | {"seconds": took.cpu_s, "wall_s": took.wall_s, "before_mib": before, "peak_mib": peak_mib()}


def _with_columns(graph: InteractionGraph, rng: np.random.Generator) -> InteractionGraph:
    n, m = graph.n_users, graph.n_items
    people = pd.DataFrame(
        {
            "gender": rng.choice(["F", "M"], n),
            "age_band": rng.choice([f"{a}s" for a in range(10, 80, 10)], n),
            "occupation": rng.choice([f"job {j:02d}" for j in range(21)], n),
        }
    )
    items = pd.DataFrame(
        {
            "genre": rng.choice([f"genre {g:02d}" for g in range(18)], m),
            "decade": rng.choice([f"{d}s" for d in range(1920, 2010, 10)], m),
        }
    )
    return replace(graph, users=replace(graph.users, attributes=people), items=replace(graph.items, attributes=items))


def _lists(graph: InteractionGraph, rng: np.random.Generator) -> np.ndarray:
    """int64 [people, K]: distinct items, popular ones more often; a window of a shuffled popular queue
    for each person.
    """
    queue = rng.permutation(
        np.repeat(np.arange(graph.n_items), 1 + (np.arange(graph.n_items)[::-1] * 8 // graph.n_items))
    )
    start = rng.integers(len(queue), size=graph.n_users)
    lists = queue[(start[:, None] + np.arange(4 * K)) % len(queue)]
    order = np.argsort(lists, axis=1, kind="stable")
    ordered = np.take_along_axis(lists, order, axis=1)
    again = np.zeros(lists.shape, dtype=bool)
    np.put_along_axis(again, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    first = np.argsort(again, axis=1, kind="stable")[:, :K]
    return np.take_along_axis(lists, first, axis=1).astype(np.int64)


def _in_own_process(n_users: int, n_items: int, n_edges: int, seed: int) -> dict[str, Any]:
    say(f"  {n_users:,} people, {n_items:,} items, {n_edges:,} events")
    sizes = [str(n) for n in (n_users, n_items, n_edges, seed)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.audits", *sizes],
        cwd=Path(__file__).parents[1],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SurfacedError(
            f"The audit of {n_users:,} people stopped with status {done.returncode} (killed for memory: -9)."
        )
    measured: dict[str, Any] = json.loads(done.stdout)
    say(f"    {measured['seconds']:.1f} s, peak {measured['peak_mib']:.0f} MiB")
    return measured


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure one size in this process and print JSON.")
    for name in ("users", "items", "edges", "seed"):
        parser.add_argument(name, type=int)
    options = parser.parse_args()
    print(json.dumps(measure(options.users, options.items, options.edges, options.seed)))
