"""A mixture of fitted models whose every part is a part of one of them.

    score(u, i) = Σ_m w_m / σ_m · s_m(u, i),   w ≥ 0, Σ w = 1

σ_m is the deviation of a member's scores over some people, so that weights are of one size; both are numbers for all
people and items, so a walk of a member is a walk of the mixture, w_m / σ_m times as heavy. Weights are learnt on the
validation cut from members that were learnt from its training part alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self, TypeVar

import numpy as np

from core.edge_score import EdgeScore
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._blend_edges import SumOfEdges
from core.models._blend_weights import Mixture, mixture
from core.models.base import Holdout, ModelSpec, ModelState, Readers, Recommender
from core.progress import Progress, no_progress, portion
from core.propagation import Walks
from core.words import ParameterWords

SAMPLE: Final = 256  # people whose scores say how widely a member's scores spread
WORDS: Final = {
    "weights": ParameterWords(label="weight of each model in the mixture", effect="larger: more of the score is its"),
    "factors": ParameterWords(label="what each model's score is multiplied by", effect="its weight over its spread"),
    "alone": ParameterWords(
        label="the one of them that is as good alone on the validation cut",
        effect="it is as good alone on the validation cut: the mixture wins nothing that can be told from chance",
    ),
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Member:
    """One model of a mixture. weight: 0..1; factor: what its scores are multiplied by."""

    name: str
    model: Recommender
    weight: float
    factor: float

    def key(self, own: str) -> str:
        """The mixture's key of one of its relations; kinds of constants are called the same everywhere."""
        return own if own in self.model.spec.constants else f"{self.name}.{own}"


class Blend(Recommender):
    """Read-only once built. Members with weight 0 are left out."""

    kinds: ClassVar[tuple[type[Recommender], ...]]

    def __init_subclass__(cls) -> None:
        cls.reads_attributes = any(kind.reads_attributes for kind in cls.kinds)

    def __init__(
        self, members: Sequence[Member], alone: str = "", validation: Mapping[str, float] | None = None
    ) -> None:
        self.members, self.alone, self.validation = tuple(members), alone, dict(validation or {})

    @classmethod
    def fit(cls, graph: InteractionGraph, *, holdout: Holdout, seed: int = 0, progress: Progress = no_progress) -> Self:
        models: dict[str, Recommender] = {}
        on_cut: dict[str, Recommender] = {}
        for n, kind in enumerate(cls.kinds):
            name = kind.spec.name
            low, half = (0.95 * (n + part) / len(cls.kinds) for part in (0.0, 0.5))
            models[name] = kind.fit(graph, holdout=holdout, seed=seed, progress=portion(progress, low, half))
            progress(half, f"learning {name} from the training part alone")
            on_cut[name] = models[name].held_out(holdout, seed=seed)
        progress(0.95, "weighing them")
        found = mixture({name: model.score for name, model in on_cut.items()}, spreads(on_cut, holdout.train), holdout)
        return cls._of(models, found, spreads(models, graph))

    @classmethod
    def _of(cls, models: Mapping[str, Recommender], found: Mixture, spread: Mapping[str, float]) -> Self:
        kept = [
            Member(name=name, model=models[name], weight=weight, factor=weight / spread[name])
            for name, weight in found.weights.items()
            if weight > 0
        ]
        return cls(kept, found.alone, found.metrics)

    @classmethod
    def restore(cls, graph: InteractionGraph, state: ModelState) -> Self:
        p = state.parameters
        members = []
        for name, kind in ((kind.spec.name, kind) for kind in cls.kinds if kind.spec.name in p["factors"]):
            arrays = {key.removeprefix(f"{name}/"): a for key, a in state.arrays.items() if key.startswith(f"{name}/")}
            model = kind.restore(graph, ModelState(p["members"][name], arrays))
            members.append(
                Member(name=name, model=model, weight=float(p["weights"][name]), factor=float(p["factors"][name]))
            )
        return cls(members, str(p["alone"]))

    def state(self) -> ModelState:
        states = {m.name: m.model.state() for m in self.members}
        parameters = {
            "weights": {m.name: m.weight for m in self.members},
            "factors": {m.name: m.factor for m in self.members},
            "alone": self.alone,
            "members": {name: state.parameters for name, state in states.items()},
        }
        arrays = {f"{name}/{key}": array for name, state in states.items() for key, array in state.arrays.items()}
        return ModelState(parameters, arrays)

    def validation_metrics(self, holdout: Holdout) -> dict[str, float]:
        return self.validation

    def _with(self, changed: Callable[[Recommender], Recommender]) -> Self:
        members = [replace(m, model=changed(m.model)) for m in self.members]
        return type(self)(members, self.alone, self.validation)

    def at(self, graph: InteractionGraph) -> Recommender:
        return self._with(lambda model: model.at(graph))

    def later(self, moment: int) -> Recommender:
        return self._with(lambda model: model.later(moment))

    def fold_in(self, items: IntArray, weights: FloatArray, user: int | None = None) -> tuple[Self, int]:
        folded = [m.model.fold_in(items, weights, user) for m in self.members]
        members = [replace(m, model=model) for m, (model, _) in zip(self.members, folded, strict=True)]
        return type(self)(members, self.alone, self.validation), folded[0][1]

    @property
    def reads_weights(self) -> bool:
        return any(m.model.reads_weights for m in self.members)

    def score(self, users: IntArray) -> FloatArray:
        return self._sum(lambda model: model.score(users))

    def masked(self, user: int, dropped: IntArray) -> FloatArray:
        return self._sum(lambda model: model.masked(user, dropped))

    def entry(self, user: int, items: IntArray) -> FloatArray:
        return self._sum(lambda model: model.entry(user, items))

    def _sum(self, of: Callable[[Recommender], FloatArray]) -> FloatArray:
        return np.asarray(np.sum([m.factor * of(m.model) for m in self.members], axis=0))

    def history(self, user: int) -> IntArray:
        return self.members[0].model.history(user)

    def terms(self, users: IntArray, keep: FloatArray | None = None) -> dict[str, FloatArray]:
        return _joined(
            (m.key(key), m.factor * values) for m in self.members for key, values in m.model.terms(users, keep).items()
        )

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        return tuple(w for m in self.members for w in self._scaled(m, m.model.walks(user, item)))

    def _scaled(self, member: Member, walks: Sequence[Walks]) -> Iterator[Walks]:
        for w in walks:
            key = member.key(w.chain.key)
            words = said_by(w.words, member.name)
            chain = replace(w.chain, key=key, coefficient=member.factor * w.chain.coefficient, words=words)
            yield replace(w, chain=chain)

    def constants(self, user: int, item: int) -> dict[str, float]:
        return _joined(
            (kind, m.factor * value) for m in self.members for kind, value in m.model.constants(user, item).items()
        )

    def readers(self, item: int) -> Readers | None:
        for m in self.members:
            readers = m.model.readers(item)
            if readers is not None:
                return replace(readers, amounts=m.factor * readers.amounts)
        return None

    def connected(self, user: int, item: int) -> float:
        return float(sum(m.factor * m.model.connected(user, item) for m in self.members))

    def shrink(self, relation: str, n_history: int, n_dropped: int) -> float:
        for m in self.members:
            if relation.startswith(f"{m.name}."):
                return m.model.shrink(relation.removeprefix(f"{m.name}."), n_history, n_dropped)
        return 1.0

    def edge_score(self, user: int, item: int) -> EdgeScore:
        return SumOfEdges([(m.factor, m.model.edge_score(user, item)) for m in self.members])


