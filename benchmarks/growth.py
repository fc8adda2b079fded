"""How time and memory of the path model grow with the number of edges, on synthetic graphs with power-law degrees.

Each size runs in a process of its own, so that its peak memory is its own; the model's parameters are given, because
what grows is building and answering. Picking the parameters is measured, on real data, by benchmarks.accuracy.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: F401 (loaded before the memory of the bare process is read)

from benchmarks.measure import clock, each_ms, percentiles, say
from benchmarks.record import Bar, Report, at_most
from benchmarks.synthetic import power_law_graph
from core.errors import SurfacedError
from core.models._path_chains import CO_3, CO_5, GROUP_CHAINS, PathParameters, Relation
from core.models.path import PathModel
from core.ranking import top_k
from core.threads import one_thread
from explain.explanation.walks import best_walks, lanes_of

SIZES = (100_000, 1_000_000, 3_000_000, 10_000_000)
N_QUERIES, N_WALKS, NEWCOMER_ITEMS, TOP = 50, 20, 5, 10
LARGEST_EXPONENT = 1.15
RELATIONS = {
    CO_3: Relation(1.0, 0.85, 0.5, 0.5),
    CO_5: Relation(-0.4, 0.85, 0.5, 0.5),
    GROUP_CHAINS["topic"]: Relation(0.05, 0.7, 0.7, 0.1),
}
PARAMETERS = PathParameters(weight_exponent=0.0, weight_mean=1.0, relations=RELATIONS)
ANSWERS = ("score", "parts", "walks", "fold_in")


def run(home: Path | None, seed: int, sizes: Sequence[int] = SIZES) -> Report:
    """Every size in its own process. Raises SurfacedError where one of them did not end well. `home` is not read."""
    rows = []
    for n_edges in sizes:
        row = _in_own_process(n_edges, seed)
        rows.append(row)
        say(f"  {row['n_edges']:,} edges: build {row['build']['wall_s']:.2f} s, peak {row['peak_mib']:.0f} MiB")
    figures: dict[str, Any] = {"sizes": rows, "per_edge": [per_edge(row) for row in rows]}
    notes = (
        (
            "peak_mib: highest resident memory of the process; base_mib: the same before the graph, with all "
            "modules loaded."
        ),
        "exponents: log of the ratio over log of the ratio of edges, smallest to largest size; 1 is linear growth.",
    )
    if len(rows) < 2:
        return Report("growth", figures, (), notes)
    figures["exponents"] = exponents(rows[0], rows[-1])
    return Report("growth", figures, (*bars(figures["exponents"]), *speed_bars(rows)), notes)


def bars(slopes: dict[str, float]) -> tuple[Bar, ...]:
    names = {"build": "seconds to build", "memory": "memory", "score": "time to score one person"}
    return tuple(
        at_most(f"Growth with edges, exponent of {text}", slopes[key], LARGEST_EXPONENT) for key, text in names.items()
    )


def speed_bars(rows: Sequence[dict[str, Any]]) -> tuple[Bar, ...]:
    """The bars that are stated for one size, where it was measured (a graph has about as many edges as asked for)."""
    result = []
    for row in rows:
        size, name = round(row["n_edges"], -5), f"{row['n_edges']:,} edges"
        if size <= 100_000:
            result.append(at_most(f"{name}: parts, p50 in ms", row["parts"]["p50_ms"], 1))
            result.append(at_most(f"{name}: 20 walks, p95 in ms", row["walks"]["p95_ms"], 30))
        if 900_000 <= size <= 1_100_000:
            result.append(
                at_most(f"{name}: a history edited and all items ranked again, p95 in ms", row["whatif"]["p95_ms"], 200)
            )
        if size >= 9_000_000:
            result.append(at_most(f"{name}: 20 walks, p95 in ms", row["walks"]["p95_ms"], 150))
    return tuple(result)


def measure(n_edges: int, seed: int) -> dict[str, Any]:
    """Build a graph and a model of this size in this process, and answer N_QUERIES people of each kind of question."""
    rng = np.random.default_rng(seed)
    base_mib = peak_mib()
    with clock() as generate:
        graph = power_law_graph(n_edges, rng)
    with one_thread(), clock() as build:
        model = PathModel.build(graph, PARAMETERS)
    users = rng.integers(graph.n_users, size=N_QUERIES).tolist()
    newcomers = [rng.choice(graph.n_items, NEWCOMER_ITEMS, replace=False) for _ in users]
    with one_thread():
        times = _answers(model, users, newcomers)
    return {
        "n_edges": len(graph.events),
        "n_users": graph.n_users,
        "n_items": graph.n_items,
        "n_topics": len(graph.groups["topic"]),
        "generate": generate.as_json(),
        "build": build.as_json(),
        **times,
        "base_mib": base_mib,
        "peak_mib": peak_mib(),
    }


def _answers(model: PathModel, users: list[int], newcomers: list[Any]) -> dict[str, Any]:
    def best(user: int) -> int:
        scores = model.score(np.array([user]))
        scores[0, model.history(user)] = -np.inf
        return int(top_k(scores, TOP)[0][0, 0])

    pairs = [(user, best(user)) for user in users]
    weights = np.ones(NEWCOMER_ITEMS)

    def fold_in(items: Any) -> None:
        folded, position = model.fold_in(items, weights)
        folded.score(np.array([position]))

    def whatif(user: int) -> None:
        items = model.history(user)[1:]
        folded, position = model.fold_in(items, np.ones(len(items)), user)
        folded.score(np.array([position]))

    fold_in(newcomers[0])
    whatif(users[0])
    return {
        "score": percentiles(each_ms(lambda user: model.score(np.array([user])), users)),
        "parts": percentiles(each_ms(lambda pair: model.parts(*pair), pairs)),
        "walks": percentiles(each_ms(lambda pair: best_walks(lanes_of(model.walks(*pair)), N_WALKS), pairs)),
        "fold_in": percentiles(each_ms(fold_in, newcomers)),
        "whatif": percentiles(each_ms(whatif, users)),
    }


def per_edge(row: dict[str, Any]) -> dict[str, float]:
    """What one edge costs: microseconds to build, nanoseconds (p50) to answer, bytes beyond the bare process."""
    n = row["n_edges"]
    costs = {f"{key}_ns": 1e6 * row[key]["p50_ms"] / n for key in ANSWERS}
    return {"n_edges": n, "build_us": 1e6 * row["build"]["wall_s"] / n, **costs, "bytes": _extra_mib(row) * 2**20 / n}


def exponents(small: dict[str, Any], large: dict[str, Any]) -> dict[str, float]:
    """p in cost ∝ edges^p between two sizes, by cost."""
    pairs = {key: (small[key]["p50_ms"], large[key]["p50_ms"]) for key in ANSWERS}
    pairs |= {
        "build": (small["build"]["wall_s"], large["build"]["wall_s"]),
        "memory": (_extra_mib(small), _extra_mib(large)),
    }
    ratio = math.log(large["n_edges"] / small["n_edges"])
    return {key: math.log(after / before) / ratio for key, (before, after) in pairs.items()}


def peak_mib() -> float:
    """Highest resident memory of this process so far. Linux keeps it by address space, unlike the
    inherited ru_maxrss.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10
    except (OSError, StopIteration):
        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return largest / (2**20 if sys.platform == "darwin" else 2**10)


def _extra_mib(row: dict[str, Any]) -> float:
    return float(row["peak_mib"] - row["base_mib"])


def _in_own_process(n_edges: int, seed: int) -> dict[str, Any]:
    say(f"  {n_edges:,} edges")
    command = [sys.executable, "-m", "benchmarks.growth", "--edges", str(n_edges), "--seed", str(seed)]
    root, environ = Path(__file__).parents[1], dict(os.environ)
    done = subprocess.run(command, cwd=root, env=environ, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SurfacedError(
            f"The measurement with {n_edges:,} edges stopped with status {done.returncode} (killed for memory: -9). "
            "Choose smaller graphs with --sizes."
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure one size in this process and print JSON.")
    parser.add_argument("--edges", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.edges, asked.seed)))
