"""EASE, its sparse kin and iALS against the equations that they solve, and against what they are told to refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ModelError
from core.models import ease
from core.models.base import Holdout
from core.models.ease import Ease
from core.models.ials import Factoring, Ials
from core.models.sansa import Sansa
from data.splits import holdout
from tests.graphs import KINDS, random_graph


def test_ease_solves_its_own_normal_equations() -> None:
    """B minimises ||X - XB||² + λ||B||² with a diagonal of 0, so the gradient is 0 off the diagonal."""
    graph = random_graph(1)
    x = (graph.interactions.toarray() > 0).astype(float)
    b = Ease.solved(graph, 3.0).weights
    gradient = x.T @ (x @ b - x) + 3.0 * b
    assert np.abs(gradient[~np.eye(graph.n_items, dtype=bool)]).max() < 1e-10
    assert (np.diag(b) == 0).all()


def test_ease_refuses_a_catalogue_whose_pairs_it_could_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ease, "MOST_ITEMS", 5)
    graph = random_graph(1)
    cut = holdout(graph, "random", 0, KINDS)
    with pytest.raises(ModelError, match="15 items; it takes 5 at most"):
        Ease.fit(graph, holdout=Holdout(cut.train, cut.test))


def test_sparse_ease_with_every_partner_is_ease() -> None:
    graph = random_graph(1, n_users=40, n_events=1_500)
    for penalty, sparse in zip((1.0, 9.0), Sansa.solved(graph, (1.0, 9.0), graph.n_items), strict=True):
        assert np.allclose(sparse.leaving.toarray(), Ease.solved(graph, penalty).weights, atol=1e-12)


def test_a_column_of_sparse_ease_solves_the_equations_of_its_partners() -> None:
    """The partners are those of the largest cosine, and the column is at the minimum of the loss that uses no other."""
    graph = random_graph(2)
    x = (graph.interactions.toarray() > 0).astype(float)
    (model,) = Sansa.solved(graph, (2.0,), 4)
    b, gram = model.leaving.toarray(), x.T @ x
    for item in range(graph.n_items):
        kept = np.flatnonzero(b[:, item])
        assert (len(kept) > 0) == (gram[item, item] > 0)
        assert len(kept) <= 4
        gradient = gram[kept] @ b[:, item] - gram[kept, item] + 2.0 * b[kept, item]
        assert np.abs(gradient).max(initial=0) < 1e-12
        cosine = np.where(np.arange(graph.n_items) == item, 0, gram[item] / np.sqrt(np.maximum(np.diag(gram), 1)))
        assert cosine[kept].min(initial=np.inf) >= np.sort(cosine)[-4] - 1e-12


def test_a_person_of_ials_is_at_the_minimum_of_their_own_loss() -> None:
    graph, factoring = random_graph(2), Factoring(dim=3, unobserved=0.4, penalty=0.05)
    model = Ials.learnt(graph, factoring, seed=0, rounds=2)
    y = model.factors

    def loss(x: np.ndarray, own: np.ndarray) -> float:
        weight = factoring.penalty * (len(own) + factoring.unobserved * len(y))
        return float(((y[own] @ x - 1) ** 2).sum() + factoring.unobserved * ((y @ x) ** 2).sum() + weight * x @ x)

    for user in range(4):
        own, scores = model.history(user), model.score(np.array([user]))[0]
        x = np.linalg.lstsq(y, scores, rcond=None)[0]
        assert np.allclose(y @ x, scores)
        slopes = [(loss(x + step, own) - loss(x - step, own)) / 2e-5 for step in 1e-5 * np.eye(factoring.dim)]
        assert np.abs(slopes).max() < 1e-6


def test_turns_of_ials_lower_the_whole_loss() -> None:
    graph, factoring = random_graph(3), Factoring(dim=4, unobserved=0.2, penalty=0.01)
    has = graph.interactions.toarray() > 0

    def loss(model: Ials) -> float:
        y, scores = model.factors, model.score(np.arange(graph.n_users))
        x = scores @ np.linalg.pinv(y).T
        sizes = [has.sum(axis=axis) + factoring.unobserved * has.shape[axis] for axis in (1, 0)]
        penalty = (sizes[0] * np.square(x).sum(axis=1)).sum() + (sizes[1] * np.square(y).sum(axis=1)).sum()
        fit = np.square(scores[has] - 1).sum() + factoring.unobserved * np.square(scores).sum()
        return float(fit + factoring.penalty * penalty)

    losses = [loss(Ials.learnt(graph, factoring, seed=0, rounds=n)) for n in (1, 2, 4, 8)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1] * 1.01


def test_a_part_of_ials_is_what_its_item_adds_by_hand() -> None:
    graph, factoring = random_graph(4), Factoring(dim=3, unobserved=0.3, penalty=0.02)
    model = Ials.learnt(graph, replace(factoring, dim=5), seed=1, rounds=3)
    y = model.factors
    for user in range(3):
        own = model.history(user)
        ridge = factoring.penalty * (len(own) + factoring.unobserved * len(y))
        a = sum(np.outer(y[j], y[j]) for j in own) + factoring.unobserved * y.T @ y + ridge * np.eye(5)
        for item in range(graph.n_items):
            by_hand = [float(y[item] @ np.linalg.inv(a) @ y[j]) for j in own]
            assert np.allclose(model.parts(user, item).history, by_hand)
