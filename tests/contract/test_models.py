"""Every registered model keeps every promise of the contract (tests.contract.promises), on a small random typed
graph."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import pytest

from core.errors import UnknownIdError
from core.graph import InteractionGraph
from core.models.base import (
    Holdout,
    ModelState,
    Recommender,
    default_model,
    get_model,
    model_names,
    specs,
)
from core.models.lightgcn import LightGCN
from core.models.path import PathModel
from core.models.path_strengths import PathStrengths
from core.progress import Progress, no_progress
from explain.workspace.refits import validation_cut
from tests.contract.promises.base import PROMISES, Subject
from tests.contract.promises.contract import CONTRACT
from tests.contract.promises.histories import an_item_named_twice_counts_as_one_with_both_weights
from tests.graphs import CARD, random_graph, random_strengths, timed_parameters


class LivingPaths(PathModel):
    """The path model with a half-life on every hop and on the item, and a trend, as no search would pick them."""

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        return cls.build(graph, timed_parameters(seed))


class LivingStrengths(PathStrengths):
    """The same with strengths, values and gates as no learning would give them."""

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        model = cls.build_with(graph, timed_parameters(seed), random_strengths(graph, seed), 1)
        model.validation = PathModel.build(graph, timed_parameters(seed)).validation_metrics(holdout)
        return model


SUBJECTS: dict[str, type[Recommender]] = {name: get_model(name) for name in model_names()}
SUBJECTS |= {"path with time": LivingPaths, "strengths with time": LivingStrengths}


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Subject]:
    folder = tmp_path_factory.mktemp("models")
    return {name: Subject.of(kind, folder / str(n)) for n, (name, kind) in enumerate(SUBJECTS.items())}


@pytest.mark.parametrize("promise", CONTRACT)
@pytest.mark.parametrize("model", SUBJECTS)
def test_every_model_keeps_every_promise(model: str, promise: str, subjects: dict[str, Subject]) -> None:
    CONTRACT[promise](subjects[model])


def test_no_promise_is_left_out_of_the_contract() -> None:
    assert set(CONTRACT) == set(PROMISES)


def test_the_default_is_first_and_exact_and_orders_are_their_own() -> None:
    assert default_model() == model_names()[0] == PathModel.spec.name
    assert get_model(default_model()).spec.exact
    assert len({spec.order for spec in specs()}) == len(specs())


def test_a_key_means_the_same_in_every_model() -> None:
    """Words are looked up by a relation's key or a constant's kind before it is known which model is asked."""
    for attribute in ("relations", "constants"):
        said: dict[str, object] = {}
        for spec in specs():
            for key, words in getattr(spec, attribute).items():
                assert said.setdefault(key, words) == words, key


def test_every_model_tells_how_it_does_on_its_validation_cut(subjects: dict[str, Subject]) -> None:
    for subject in subjects.values():
        metrics = subject.model.validation_metrics(validation_cut(subject.graph, CARD, "last", subject.seed))
        assert set(metrics) == {"validation_recall@20", "validation_ndcg@20"}


def test_another_seed_trains_another_embedding(tmp_path: Path) -> None:
    graph = random_graph(1)
    one, other = (
        Subject(kind=LightGCN, folder=tmp_path, graph=graph, seed=seed).model.state().arrays["e0"] for seed in (3, 4)
    )
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_an_item_named_twice_is_one_edge_whatever_weights_count(exponent: float, tmp_path: Path) -> None:
    fitted = Subject.of(PathModel, tmp_path)
    state = ModelState(fitted.model.state().parameters | {"weight_exponent": exponent})
    weighted = Subject.of(PathModel, tmp_path)
    object.__setattr__(weighted, "model", PathModel.restore(weighted.graph, state))
    an_item_named_twice_counts_as_one_with_both_weights(weighted)


def test_a_person_whom_nobody_knows_is_an_error_that_says_so() -> None:
    with pytest.raises(UnknownIdError, match="User 'nobody' is not among the 12 users"):
        random_graph(1).users.index("nobody")
