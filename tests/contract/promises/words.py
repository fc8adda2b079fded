"""Words and pictures: everything that a reader meets of a model is said by the model, and drawn as what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from core.propagation import Walks
from core.words import MINUS, Vocabulary
from explain.explanation.explain import ScoredPair, explain
from tests.contract.promises.base import Subject, called, promise, require

PLAIN = Vocabulary(verb="read", noun="article", kinds={"topic": "genre", "creator": "author", "context": "visit"})


@promise
def a_model_says_what_it_is(s: Subject) -> None:
    spec = s.kind.spec
    for name in ("name", "title", "source", "summary", "unit"):
        require(bool(getattr(spec, name).strip()), f"spec.{name}", "it is empty")


@promise
def every_relation_has_words(s: Subject) -> None:
    """The same before a model is loaded as after, but for the sign that was learnt."""
    spec = s.kind.spec
    for w in s.ask("walks", s.people[0], 0):
        require(w.chain.key in spec.relations, "spec.relations", f"{w.chain.key} has no words")
        said, static = (called("spec.relations", PLAIN.say, t) for t in (w.words, spec.relations[w.chain.key].text))
        require(said.removeprefix(MINUS) == static.removeprefix(MINUS), "spec.relations", f"{static!r} became {said!r}")
    for key, words in spec.relations.items():
        for text in (
            called("spec.relations", PLAIN.say, words.text),
            called("spec.relations", lambda w=words: w.plain),
        ):
            require(bool(text.strip()), "spec.relations", f"{key} has empty words")


@promise
def every_constant_has_words(s: Subject) -> None:
    for kind, words in s.kind.spec.constants.items():
        said = called("spec.constants", PLAIN.say, words.text)
        require(all(t.strip() for t in (said, words.label, words.in_export)), "spec.constants", f"{kind} has no words")


@promise
def every_parameter_has_words(s: Subject) -> None:
    """Nested ones too, unless they are named by the data (kinds of features) or by a relation."""
    spec = s.kind.spec
    for path in _paths(s.ask("state").parameters):
        own = [name for name in path if name not in spec.relations]
        worded = [name for name in own if name in spec.parameters]
        require(bool(worded), "spec.parameters", f"{'.'.join(path)} has no words")
    require(all(w.label.strip() for w in spec.parameters.values()), "spec.parameters", "a parameter has empty words")


def _paths(parameters: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            yield from ((name, *rest) for rest in _paths(value))
        else:
            yield (name,)


@promise
def pictures_show_the_kind_of_node_that_a_chain_goes_through(s: Subject) -> None:
    for user in s.people[:3]:
        for item in range(0, s.graph.n_items, 4):
            picture = called("walks", ScoredPair.of(s.model, s.names, user, item).picture)
            kinds = {node.key: node.kind for node in picture.nodes}
            expected = {w.chain.key: drawn_kind(w) for w in s.ask("walks", user, item)}
            expected |= dict.fromkeys(s.observed, "people")
            for bundle in picture.bundles:
                if bundle.hop == 2:
                    same = kinds[bundle.source] == expected[bundle.relation]
                    require(same, "walks", f"{bundle.relation} is drawn through {kinds[bundle.source]}")


def drawn_kind(walks: Walks) -> str:
    """The node between history and item: the first in the middle, the last before a jump, the model's memory where
    there is none."""
    if not walks.middle:
        return "memory"
    kind = walks.middle[-1 if walks.jump else 0]
    return "people" if kind == "user" else kind


@promise
def explanations_are_complete(s: Subject) -> None:
    """For a newcomer too, whom a sentence calls "you"."""
    folded, position = s.ask("fold_in", np.array([0, 2, 5]), np.ones(3), None)
    for model, user in ((s.model, s.people[0]), (folded, position)):
        answer = called("walks", explain, ScoredPair.of(model, s.names, user, 7), snapshot="s", workspace="w")
        require(answer.completeness_error <= 1e-5, "parts", f"an explanation misses {answer.completeness_error}")
        flow = sum(b.value_for - b.value_against for b in answer.bundles if b.target.startswith("3:"))
        require(
            abs(flow - answer.score) <= 1e-9 + 1e-5 * abs(answer.score),
            "walks",
            "what flows into the item is not the score",
        )
        require(bool(answer.sentence) and (user < s.graph.n_users or answer.user == "you"), "walks", "no sentence")