def spreads(models: Mapping[str, Recommender], graph: InteractionGraph) -> dict[str, float]:
    """The deviation of each model's scores over up to SAMPLE people who have something; 1 where they are all alike."""
    people = np.flatnonzero(np.diff(graph.interactions.indptr))
    if len(people) > SAMPLE:
        people = people[np.linspace(0, len(people) - 1, SAMPLE).astype(np.int64)]
    deviations = {name: float(np.std(model.score(people))) if len(people) else 0.0 for name, model in models.items()}
    return {name: value if value > 0 else 1.0 for name, value in deviations.items()}


Amount = TypeVar("Amount", float, FloatArray)


def _joined(pairs: Iterable[tuple[str, Amount]]) -> dict[str, Amount]:
    """Amounts of equal keys summed."""
    sums: dict[str, Amount] = {}
    for key, amount in pairs:
        sums[key] = sums[key] + amount if key in sums else amount
    return sums


def said_by(words: str, name: str) -> str:
    """A relation's words with the model that says so."""
    return f"{words} · {name}"


def blend_spec(
    name: str, title: str, kinds: Sequence[type[Recommender]], *, summary: str, use: str, order: int
) -> ModelSpec:
    """What a mixture of these models says of itself: their words, each with the name of the one that says so."""
    members = {kind.spec.name: kind.spec for kind in kinds}
    parameters = {key: words for spec in members.values() for key, words in spec.parameters.items()}
    return ModelSpec(
        name=name,
        title=title,
        source="Linear combination of standardised scores, weights on the validation cut (stacking, Wolpert 1992)",
        exact=all(spec.exact for spec in members.values()),
        summary=summary,
        use=use,
        unit="weighted sum of scores over their spread",
        order=order,
        learnt_vectors=any(spec.learnt_vectors for spec in members.values()),
        mixes=tuple(members),
        relations={
            f"{member}.{key}": replace(
                words,
                text=said_by(words.text, member),
                without_data=said_by(words.without_data, member) if words.without_data else "",
            )
            for member, spec in members.items()
            for key, words in spec.relations.items()
        },
        constants={kind: words for spec in members.values() for kind, words in spec.constants.items()},
        parameters=parameters | WORDS,
    )
