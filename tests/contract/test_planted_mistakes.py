"""Mistakes that somebody who writes a model makes: the contract refuses each, and names the method that broke its
promise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.edge_score import EdgeScore
from core.errors import ContractError
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import ModelState, Parts, Recommender
from core.models.content import ContentModel
from core.models.item_knn import ItemKnn
from core.models.lightgcn import LightGCN
from core.models.path import PathModel
from core.models.popularity import Popularity
from core.propagation import Walks
from tests.contract.promises.contract import Subject, check


@dataclass(frozen=True)
class Mistake:
    """base: the sound model; method: the one that the contract must name; changes: what the mistaken class has
    instead."""

    name: str
    base: type[Recommender]
    method: str
    changes: dict[str, Any]

    def planted(self) -> type[Recommender]:
        return type(f"Mistaken{self.base.__name__}", (self.base,), {"__module__": __name__, **self.changes})


def answer(base: type[Recommender], method: str, change: Callable[[Any], Any]) -> dict[str, Any]:
    """A method that changes what the sound one answers."""

    def mistaken(self: Recommender, *args: Any, **kwargs: Any) -> Any:
        return change(getattr(base, method)(self, *args, **kwargs))

    return {method: mistaken}


def spec(base: type[Recommender], **changes: Any) -> dict[str, Any]:
    return {"spec": replace(base.spec, **changes)}


def with_nan(scores: FloatArray) -> FloatArray:
    scores[0, 3] = np.nan
    return scores


def one_relation_less(parts: Parts) -> Parts:
    return replace(parts, relations={key: 0.9 * values for key, values in parts.relations.items()})


def one_item_less(walks: tuple[Walks, ...]) -> tuple[Walks, ...]:
    return tuple(replace(w, start=np.where(np.arange(len(w.start)) == 0, 0.0, w.start)) for w in walks)


def other_kind(walks: tuple[Walks, ...]) -> tuple[Walks, ...]:
    """People in the middle that call themselves topics."""
    changed = []
    for w in walks:
        out, back = w.chain.steps
        steps = (replace(out, target_kind="topic"), replace(back, source_kind="topic"))
        changed.append(replace(w, chain=replace(w.chain, steps=steps)))
    return tuple(changed)


def other_words(walks: tuple[Walks, ...]) -> tuple[Walks, ...]:
    return tuple(replace(w, chain=replace(w.chain, words="something {noun}s share")) for w in walks)


def first_only(self: ItemKnn, users: IntArray) -> FloatArray:
    """Every person of a batch gets the scores of its first."""
    return np.tile(ItemKnn.score(self, users[:1]), (len(users), 1))


def keep_ignored(self: ItemKnn, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
    return ItemKnn.terms(self, users)


def nothing_folded(self: ItemKnn, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[ItemKnn, int]:
    return self, self.adjacency.n_users - 1 if user is None else user


def events_added(self: ItemKnn, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[ItemKnn, int]:
    """A known person's new history is put on top of the old one."""
    both = items if user is None else np.union1d(items, self.history(user))
    return ItemKnn.fold_in(self, both, np.ones(len(both)), user)


def drawn_anew(cls: type[LightGCN], graph: InteractionGraph, **options: Any) -> LightGCN:
    """A fit that does not look at its seed."""
    fitted = LightGCN.fit(graph, **options)
    noise = np.random.default_rng().normal(size=fitted.e0.shape)
    return cls(fitted.adjacency, fitted.e0 + noise, fitted.n_layers, fitted.epochs)


def in_order_of_rows(cls: type[LightGCN], graph: InteractionGraph, **options: Any) -> LightGCN:
    fitted = LightGCN.fit(graph, **options)
    return cls(fitted.adjacency, fitted.e0 * (1 + 0.01 * graph.events.item[0]), fitted.n_layers, fitted.epochs)


def half_stored(self: LightGCN) -> ModelState:
    state = LightGCN.state(self)
    return ModelState(state.parameters, {"e0": state.arrays["e0"].astype(np.float16)})


def counted(self: ItemKnn, user: int, item: int) -> Parts:
    """Questions are counted in the model."""
    self.n_asked = getattr(self, "n_asked", np.zeros(1)) + 1
    return ItemKnn.parts(self, user, item)


def asked_from_the_start(self: ItemKnn, *args: Any) -> None:
    ItemKnn.__init__(self, *args)
    self.n_asked = np.zeros(1)


class Edges:
    """Another polynomial over the same edges."""

    def __init__(self, sound: EdgeScore, *, degree: int | None = None, constant: float = 0.0) -> None:
        self.sound, self.sets, self.constant = sound, sound.sets, constant
        self.degree = sound.degree if degree is None else degree

    def __call__(self, scales: Any) -> Any:
        return self.sound(scales) + self.constant


def the_other_way_round(self: PathModel) -> bool:
    return self.parameters.weight_exponent == 0


