"""Is a planted bias found on lists of now? Newsrooms with and without one against new authors, audited over a window.

Each seed is two worlds that differ in the bias alone. The path model with time has parameters fixed beforehand (no
search), its lists are those of every day of the last two weeks, and what is told is the impact ratio of new authors
with its 95 % interval over people, against what could be recommended at each moment.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.measure import say
from core.graph import InteractionGraph
from core.models._path_chains import CO_3, GROUP_CHAINS, TREND, PathParameters, Relation
from core.models.path import PathModel
from core.threads import one_thread
from data.builder import build_graph
from data.simulation.config import NewsroomConfig
from data.simulation.simulator import simulate_newsroom
from explain.fairness.window import WindowLists, audit_window
from explain.groups.cohorts import cohorts
from explain.workspace.window import grid, lists_at

N_SEEDS, BIAS, DAYS, DAY_S, HOUR_S, K = 20, 0.5, 14, 86_400, 3_600, 20
WORLD = NewsroomConfig(n_users=800, n_items=600, n_authors=60, n_days=30, mean_views=40.0, cohort_bias=0.0)
FIXED = PathParameters(
    0.0,
    1.0,
    {
        CO_3: Relation(1.0, 0.85, 0.8, 0.0, reach_life=12.0 * HOUR_S),
        TREND: Relation(0.5, 0.0, 0.0, 0.0, reach_life=6.0 * HOUR_S),
        GROUP_CHAINS["topic"]: Relation(0.5, 0.3, 1.0, -0.5, reach_life=6.0 * HOUR_S),
    },
    person=0.5,
)


def planted_bias(seed: int) -> dict[str, Any]:
    """Ratios of new authors in N_SEEDS pairs of worlds, and in how many the sign is found."""
    rows = []
    for world in range(seed * N_SEEDS, (seed + 1) * N_SEEDS):
        with_bias, without = (_ratio(bias, world) for bias in (BIAS, 0.0))
        rows.append({"seed": world, "biased": with_bias, "unbiased": without})
    lower = sum(row["biased"]["ratio"] < row["unbiased"]["ratio"] for row in rows)
    below = sum(row["biased"]["high"] < row["unbiased"]["low"] for row in rows)
    short = sum(row["biased"]["high"] < 1.0 for row in rows)
    say(f"  planted bias: lower in {lower} of {N_SEEDS}, intervals apart in {below}, below 1 in {short}")
    return {"bias": BIAS, "n_lower": lower, "n_intervals_apart": below, "n_below_their_share": short, "worlds": rows}


def _ratio(bias: float, seed: int) -> dict[str, float]:
    graph = build_graph(simulate_newsroom(replace(WORLD, author_bias=bias), seed=seed))
    audited = audit_window(_lists(graph), cohorts(graph, "author_group", "item"))
    row = next(row for row in audited.rows if row.group == "new")
    assert row.value is not None
    assert row.low is not None
    assert row.high is not None
    return {"ratio": row.value, "low": row.low, "high": row.high}


def _lists(graph: InteractionGraph) -> WindowLists:
    with one_thread():
        model = PathModel.build(graph, FIXED)
        return lists_at(model, graph, grid(graph, graph.now - DAYS * DAY_S, graph.now, DAY_S), K)
