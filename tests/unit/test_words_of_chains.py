"""What a chain is called and what stands in its middle come from the chain, whatever a model calls it."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from core.models.base import ModelState
from core.models.path import PathModel
from core.propagation import Walks
from explain.explanation.explain import ScoredPair, explain
from explain.results.explanation import Explanation
from tests.graphs import names_of, random_graph, random_parameters

KEYS = {
    "co_consumption_3": "random_walk_3",
    "co_consumption_5": "random_walk_5",
    "same_topic": "by_theme",
    "same_creator": "by_hand",
    "same_context": "at_once",
}


class RandomWalks(PathModel):
    """The same walks under names of its own, as a new model in one file would bring them (RP3β calls them random
    walks).
    """

    def walks(self, user: int, item: int) -> tuple[Walks, ...]:
        return tuple(replace(w, chain=replace(w.chain, key=KEYS[w.chain.key])) for w in super().walks(user, item))


def explained(kind: type[PathModel], seed: int, user: int, item: int) -> Explanation:
    graph = random_graph(seed, n_users=12, n_items=10, n_events=70, n_topics=4, n_creators=3, n_contexts=5)
    model, names = kind.restore(graph, ModelState(asdict(random_parameters(seed)))), names_of(graph)
    names.learn(model.walks(0, 0))  # as a world does with each model that it loads
    return explain(ScoredPair.of(model, names, user, item), snapshot="s", workspace="w")


def drawn(explanation: Explanation) -> list[tuple[object, ...]]:
    return sorted(
        (n.hop, n.kind, n.label, round(n.value_for, 9), round(n.value_against, 9), n.merged) for n in explanation.nodes
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_model_with_names_of_its_own_is_drawn_and_told_as_the_path_model_is(seed: int) -> None:
    for user in range(4):
        for item in range(4):
            known, own = explained(PathModel, seed, user, item), explained(RandomWalks, seed, user, item)
            assert drawn(own) == drawn(known)
            assert "random" not in own.sentence + "".join(n.label for n in own.nodes)
            assert own.sentence == known.sentence


@pytest.mark.parametrize(
    ("kinds", "jump", "against", "wording"),
    [
        (("user", "item"), False, False, "people who {verb} both"),
        (("user", "item", "user", "item"), False, True, "minus what people of broad taste {verb} anyway"),
        (("user", "item", "user", "item"), False, False, "people two steps away who {verb} it"),
        (("topic", "item"), False, False, "same {topic}"),
        (("topic", "item"), False, True, "minus same {topic}"),
        (("context", "item"), False, False, "{verb} in the same {context}"),
        (("user", "item"), True, False, "those people's other {noun}s, then a latent jump"),
        ((), True, False, "latent jump from the history item"),
        (("item",), False, False, "goes with the {noun} in the history"),
        (("user", "topic", "item"), False, False, "through people, then the same {topic}"),
    ],
)
def test_words_follow_from_what_stands_in_the_middle(
    kinds: tuple[str, ...], jump: bool, against: bool, wording: str
) -> None:
    names = names_of(random_graph(1, n_users=5, n_items=5, n_events=20, n_topics=2, n_creators=2, n_contexts=2))
    words = {"verb": names.verb, "noun": names.noun, "topic": names.kind("topic"), "context": names.kind("context")}
    assert names.chain(kinds, jump=jump, against=against) == wording.format(**words)
