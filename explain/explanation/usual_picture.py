"""The picture that explanation tools usually draw beside a model: strong paths of the graph, whatever the model
computes.

It stands here to be shown for what it is. The widths are products of D^-1/2 A D^-1/2, scaled as if they added up to the
score; how much of the score such paths really carry is the model's path share, printed beside it.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from scipy import sparse

from core.models.base import Recommender
from explain.explanation.explain import path_share
from explain.format.names import Names
from explain.results.explanation import Bundle, Explanation, FlowNode

N_PATHS = 10


def usual_picture(names: Names, model: Recommender, user: int, item: int, snapshot: str, workspace: str) -> Explanation:
    """The strongest walk person → history item → other person → item through each of the best history items.

    path_share is the model's own; coverage what all such paths carry of the score, not the ten alone. Parts stay empty:
    it has none.
    """
    graph = names.graph
    score = float(model.score(np.array([user]))[0, item])
    share = path_share(model.connected(user, item), score)
    walks = _strongest(graph.interactions, user, model.history(user), item)
    whole = sum(value for value, _, _ in walks) or 1.0
    me, it = f"0|person|{user}", f"3|target|{item}"
    labels = {me: names.user(user), it: names.item(item)}
    flow: dict[tuple[str, str], float] = defaultdict(float)
    for n, (value, j, v) in enumerate(walks, start=1):
        middle, other = f"1|history|{j}", f"2|people|{v}"
        labels |= {middle: names.item(j), other: f"person {n} of {len(walks)}"}
        for edge in ((me, middle), (middle, other), (other, it)):
            flow[edge] += value / whole * abs(score)
    inflow = {key: sum(x for (_, target), x in flow.items() if target == key) for key in labels}
    inflow[me] = sum(x for (source, _), x in flow.items() if source == me)
    nodes = tuple(
        FlowNode(key, int(key[0]), key.split("|")[1], key.split("|")[2], label, inflow[key], 0.0)
        for key, label in labels.items()
    )
    bundles = tuple(
        Bundle(source, target, "usual", int(target[0]), value, 0.0, 1, "") for (source, target), value in flow.items()
    )
    return Explanation(
        snapshot,
        model.spec.name,
        workspace,
        names.user_id(user),
        str(graph.items.ids[item]),
        names.item(item),
        "ok",
        score,
        model.spec.unit,
        (),
        0.0,
        share,
        1.0,
        (),
        len(walks),
        share,
        1.0 - share,
        nodes,
        bundles,
        "",
    )


def _strongest(matrix: sparse.csr_matrix, user: int, history: np.ndarray, item: int) -> list[tuple[float, int, int]]:
    """(product of normalised weights, history item, other person), strongest first, one a history item."""
    binary = matrix.astype(bool).astype(np.float64)
    user_degree, item_degree = np.diff(binary.indptr), np.bincount(binary.indices, minlength=binary.shape[1])
    columns = binary.T.tocsr()
    readers = columns[item].indices
    readers = readers[readers != user]
    if not len(readers) or not len(history):
        return []
    paths = []
    rows = binary[readers]
    best = 1.0 / user_degree[readers]  # both steps through another person pass its degree^-1/2 once each
    for j in history[history != item].tolist():
        has = np.asarray(rows[:, [j]].todense()).ravel() > 0
        if has.any():
            v = int(np.flatnonzero(has)[np.argmax(best[has])])
            scale = np.sqrt(user_degree[user] * item_degree[item]) * item_degree[j]
            paths.append((float(best[v] / scale), int(j), int(readers[v])))
    return sorted(paths, key=lambda w: (-w[0], w[1]))[:N_PATHS]
