"""Words for nodes and relations of one workspace: titles made harmless, people kept anonymous,
relations said plainly.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from core.graph import IntArray, InteractionGraph
from core.models.base import constant_words, relation_words
from core.propagation import Step, Walks
from core.words import Vocabulary, chain_words
from data.tables import DataCard
from explain.format.numbers import plural
from explain.format.text import clean

CROWD_MINIMUM = 5  # people behind a hop: fewer are not told apart, nor their number told where people are not listed


USUAL_VERBS = {
    "view": "viewed",
    "viewed": "viewed",
    "page view": "viewed",
    "impression": "saw",
    "click": "clicked",
    "buy": "bought",
    "bought": "bought",
    "purchase": "bought",
    "transaction": "bought",
    "order": "ordered",
    "rating": "rated",
    "rate": "rated",
    "like": "liked",
    "read": "read",
    "play": "played",
    "listen": "listened to",
    "watch": "watched",
    "stream": "streamed",
    "add to cart": "put into the cart",
    "addtocart": "put into the cart",
    "cart": "put into the cart",
    "share": "shared",
    "comment": "commented on",
    "save": "saved",
    "bookmark": "bookmarked",
    "download": "downloaded",
    "follow": "followed",
    "borrow": "borrowed",
    "loan": "borrowed",
    "visit": "visited",
    "check in": "visited",
    "checkin": "visited",
    "interaction": "had",
}


KEPT = 256  # questions whose numbers are kept


PROCESS_KEY = secrets.token_bytes(32)  # for numbers that need not be the same in the next process


@dataclass(frozen=True, eq=False)
class Names:
    """Labels from the graph and its card.

    show_people  whether people behind a hop may be named      listed  whether people may be browsed, and counts of few
                 of them told
    key          secret with which people behind a hop are numbered
    """

    graph: InteractionGraph
    card: DataCard
    show_people: bool = False
    listed: bool = True
    key: bytes = PROCESS_KEY
    _numbers: dict[tuple[object, ...], IntArray] = field(default_factory=dict)

    @cached_property
    def verb(self) -> str:
        """What people did with an item, past tense: "rated". Of the first event type that stands behind every link;
        else "had".
        """
        n_links = self.graph.interactions.nnz
        for name, n_pairs in zip(self.graph.events.kinds, self.graph.pairs_by_kind.tolist(), strict=True):
            if n_pairs == n_links:
                return self.done(name)
        return "had"

    def done(self, event: str) -> str:
        """An event type as a verb in the past tense: as the card says it, as everybody does, or "had"."""
        return self.card.event_verbs.get(event) or USUAL_VERBS.get(
            re.sub(r"[\W_]+", " ", event).strip().casefold(), "had"
        )

    @property
    def noun(self) -> str:
        return self.card.item_noun

    def item(self, idx: int) -> str:
        return clean(self.graph.items.labels[idx])

    def quoted(self, idx: int) -> str:
        return f"“{self.item(idx)}”"

    def user(self, idx: int) -> str:
        """The person that an explanation is for; beyond the graph's people it is a visitor with a
        history of their own.
        """
        return clean(self.graph.users.labels[idx]) if idx < self.graph.n_users else "you"

    def user_id(self, idx: int) -> str:
        return str(self.graph.users.ids[idx]) if idx < self.graph.n_users else "you"

    def group(self, kind: str, idx: int) -> str:
        return clean(self.graph.groups[kind].labels[idx])

    def kind(self, kind: str) -> str:
        """What this data calls a topic, creator or context."""
        return self.vocabulary.kind(kind)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """This data's own nouns and verbs, which fill what models say."""
        titles = {kind: group.title for kind, group in self.graph.groups.items()}
        return Vocabulary(verb=self.verb, noun=self.noun, kinds=titles)

    def relation(self, key: str) -> str:
        """A meta-path, jump or constant in words: of every registered model, and of those that a loaded one brought
        (`learn`).
        """
        return self.relations.get(key, key.replace("_", " "))

    def learn(self, walks: Iterable[Walks]) -> None:
        """Take over the words of a model's chains, with the signs that were learnt."""
        self.relations.update({w.chain.key: self.vocabulary.say(w.words) for w in walks})

    def chain(self, kinds: tuple[str, ...], *, jump: bool = False, against: bool = False) -> str:
        """A chain in words, from what stands in its middle (core.words.chain_words)."""
        return self.vocabulary.say(chain_words(kinds, jump=jump, against=against))

    @cached_property
    def relations(self) -> dict[str, str]:
        """Every meta-path, jump and constant of the registered models in this data's own words."""
        texts = {key: words.text for key, words in relation_words().items()}
        texts |= {kind: words.text for kind, words in constant_words().items()}
        return {key: self.vocabulary.say(text) for key, text in texts.items()}

    def happened(self, kind: int, weight: float) -> str:
        """What an event was, with its size where events of its kind differ in size: "rated 3", "bought"."""
        name = self.graph.events.kinds[kind]
        verb = self.done(name)
        return f"{verb} {weight:g}" if kind in self._sized else verb

    @cached_property
    def _sized(self) -> frozenset[int]:
        events = self.graph.events
        return frozenset(events.kind[events.weight != np.asarray(events.kind_weights)[events.kind]].tolist())

    def other_person(self, step: Step, source: int, user: int, self_idx: int, about: int = -1) -> tuple[str, str]:
        """(id, label) of a person that a walk passes, as seen from the item before: "person 3 of 118".

        The number is drawn for this question (for whom, about which item) and this source: elsewhere the person has
        another one.
        """
        if user == self_idx:
            return self.user_id(user), f"{self.user(user)} again"
        if self.show_people and user < self.graph.n_users:
            return self.user_id(user), self.user(user)
        crowd, _ = step.edges_from(source)
        n = len(crowd)
        if n < CROWD_MINIMUM:
            return "person-of-few", f"one of fewer than {CROWD_MINIMUM} people"
        place = self._number((self_idx, about, source, "person"), n, int(np.searchsorted(crowd, user)))
        return f"person-{place}-of-{n}", f"person {place} of {n}"

    def other_context(self, step: Step, source: int, context: int, user: int = -1, about: int = -1) -> tuple[str, str]:
        """(id, label) of a basket or sitting that a walk passes: it is somebody's, so it is counted as people are."""
        if self.show_people:
            return str(self.graph.groups["context"].ids[context]), self.group("context", context)
        those, _ = step.edges_from(source)
        n, word = len(those), self.kind("context")
        if n < CROWD_MINIMUM:
            return f"{word}-of-few", f"one of fewer than {CROWD_MINIMUM} {word}s"
        place = self._number((user, about, source, "context"), n, int(np.searchsorted(those, context)))
        return f"{word}-{place}-of-{n}", f"{word} {place} of {n}"

    def _number(self, question: tuple[object, ...], n: int, position: int) -> int:
        """1 to n: the place of a position in an order that is shuffled by the key for this question."""
        question = (*question, n)
        if question not in self._numbers:
            while len(self._numbers) >= KEPT:
                self._numbers.pop(next(iter(self._numbers)))
            text = "/".join(map(str, (self.graph.fingerprint, *question)))
            drawn = hashlib.blake2b(text.encode(), key=self.key, digest_size=32).digest()
            self._numbers[question] = np.random.default_rng(int.from_bytes(drawn, "big")).permutation(n)
        return int(self._numbers[question][position]) + 1

    def about(self, n: int) -> int:
        """A number of people to the nearest five where people are not listed, so that one more or less is not seen."""
        return n if self.listed else CROWD_MINIMUM * round(n / CROWD_MINIMUM)

    def crowd(self, n: int) -> str:
        """ "118 people"; few are told as few where people are not listed."""
        return (
            f"fewer than {CROWD_MINIMUM} people" if 0 < n < CROWD_MINIMUM and not self.listed else plural(n, "person")
        )
