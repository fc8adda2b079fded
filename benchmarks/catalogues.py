"""Large catalogues of ids alone, as LightGCN and BARS publish them: the path models beside rivals on a given split.

A folder holds train and test, either as scipy's CSR files (`*train*.npz`, `*test*.npz`) or as text
(`train.txt`, `test.txt`: a person and their items on each line). Nothing is copied. All parameters come from a tenth of
each person's training part; the path model is fitted with SEEDS, to say what the seed of the search alone moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.measure import say
from benchmarks.record import Bar, Report, at_least, at_most
from benchmarks.runs import Run, differences, measure
from benchmarks.synthetic import plain_events
from core.errors import DataError, shown
from core.graph import PARTS, InteractionGraph, Nodes
from core.threads import one_thread
from data.splits import split
from data.tables import DataCard

MODELS = ("path", "path-strengths", "sansa", "item-knn", "popularity")
SEEDS = (0, 1, 2, 3, 4)
ASKED = {"gowalla": {"path": (0.1850, 0.1530), "path-strengths": (0.1900, 0.1580)}}
SPREAD, PATH_CPU_S, STRENGTHS_CPU_S = 0.001, 60.0, 300.0
CARD = DataCard("catalogue", "Catalogue", "", "", "", {"view": 1.0}, ("view",))


def run(folders: Sequence[Path], seed: int) -> Report:
    """Raises DataError for a folder without the two files."""
    figures: dict[str, Any] = {}
    bars: list[Bar] = []
    for folder in folders:
        figures[folder.name] = _catalogue(read(folder), seed)
        bars += _bars(folder.name, figures[folder.name])
    notes = (
        "split: as published, train and test; means over all people with test items.",
        "above_path: the model less the path model, paired over people, 95 % interval.",
    )
    return Report("catalogues", figures, tuple(bars), notes)


def read(folder: Path) -> InteractionGraph:
    """The graph, in which each event says whether it is of the training or of the test part."""
    pairs = {part: _pairs(folder, part) for part in ("train", "test")}
    user, item = (np.concatenate([pairs[part][n] for part in pairs]) for n in (0, 1))
    part = np.repeat([PARTS.index("train"), PARTS.index("test")], [len(pairs[part][0]) for part in pairs])
    events = replace(plain_events(user, item, np.zeros(len(user), dtype=np.int64)), part=part)
    users, items = (Nodes(kind, kind, ids, ids) for kind, ids in (("user", _ids(user)), ("item", _ids(item))))
    return InteractionGraph(folder.name, folder.name, users, items, {}, events, {})


def _ids(positions: np.ndarray) -> np.ndarray:
    """As wide as the last one, so that they stand in the order of their numbers."""
    last = int(positions.max())
    return np.array([f"{n:0{len(str(last))}}" for n in range(last + 1)], dtype=object)


def _pairs(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    files = sorted(folder.glob(f"*{part}*.npz"))
    if files:
        matrix = sparse.coo_matrix(sparse.load_npz(files[0]))
        return matrix.row.astype(np.int64), matrix.col.astype(np.int64)
    text = folder / f"{part}.txt"
    if not text.is_file():
        raise DataError(
            f"{shown(folder)} holds neither *{part}*.npz nor {part}.txt: name a folder with train and test."
        )
    lines = [np.array(line.split(), dtype=np.int64) for line in text.read_text(encoding="utf-8").splitlines()]
    rows = [line for line in lines if len(line) > 1]
    user = np.repeat([row[0] for row in rows], [len(row) - 1 for row in rows])
    pair = np.unique(np.stack([user, np.concatenate([row[1:] for row in rows])]), axis=1)
    return pair[0], pair[1]


def _catalogue(graph: InteractionGraph, seed: int) -> dict[str, Any]:
    parts = split(graph, "given", seed, CARD.positives)
    say(f"  {graph.name}: {graph.n_users:,} people, {graph.n_items:,} items, {len(parts.train.events):,} to learn from")
    with one_thread():
        runs: dict[str, Run] = {name: measure(parts, CARD, name, seed) for name in MODELS}
        others = [measure(parts, CARD, "path", other) for other in SEEDS if other != seed]
    return {
        "n_people": graph.n_users,
        "n_items": graph.n_items,
        "n_train": len(parts.train.events),
        "models": {name: run.as_json() for name, run in runs.items()},
        "above_path": {name: differences(run, runs["path"]) for name, run in runs.items() if name != "path"},
        "path_by_seed": [
            {"recall@20": run.value("recall@20"), "ndcg@20": run.value("ndcg@20"), "gross_net": run.gross_net}
            for run in (runs["path"], *others)
        ],
    }


def _bars(name: str, figures: dict[str, Any]) -> tuple[Bar, ...]:
    by_seed = np.array([[row["recall@20"], row["ndcg@20"]] for row in figures["path_by_seed"]])
    result = [
        at_most(f"{name}: path, spread of both measures over seeds", float(np.ptp(by_seed, axis=0).max()), SPREAD)
    ]
    for model, most in (("path", PATH_CPU_S), ("path-strengths", STRENGTHS_CPU_S)):
        row = figures["models"][model]
        result.append(at_most(f"{name}: {model}, processor seconds of the fit", row["fit"]["cpu_s"], most))
        for metric, least in zip(("recall@20", "ndcg@20"), ASKED.get(name, {}).get(model, ()), strict=False):
            result.append(at_least(f"{name}: {model}, {metric}", row["metrics"][metric]["value"], least))
    return tuple(result)
