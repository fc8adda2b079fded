"""What a recommender is here: a score, and the terms that it is the sum of. Every registered model passes one contract
suite.

A model gives its walks (core.propagation) and its constants (memory, popularity) for a person and an item; parts, gross
amounts and path shares follow from those for all models alike. Models are never changed by being explained.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.edge_score import ChainEdges, EdgeScore
from core.errors import ContractError, OptionError, did_you_mean, shown
from core.evaluation import accuracy
from core.graph import FloatArray, IntArray, InteractionGraph
from core.live import LiveWindow, hits_at, replay
from core.progress import Progress, no_progress
from core.propagation import Walks
from core.ranking import rank_all
from core.registry import Registry
from core.words import ConstantWords, ParameterWords, RelationWords

WHOLE = "score"  # the one term of a score that is not told apart by relation
MOST_PEOPLE = 5_000  # people of a validation cut who say what a model is worth
MOST_MOMENTS = 24  # moments of a validation window that are replayed to say what a model is worth
State = Literal["ok", "consumed", "no_path"]


@dataclass(frozen=True, kw_only=True)
class ModelSpec:
    """What a model says of itself, words included. Nobody else names a model, its relations or its numbers.

    source          paper or equation                      unit    of the score
    use             when to use it, a sentence
    exact           every term of its score is drawn: walks over observed edges, and amounts that are alike for
                    everybody
    order           place in lists of models, the default first; equal ones by name
    floor           whether it is there to be compared with   learnt_vectors  whether its state holds learnt arrays
    relations       key of a chain → its words             constants  kind of a constant → its words
    parameters      name of a number in `state().parameters`, at any depth → its words
    mixes           names of the models that it is a mixture of
    """

    name: str
    title: str
    source: str
    exact: bool
    summary: str
    unit: str
    use: str = ""
    order: int = 1_000
    floor: bool = False
    learnt_vectors: bool = False
    mixes: tuple[str, ...] = ()
    relations: Mapping[str, RelationWords] = field(default_factory=dict)
    constants: Mapping[str, ConstantWords] = field(default_factory=dict)
    parameters: Mapping[str, ParameterWords] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Holdout:
    """A validation cut: `test` holds the positives (CSR [n_users, n_items]) that `train` lacks.

    moments  the same cut seen moment by moment, where it is one in time
    """

    train: InteractionGraph
    test: sparse.csr_matrix
    moments: LiveWindow | None = None


@dataclass(frozen=True, eq=False)
class ModelState:
    """Everything a snapshot stores: a few readable parameters, and arrays where a model learns embeddings."""

    parameters: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Parts:
    """The terms of one score.

    items        int64 [h] history items, ascending
    relations    float64 [h] per relation key: what enters through each history item
    constants    kind ("memory", "base") → amount
    gross        sum of the absolute single terms
    """

    items: IntArray
    relations: Mapping[str, FloatArray]
    constants: Mapping[str, float]
    gross: float

    @property
    def history(self) -> FloatArray:
        """float64 [h]: net amount of each history item over all relations."""
        return np.asarray(np.sum([np.zeros(len(self.items)), *self.relations.values()], axis=0))

    @property
    def total(self) -> float:
        """The sum of all parts."""
        return float(self.history.sum() + sum(self.constants.values()))


@dataclass(frozen=True, eq=False)
class Readers:
    """The walks person → this moment → people who have an item of late → item, one a person between.

    kind     the constant that is the sum of their amounts
    people   int64 [m], ascending            amounts  float64 [m], each one's term of the score
    times    float64 [m], their latest event with it, seconds UTC
    life     after so many seconds an event counts half; None: never
    """

    kind: str
    people: IntArray
    amounts: FloatArray
    times: FloatArray
    life: float | None


class Recommender(ABC):
    """A fitted model over one graph. Positions of users and items are those of the graph it was fitted on.

    needs_cut         whether `fit` picks anything on its validation cut
    reads_attributes  whether words and attributes of items enter: such a model is of these data alone
    """

    spec: ClassVar[ModelSpec]
    needs_cut: ClassVar[bool] = True
    reads_attributes: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        """Learn from all of `graph`; choices that need a validation are made on `holdout`, a cut of the same graph."""

    @classmethod
    @abstractmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        """The model that `state` was taken from, on the graph it was fitted on."""

    def at(self, graph: InteractionGraph) -> Recommender:
        """The model as it stands on another state of its graph, such as that of a moment; parameters stay."""
        return type(self).restore(graph, self.state())

    def later(self, moment: int) -> Recommender:
        """The model as it will stand at a later moment, seconds UTC, if nothing more happens; itself where time does
        not enter.
        """
        return self

    @abstractmethod
    def state(self) -> ModelState:
        """What `restore` needs; parameters are shown to the auditor."""

    @abstractmethod
    def score(self, users: IntArray) -> FloatArray:
        """float64 [B, n_items] for user positions int64 [B]."""

    @abstractmethod
    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        """All walks between them, by chain."""

    @abstractmethod
    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Recommender, int]:
        """The model in which `user` (None: a new person) has exactly this history; parameters stay. With the
        position."""

    @property
    def reads_weights(self) -> bool:
        """Whether the weights of a history's edges (ratings, counts, decay) matter, or only what is in it. The usual
        model: not."""
        return False

    @abstractmethod
    def history(self, user: int) -> IntArray:
        """int64 [h]: positions of the items that the person has, ascending."""

    @abstractmethod
    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        """Scores of all items when the messages of these history items are dropped and every degree stays: float64
        [n_items]."""

    def shrink(self, relation: str, n_history: int, n_dropped: int) -> float:
        """What every remaining first hop of a relation's walks is multiplied by when a person's degree falls; 1 where
        it does not enter."""
        return 1.0

    def entry(self, user: int, items: IntArray) -> FloatArray:
        """Weight of the first hop, person → item, that an item of mean weight would get: float64 [len(items)]; only for
        ordering."""
        return np.ones(len(items))

    def edge_score(self, user: int, item: int) -> EdgeScore:
        """The score as a polynomial in its edges (core.edge_score), degrees frozen."""
        return ChainEdges(self.walks(user, item), user, sum(self.constants(user, item).values()))

    def held_out(self, holdout: Holdout, *, seed: int = 0) -> Self:
        """The model with the same choices, learnt from the training part of the validation cut alone."""
        return type(self).fit(holdout.train, holdout=holdout, seed=seed)

    def validation_metrics(self, holdout: Holdout) -> dict[str, float]:
        """How these choices do on the validation cut, learnt from its training part alone. {} where nothing says."""
        return validation_accuracy(self.held_out(holdout), holdout)

    def constants(self, user: int, item: int) -> dict[str, float]:
        """Terms of the score that no history item carries, by kind."""
        return {}

    def readers(self, item: int) -> Readers | None:
        """Who carries a constant that is a sum over people of late; None in a model without one."""
        return None

    def connected(self, user: int, item: int) -> float:
        """Signed sum of the walks that use observed edges only."""
        walks = self.walks(user, item)
        return float(sum(w.by_history().sum() for w in walks if not w.jump))

    def parts(self, user: int, item: int) -> Parts:
        """The terms of score(user)[item]."""
        walks = self.walks(user, item)
        constants = self.constants(user, item)
        relations: dict[str, FloatArray] = {}
        gross = sum(abs(v) for v in constants.values())
        for w in walks:
            total = np.zeros(len(w.items))
            for sign, terminal in w.terminals():
                term = w.by_history(terminal)
                gross += float(np.abs(term).sum())
                total += sign * term
            relations[w.chain.key] = relations[w.chain.key] + total if w.chain.key in relations else total
        items = walks[0].items if walks else self.history(user)
        return Parts(items, relations, constants, gross)

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        """The scores of many people and all items by relation, float64 [B, n_items] each: `parts` pushed forward,
        summing to `score(users)`.

        users   int64 [B]
        keep    float64 [B, n_items] in 0..1: what of each history item's first hop is kept (messages dropped, degrees
                frozen)
        Terms that no history item carries (memory, base, content) come under their kind and do not feel `keep`.
        Raises  ContractError with `keep`, where first hops cannot be told apart.
        """
        if not self.walks(int(users[0]), 0):
            return {next(iter(self.spec.constants), WHOLE): self.score(users)}
        if keep is None:
            return {WHOLE: self.score(users)}
        raise ContractError(
            f"The scores of {self.spec.name} cannot be split by what people had before.", method="terms"
        )

    def state_of(self, user: int, item: int, parts: Parts) -> State:
        """consumed: the person has it already; no_path: nothing connects them; else ok."""
        position = int(np.searchsorted(parts.items, item))
        if position < len(parts.items) and parts.items[position] == item:
            return "consumed"
        return "ok" if parts.gross > 0 else "no_path"


def validation_accuracy(model: Recommender, holdout: Holdout) -> dict[str, float]:
    """Mean Recall@20 and NDCG@20 on a validation cut of a model that was learnt from its training part alone: per
    person, or where the cut is one of moments per event, over MOST_MOMENTS of them.
    """
    if holdout.moments is None:
        return list_accuracy(model, holdout)
    rank = replay(holdout.moments, model.at, min(20, holdout.train.n_items), most=MOST_MOMENTS).rank
    found = hits_at(rank, 20)
    return _named(found["recall@20"].mean(), found["ndcg@20"].mean()) if len(rank) else {}


def list_accuracy(model: Recommender, holdout: Holdout) -> dict[str, float]:
    """The same of one list a person, whatever the cut: what a search can afford to ask of each candidate. Of more than
    MOST_PEOPLE so many are asked, spread evenly.
    """
    users = np.flatnonzero(np.diff(holdout.test.indptr) > 0)
    if not len(users):
        return {}
    users = users[np.linspace(0, len(users) - 1, min(len(users), MOST_PEOPLE)).astype(np.int64)]
    seen = holdout.train.interactions[users]
    lists, _ = rank_all(lambda rows: model.score(users[rows]), len(users), seen, min(20, holdout.train.n_items))
    metrics = accuracy(lists, holdout.test[users], 20)
    return _named(metrics["recall@20"].mean(), metrics["ndcg@20"].mean())


def _named(recall: float, ndcg: float) -> dict[str, float]:
    return {"validation_recall@20": float(recall), "validation_ndcg@20": float(ndcg)}


MODELS: Registry[type[Recommender]] = Registry(
    "core.models", name_of=lambda model: model.spec.name, order_of=lambda model: (model.spec.order, model.spec.name)
)
Model = TypeVar("Model", bound=Recommender)


def register(model: type[Model]) -> type[Model]:
    """Class decorator: makes a model known under its spec's name."""
    MODELS.add(model)
    return model


def model_names() -> tuple[str, ...]:
    """Names of all models, in the order of a comparison: the default first."""
    return tuple(MODELS.entries())


def default_model() -> str:
    """The name of the model that is meant where none is named."""
    return model_names()[0]


def get_model(name: str) -> type[Recommender]:
    """The model class. Raises OptionError that lists the valid names."""
    known = MODELS.entries()
    if name not in known:
        raise OptionError(f"Unknown model {shown(name)}. Models: {', '.join(known)}.{did_you_mean(name, known)}")
    return known[name]


def specs() -> tuple[ModelSpec, ...]:
    """What every model says of itself, the default first."""
    return tuple(model.spec for model in MODELS.entries().values())


def relation_words() -> dict[str, RelationWords]:
    """The words of every relation of every model, by the chain's key."""
    return {key: words for spec in specs() for key, words in spec.relations.items()}


def constant_words() -> dict[str, ConstantWords]:
    """The words of every kind of constant of every model."""
    return {kind: words for spec in specs() for kind, words in spec.constants.items()}


def parameter_words(model: str) -> Mapping[str, ParameterWords]:
    """The words of a model's parameters; empty for a model that is not known here."""
    known = MODELS.entries().get(model)
    return known.spec.parameters if known is not None else {}
