"""One answer to "why this item for this person?": parts, picture, best single walks, and how complete they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.models.base import Parts, Recommender, State
from core.propagation import Step, Walks
from explain.explanation.picture import Picture, PictureBuilder
from explain.explanation.sentences import comparison, sentence
from explain.explanation.trend import Trend, trend_words, trends
from explain.explanation.walks import Lane, Walk, best_walks, lanes_of, rest_of
from explain.format.dates import hour, span
from explain.format.names import Names
from explain.results.explanation import Against, Explanation, Hop, Part, Path

SMALLEST_SCORE = 1e-12
Ends = tuple[str, str, str]  # id, label and kind of a node


@dataclass(frozen=True, eq=False)
class ScoredPair:
    """A person, an item and a model, with what every part of the explanation reads. `user` may be a
    folded-in position.
    """

    model: Recommender
    names: Names
    user: int
    item: int
    score: float
    parts: Parts
    lanes: tuple[Lane, ...]

    @classmethod
    def of(cls, model: Recommender, names: Names, user: int, item: int) -> ScoredPair:
        score = float(model.score(np.array([user]))[0, item])
        return cls(model, names, user, item, score, model.parts(user, item), lanes_of(model.walks(user, item)))

    @property
    def state(self) -> State:
        return self.model.state_of(self.user, self.item, self.parts)

    def picture(self) -> Picture:
        return PictureBuilder(
            self.names, self.lanes, dict(self.parts.constants), self.user, self.item, self.trends
        ).build()

    @cached_property
    def trends(self) -> dict[str, Trend]:
        """Constants that people carry who have the item of late, opened."""
        return trends(self.model.readers(self.item), self.names.graph.now)

    @cached_property
    def times(self) -> dict[int, int]:
        """When the person had each item of the data's history, seconds UTC."""
        return self.names.graph.times_of(self.user)

    @property
    def ages(self) -> dict[int, str]:
        """How long before the moment that was, in words, for a model in which it matters."""
        if not self.trends:
            return {}
        return {item: f"{span(max(0, self.names.graph.now - when))} before" for item, when in self.times.items()}

    @property
    def constant_words(self) -> dict[str, str]:
        """What each constant is called in the sentence: a trend by its people."""
        return trend_words(self.names, self.trends)


def explain(
    pair: ScoredPair,
    *,
    snapshot: str,
    workspace: str,
    n_paths: int = 20,
    rank: int | None = None,
    k: int = 10,
    against: int | None = None,
    against_rank: int | None = None,
) -> Explanation:
    """The whole explanation; every amount in it is a term of `case.score`. k: the length of a list; beyond it nothing
    surfaced.
    """
    names, parts, score = pair.names, pair.parts, pair.score
    constants = constant_paths(pair)
    crowds = [path for path in constants if path.relation in pair.trends]
    left_out = crowds[max(0, n_paths) :]
    walks = best_walks(pair.lanes, n_paths - len(crowds) + len(left_out))
    rest = rest_of(pair.lanes, walks)
    paths = [to_path(pair, walk) for walk in walks] + [path for path in constants if path not in left_out]
    shown = sum(abs(p.value) for p in paths)
    hidden = rest.gross + sum(abs(p.value) for p in left_out)
    whole = parts.gross
    connected = pair.model.connected(pair.user, pair.item)
    picture = pair.picture()
    closed = bool(np.isin(pair.item, names.graph.closed))
    listed = tuple(sorted(paths, key=lambda p: -abs(p.value)))
    return Explanation(
        snapshot=snapshot,
        model=pair.model.spec.name,
        workspace=workspace,
        user=names.user_id(pair.user),
        item=str(names.graph.items.ids[pair.item]),
        label=names.item(pair.item),
        state=pair.state,
        score=score,
        unit=pair.model.spec.unit,
        parts=part_list(names, parts),
        completeness_error=abs(parts.total - score) / max(abs(score), SMALLEST_SCORE) if score else abs(parts.total),
        path_share=path_share(connected, score),
        gross_net=gross_net(whole, score),
        paths=listed,
        n_paths=len(walks) + rest.n_walks + sum(len(trend.readers.people) for trend in pair.trends.values()),
        coverage=shown / whole if whole else 1.0,
        residual=hidden / whole if whole else 0.0,
        nodes=picture.nodes,
        bundles=picture.bundles,
        sentence=sentence(
            names,
            parts,
            pair.user,
            pair.item,
            score,
            pair.state,
            rank,
            k,
            closed=closed,
            words=pair.constant_words,
            ages=pair.ages,
        ),
        rank=rank,
        k=k,
        against=None if against is None else _against(pair, against, against_rank),
    )


def path_share(connected: float, score: float) -> float:
    """|W| / (|W| + |score - W|): the part of the score that walks over observed edges carry; 1 where
    there is no score.
    """
    apart = abs(score - connected)
    return abs(connected) / (abs(connected) + apart) if connected or apart else 1.0