MISTAKES = (
    Mistake("NaN", Popularity, "score", answer(Popularity, "score", with_nan)),
    Mistake("float32", ItemKnn, "score", answer(ItemKnn, "score", lambda s: s.astype(np.float32))),
    Mistake("an item too few", Popularity, "score", answer(Popularity, "score", lambda s: s[:, :-1])),
    Mistake("a batch as its first person", ItemKnn, "score", {"score": first_only}),
    Mistake("history upside down", ItemKnn, "history", answer(ItemKnn, "history", lambda items: items[::-1])),
    Mistake("seed", LightGCN, "fit", {"fit": classmethod(drawn_anew)}),
    Mistake("order of rows", LightGCN, "fit", {"fit": classmethod(in_order_of_rows)}),
    Mistake("stored in half precision", LightGCN, "restore", {"state": half_stored}),
    Mistake(
        "unreadable parameters",
        ItemKnn,
        "state",
        answer(ItemKnn, "state", lambda s: ModelState({"n_neighbours": np.int64(100)})),
    ),
    Mistake("learnt vectors unsaid", LightGCN, "spec.learnt_vectors", spec(LightGCN, learnt_vectors=False)),
    Mistake(
        "no shares",
        ItemKnn,
        "validation_metrics",
        {"validation_metrics": lambda self, cut: {"validation_ndcg@20": 2.0}},
    ),
    Mistake("parts do not sum", ItemKnn, "parts", answer(ItemKnn, "parts", one_relation_less)),
    Mistake("walks forget an item", ItemKnn, "parts", answer(ItemKnn, "walks", one_item_less)),
    Mistake("state", ItemKnn, "state_of", {"state_of": lambda self, user, item, parts: "ok"}),
    Mistake("people called topics", ItemKnn, "walks", answer(ItemKnn, "walks", other_kind)),
    Mistake("constant without words", Popularity, "spec.constants", spec(Popularity, constants={})),
    Mistake(
        "memory called alike",
        LightGCN,
        "constants",
        spec(LightGCN, constants={k: replace(w, alike=True) for k, w in LightGCN.spec.constants.items()}),
    ),
    Mistake("terms × 2", ItemKnn, "terms", answer(ItemKnn, "terms", lambda t: {k: 2 * v for k, v in t.items()})),
    Mistake("terms ignoring keep", ItemKnn, "terms", {"terms": keep_ignored}),
    Mistake("terms missing", ItemKnn, "terms", {"terms": Recommender.terms}),
    Mistake(
        "terms in float32",
        ItemKnn,
        "terms",
        answer(ItemKnn, "terms", lambda t: {k: v.astype(np.float32) for k, v in t.items()}),
    ),
    Mistake("mask", ItemKnn, "masked", {"masked": lambda self, user, dropped: self.score(np.array([user]))[0]}),
    Mistake("connected", ItemKnn, "connected", answer(ItemKnn, "connected", lambda c: 0.5 * c)),
    Mistake("connected without a history", LightGCN, "connected", answer(LightGCN, "connected", lambda c: c + 1.0)),
    Mistake("exact, and jumps", LightGCN, "spec.exact", spec(LightGCN, exact=True)),
    Mistake("exact, and unsaid", ItemKnn, "spec.exact", spec(ItemKnn, exact=False)),
    Mistake("fold-in that folds nothing", ItemKnn, "fold_in", {"fold_in": nothing_folded}),
    Mistake("fold-in on top of the old history", ItemKnn, "fold_in", {"fold_in": events_added}),
    Mistake("shrink, of a model without degrees", ItemKnn, "shrink", {"shrink": lambda self, relation, n, gone: 0.5}),
    Mistake("shrink, forgotten", LightGCN, "shrink", {"shrink": Recommender.shrink}),
    Mistake("entry", ItemKnn, "entry", {"entry": lambda self, user, items: -np.ones(len(items))}),
    Mistake("weights", PathModel, "reads_weights", {"reads_weights": property(the_other_way_round)}),
    Mistake(
        "edges with a constant", ItemKnn, "edge_score", answer(ItemKnn, "edge_score", lambda e: Edges(e, constant=1.0))
    ),
    Mistake(
        "edges of too low a degree",
        LightGCN,
        "edge_score",
        answer(LightGCN, "edge_score", lambda e: Edges(e, degree=2)),
    ),
    Mistake(
        "lines of features",
        ContentModel,
        "feature_score",
        answer(ContentModel, "feature_score", lambda f: replace(f, slope=2 * f.slope)),
    ),
    Mistake("relation without words", ItemKnn, "spec.relations", spec(ItemKnn, relations={})),
    Mistake("two words for a relation", ItemKnn, "spec.relations", answer(ItemKnn, "walks", other_words)),
    Mistake("parameter without words", ItemKnn, "spec.parameters", spec(ItemKnn, parameters={})),
    Mistake("no summary", ItemKnn, "spec.summary", spec(ItemKnn, summary=" ")),
    Mistake("questions leave traces", ItemKnn, "parts", {"parts": counted, "__init__": asked_from_the_start}),
    Mistake("an exception", ItemKnn, "masked", {"masked": lambda self, user, dropped: 1 / 0}),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=[m.name for m in MISTAKES])
def test_a_mistake_is_refused_with_the_name_of_its_method(mistake: Mistake, tmp_path: Path) -> None:
    with pytest.raises(ContractError) as refused:
        check(Subject.of(mistake.planted(), tmp_path))
    assert refused.value.method == mistake.method, str(refused.value)
    assert str(refused.value).startswith(mistake.method) or mistake.name == "terms missing"


@pytest.mark.parametrize("base", dict.fromkeys(m.base for m in MISTAKES))
def test_the_sound_models_are_not_refused(base: type[Recommender], tmp_path: Path) -> None:
    """A mistake is found because of what was changed: a subclass without a change passes."""
    check(Subject.of(type("Sound", (base,), {"__module__": __name__}), tmp_path))


def test_a_contract_error_is_what_a_caller_expects() -> None:
    error = ContractError("terms: they do not sum.", method="terms")
    assert (error.method, error.code) == ("terms", "contract")
