"""Steps, chains and walks against products of dense matrices; Captum's integrated gradients against
the history parts.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from scipy import sparse

from core.models.base import ModelState
from core.models.path import PathModel
from core.propagation import Chain, RowEntries, Step, Walks, as_torch_csr, push_chains
from tests.graphs import random_graph, random_parameters

Dense = NDArray[np.float64]


def make_step(seed: int, n_from: int, n_to: int) -> tuple[Step, Dense]:
    """A step with an empty row, an empty column and a node that is switched off on each side; and its dense weights."""
    rng = np.random.default_rng(seed)
    dense = (rng.random((n_from, n_to)) < 0.6) * rng.random((n_from, n_to))
    dense[1], dense[:, 2] = 0.0, 0.0
    left, right = rng.random(n_from), rng.random(n_to)
    left[0], right[0] = 0.0, 0.0
    matrix = sparse.csr_matrix(dense)
    return Step(matrix, matrix.T.tocsr(), left, right, "r", "item", "user"), left[:, None] * dense * right


@pytest.fixture
def two_steps() -> tuple[Step, Step, Dense, Dense]:
    (out, a), (back, b) = make_step(0, 6, 5), make_step(1, 5, 6)
    return out, back, a, b


def test_a_step_is_its_dense_matrix_in_every_direction() -> None:
    step, dense = make_step(3, 6, 5)
    terminal = np.random.default_rng(1).random(5)
    assert np.allclose(step.pull(terminal), dense @ terminal)
    assert np.allclose(step.pull_max(terminal), (dense * terminal).max(axis=1))
    assert np.array_equal(step.count(np.array([1, 10, 100, 1000, 10000])), (dense > 0) @ 10 ** np.arange(5))
    for node in range(5):
        assert np.allclose(step.pull_one(node, 3.0), dense[:, node] * 3.0)
    for node in range(6):
        targets, weights = step.edges_from(node)
        assert np.array_equal(targets, np.flatnonzero(step.matrix.toarray()[node]))
        assert np.allclose(weights, dense[node, targets])
    x = np.random.default_rng(2).random((6, 3))
    assert np.allclose(step.push(torch.from_numpy(x)).numpy(), dense.T @ x)


def test_a_step_without_edges_passes_nothing_on() -> None:
    empty = sparse.csr_matrix((3, 2))
    step = Step(empty, empty.T.tocsr(), np.ones(3), np.ones(2), "r", "item", "user")
    assert step.pull(np.ones(2)).tolist() == [0, 0, 0]
    assert step.pull_max(np.ones(2)).tolist() == [0, 0, 0]
    assert step.count(np.ones(2, dtype=np.int64)).tolist() == [0, 0, 0]


def test_pushing_forward_and_pulling_backward_give_one_score(two_steps: tuple[Step, Step, Dense, Dense]) -> None:
    out, back, a, b = two_steps
    chain = Chain("five", -0.7, (out, back, out, back))
    x = np.array([0.0, 0.0, 1.5, 2.0, 0.0, 0.5])
    whole = a @ b @ a @ b
    (pushed,) = push_chains([chain], torch.from_numpy(x)[:, None])
    for target in range(6):
        items = np.flatnonzero(x)
        walks = Walks(chain, items, x[items], target=target)
        assert np.allclose(walks.by_history(), -0.7 * x[items] * whole[items, target])
        assert walks.by_history().sum() == pytest.approx(-0.7 * float(pushed[target, 0]))
        edges = [(m > 0).astype(np.int64) for m in (a, b, a, b)]
        assert np.array_equal(walks.counts(None)[0], np.linalg.multi_dot(edges)[:, target])


def test_chains_that_share_their_first_steps_score_as_alone(two_steps: tuple[Step, Step, Dense, Dense]) -> None:
    out, back, _, _ = two_steps
    short, long = Chain("3", 1.0, (out, back)), Chain("5", 1.0, (out, back, out, back))
    x = torch.from_numpy(np.random.default_rng(0).random((6, 4)))
    together = push_chains([short, long], x)
    assert torch.equal(together[0], push_chains([short], x)[0])
    assert torch.equal(together[1], push_chains([long], x)[0])
    assert torch.equal(together[1], push_chains([short], together[0])[0])


def test_a_jump_is_split_by_the_sign_of_its_end(two_steps: tuple[Step, Step, Dense, Dense]) -> None:
    out, _, a, _ = two_steps
    terminal = np.array([1.0, -2.0, 0.0, 3.0, -0.5])
    walks = Walks(Chain("jump", 0.25, (out,)), np.array([2, 4]), np.array([1.0, 2.0]), terminal=terminal)
    assert walks.jump
    (plus, up), (minus, down) = walks.terminals()
    assert (plus, minus) == (1.0, -1.0)
    assert up is not None
    assert down is not None
    assert np.array_equal(up - down, terminal)
    assert (up >= 0).all()
    assert (down >= 0).all()
    signed = plus * walks.by_history(up) + minus * walks.by_history(down)
    assert np.allclose(signed, walks.by_history())
    assert np.allclose(signed, 0.25 * np.array([1.0, 2.0]) * (a @ terminal)[[2, 4]])
    assert np.array_equal(walks.counts(up)[0], (a > 0) @ (terminal > 0))


def test_no_history_has_no_terms(two_steps: tuple[Step, Step, Dense, Dense]) -> None:
    out, back, _, _ = two_steps
    nobody = Walks(Chain("3", 1.0, (out, back)), np.empty(0, dtype=np.int64), np.empty(0), target=1)
    assert nobody.by_history().shape == (0,)


def test_torch_reads_the_same_sparse_matrix() -> None:
    matrix = sparse.random(7, 5, density=0.4, format="csr", rng=np.random.default_rng(0))
    assert np.array_equal(as_torch_csr(matrix).to_dense().numpy(), matrix.toarray())


@pytest.mark.parametrize("seed", range(5))
def test_integrated_gradients_of_the_history_are_the_parts(seed: int) -> None:
    """All other edges and all degrees fixed, the score is linear in x_u: one Gauss-Legendre node is exact."""
    graph = random_graph(seed)
    model = PathModel.restore(graph, ModelState(asdict(random_parameters(seed))))
    for user, item in ((0, 3), (4, 1), (7, graph.n_items - 1)):

        def score(x: torch.Tensor, target: int = item) -> torch.Tensor:
            pushed = push_chains(model.chains, x.T.contiguous())
            return sum(c.coefficient * p[target] for c, p in zip(model.chains, pushed, strict=True))

        x = torch.from_numpy(model.edges.adjacency.by_user[user].toarray())
        attributions, delta = IntegratedGradients(score).attribute(
            x, baselines=0.0, n_steps=1, method="gausslegendre", return_convergence_delta=True
        )
        parts = model.parts(user, item)
        expected = np.zeros(graph.n_items)
        expected[parts.items] = parts.history
        assert np.allclose(attributions.numpy()[0], expected, rtol=1e-9, atol=1e-12)
        assert abs(float(delta)) < 1e-9
        assert float(score(x)) == pytest.approx(float(model.score(np.array([user]))[0, item]), rel=1e-12, abs=1e-14)


def test_rows_gathered_for_one_question_are_not_those_of_the_next() -> None:
    matrix = sparse.csr_matrix(np.arange(12, dtype=np.float64).reshape(4, 3))
    rows = np.array([0, 1])
    first = RowEntries(rows).of(matrix)[0].copy()
    rows[:] = (2, 3)  # the caller's array changes in place
    np.testing.assert_array_equal(RowEntries(rows).of(matrix)[0], matrix.toarray()[[2, 3]].ravel())
    matrix.data *= 2.0
    np.testing.assert_array_equal(RowEntries(np.array([0, 1])).of(matrix)[0], 2.0 * first)