def gross_net(gross: float, score: float) -> float:
    """Σ|terms| / |score|: how much cancels; 1 is nothing."""
    return gross / max(abs(score), SMALLEST_SCORE) if gross else 1.0


def part_list(names: Names, parts: Parts) -> tuple[Part, ...]:
    """All parts, largest amount first."""
    result = [Part(kind, kind, names.relation(kind), value, {kind: value}) for kind, value in parts.constants.items()]
    history = parts.history
    for row, idx in enumerate(parts.items):
        relations = {key: float(values[row]) for key, values in parts.relations.items()}
        raw = str(names.graph.items.ids[idx])
        result.append(Part("history", raw, names.item(int(idx)), float(history[row]), relations))
    return tuple(sorted(result, key=lambda p: (-abs(p.value), p.id)))


def _against(pair: ScoredPair, other: int, rank: int | None) -> Against:
    names = pair.names
    score = float(pair.model.score(np.array([pair.user]))[0, other])
    parts = pair.model.parts(pair.user, other)
    text = comparison(names, pair.item, other, pair.parts, parts)
    return Against(str(names.graph.items.ids[other]), names.item(other), score, part_list(names, parts), text, rank)


def to_path(pair: ScoredPair, walk: Walk) -> Path:
    """A walk with every hop's relation and weight; the weights' product is the walk's value."""
    lane = pair.lanes[walk.lane]
    names, walks, steps = pair.names, lane.walks, lane.walks.chain.steps
    first = walk.nodes[0]
    start = float(walks.start[int(np.searchsorted(walks.items, first))])
    source = (names.user_id(pair.user), names.user(pair.user), "person")
    target = _named(pair, "item", first, None, 0)
    when = pair.times.get(first)
    hops = [Hop(*source, "consumed", walks.chain.coefficient * start, *target, True, when)]
    for layer, (node, following) in enumerate(zip(walk.nodes[:-1], walk.nodes[1:], strict=True)):
        step = steps[layer]
        source, target = target, _named(pair, step.target_kind, following, step, node)
        hops.append(Hop(*source, step.relation, lane.weight(layer, node, following), *target, True))
    if walks.jump:
        worth = lane.end_sign * lane.end(walk.nodes[-1])
        hops.append(Hop(*target, "latent_jump", worth, *_named(pair, "item", pair.item, None, 0), False))
    return Path(walk.value, walks.chain.key, tuple(hops))


def constant_paths(pair: ScoredPair) -> list[Path]:
    """Terms that no history item carries: a trend through the people who carry it, the others as one dashed hop from
    the person to the item.
    """
    names = pair.names
    source = (names.user_id(pair.user), names.user(pair.user), "person")
    target = _named(pair, "item", pair.item, None, 0)
    paths = []
    for kind, value in pair.parts.constants.items():
        if kind in pair.trends:
            paths += _trend_paths(pair, kind, source, target)
        elif value:
            paths.append(Path(value, kind, (Hop(*source, kind, value, *target, False),)))
    return paths


def _trend_paths(pair: ScoredPair, kind: str, source: Ends, target: Ends) -> list[Path]:
    """person → this moment → a crowd → the item: the sum of the walks through each of them."""
    trend = pair.trends[kind]
    moment = (str(trend.now), hour(trend.now), "moment")
    paths = []
    for crowd in trend.crowds:
        people = (f"{kind}-{crowd.key}", crowd.label(pair.names), "people")
        hops = (
            Hop(*source, "now", 1.0, *moment, True),
            Hop(*moment, kind, 1.0, *people, True),
            Hop(*people, "consumed", crowd.value, *target, True),
        )
        paths.append(Path(crowd.value, kind, hops))
    return paths


def _named(pair: ScoredPair, kind: str, node: int, step: Step | None, source: int) -> tuple[str, str, str]:
    names = pair.names
    if kind == "item":
        return str(names.graph.items.ids[node]), names.item(node), "item"
    if kind == "user":
        assert step is not None
        raw, label = names.other_person(step, source, node, pair.user, pair.item)
        return raw, label, "person"
    if kind == "context":
        assert step is not None
        return *names.other_context(step, source, node, pair.user, pair.item), kind
    return str(names.graph.groups[kind].ids[node]), names.group(kind, node), kind


def restricted(walks: Walks, rows: np.ndarray, via: np.ndarray | None) -> Walks:
    """The walks that start at these history rows and, where given, pass one of these nodes of the
    first middle layer.
    """
    from dataclasses import replace

    start = np.zeros_like(walks.start)
    start[rows] = walks.start[rows]
    chain = walks.chain
    if via is not None:
        first = chain.steps[0]
        right = np.zeros_like(first.right)
        right[via] = first.right[via]
        chain = replace(chain, steps=(replace(first, right=right), *chain.steps[1:]))
    return replace(walks, chain=chain, start=start)
