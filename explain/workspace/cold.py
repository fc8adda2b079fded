"""Measuring a model on new items and new people, and saying what content is worth there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from core.evaluation import accuracy
from core.graph import FloatArray, IntArray, InteractionGraph
from core.intervals import DRAWS, percentile_interval, resampled_sums
from core.models.base import Recommender, get_model
from core.progress import Progress, portion
from core.ranking import top_k
from data.cold import KEPT, ColdPerson, cold_items, cold_people
from data.tables import DataCard
from explain.results.cold import ColdFigure, ColdReport
from explain.workspace.refits import validation_cut

CONTENT = ("topic", "creator")
AT_ONCE = 256


def cold_report(
    graph: InteractionGraph, card: DataCard, model: str, *, seed: int, k: int, progress: Progress
) -> ColdReport:
    """One fit for each number of events that new items have, and one without the new people."""
    n_fits = len(KEPT) + 1
    items: dict[int, ColdFigure] = {}
    content, n_items, k_items = False, 0, k
    for n, kept in enumerate(KEPT):
        cut = cold_items(graph, card.positives, kept=kept, seed=seed)
        fitted = _fitted(cut.train, card, model, seed, portion(progress, n / n_fits, (n + 1) / n_fits))
        content, n_items = _reads_content(fitted), len(cut.items)
        k_items = max(1, min(k, n_items // 4))  # a list of all of them would find everything
        items[kept] = _figure(_recall_of_items(fitted, cut.test, cut.items, k_items), seed)
    train, people = cold_people(graph, card.positives, seed=seed)
    fitted = _fitted(train, card, model, seed, portion(progress, 1 - 1 / n_fits, 1.0))
    newcomers = {n: _figure(_recall_of_people(fitted, people, n, k), seed) for n in KEPT}
    return ColdReport(
        model=model,
        content=content,
        seed=seed,
        k=k,
        k_items=k_items,
        n_items=n_items,
        items=items,
        people=newcomers,
    )


def what_content_is_worth(reports: Sequence[ColdReport]) -> list[str]:
    """For each number of events a sentence: the best model with content beside the best one without."""
    sentences = []
    for kept in KEPT:
        best = [
            max((r for r in reports if r.content is with_content), key=lambda r: r.items[kept].value, default=None)
            for with_content in (True, False)
        ]
        one, other = best
        if one is None or other is None:
            return ["Measure a model that reads words or attributes, and one that does not, to see what content wins."]
        value, beside = one.items[kept].value, other.items[kept].value
        who = "nobody has yet" if kept == 0 else f"{kept} {'person has' if kept == 1 else 'people have'}"
        ratio = f", {value / beside:.1f} times that of" if beside else "; of"
        first, second = (get_model(r.model).spec.title for r in (one, other))
        without = f"{second} ({beside:.3f})"
        sentences.append(f"Of items that {who}: {first} finds {value:.3f}{ratio} the best without content, {without}.")
    return sentences


def _fitted(graph: InteractionGraph, card: DataCard, model: str, seed: int, progress: Progress) -> Recommender:
    kind = get_model(model)
    cut = validation_cut(graph, card, "random", seed, needed=kind.needs_cut)
    return kind.fit(graph, holdout=cut, seed=seed, progress=progress)


def _reads_content(model: Recommender) -> bool:
    kinds = {kind for w in model.walks(0, 0) for kind in w.chain.kinds}
    return model.reads_attributes or bool(kinds & set(CONTENT))


def _recall_of_items(model: Recommender, test: sparse.csr_matrix, items: IntArray, k: int) -> FloatArray:
    """Recall at k of each person who has one of the new items, among these alone."""
    wanted = sparse.csr_matrix(test[:, items])
    users = np.flatnonzero(np.diff(wanted.indptr))
    values = []
    for batch in np.array_split(users, len(users) // AT_ONCE + 1):
        lists, _ = top_k(model.score(batch)[:, items], min(k, len(items)))
        values.append(accuracy(lists, wanted[batch], k)[f"recall@{k}"])
    return np.concatenate(values)


def _recall_of_people(model: Recommender, people: Sequence[ColdPerson], n: int, k: int) -> FloatArray:
    """Recall at k of new people of whom n items are known, among all that they lack."""
    n_items = model.score(np.zeros(1, dtype=np.int64)).shape[1]
    lists, wanted = [], []
    for person in people:
        known = person.items[:n]
        left = np.setdiff1d(person.wanted, known)
        if len(left):
            folded, place = model.fold_in(known, person.weights[:n])
            had = sparse.csr_matrix((np.ones(len(known)), (np.zeros(len(known), dtype=np.int64), known)), (1, n_items))
            lists.append(top_k(folded.score(np.array([place])), min(k, n_items), had)[0][0])
            wanted.append(left)
    rows = np.repeat(np.arange(len(wanted)), [len(left) for left in wanted])
    relevant = sparse.csr_matrix((np.ones(len(rows)), (rows, np.concatenate(wanted))), (len(wanted), n_items))
    return accuracy(np.array(lists), relevant, k)[f"recall@{k}"]


def _figure(values: FloatArray, seed: int) -> ColdFigure:
    sums = resampled_sums(values[:, None], DRAWS, np.random.default_rng(seed))
    low, high = percentile_interval(sums / len(values))
    return ColdFigure(value=float(values.mean()), low=float(low[0]), high=float(high[0]), n=len(values))
