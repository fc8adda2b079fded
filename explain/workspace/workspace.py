"""A workspace in memory: its graph, its words, its fitted models and its lists, each loaded once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from core.errors import NotReadyError, OptionError, SnapshotError, shown
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Recommender, get_model
from core.progress import Progress, no_progress
from core.ranking import check_k, rank_all, top_k
from core.snapshots import Manifest, damaged_since, load, manifests, read_manifest
from core.texts import command as typed
from data.builder import build_graph
from data.tables import DataCard
from explain.explanation.sentences import short_reason
from explain.explanation.trend import trend_words, trends
from explain.format.names import Names
from explain.format.numbers import plural
from explain.format.text import clean, unaccented
from explain.results.lists import ListedItem, SearchHit
from explain.storage.privacy import lists_people, people_key
from explain.storage.store import Prepared, Store
from explain.workspace.cache import Cache

MAX_HISTORY_ITEMS = 1_000


class Workspace:
    """Everything about one prepared workspace. A session keeps one for each state of the data.

    cache  where fitted models and lists are kept; it may be shared with other workspaces
    whole  the workspace with all of its data, where this one is how it stood `at` a moment
    """

    def __init__(
        self, store: Store, name: str, prepared: Prepared, cache: Cache, whole: Workspace | None = None, at: int = 0
    ) -> None:
        self.store, self.name, self.prepared, self.cache = store, name, prepared, cache
        self.whole, self.moment = whole, None if whole is None else at
        self.card: DataCard = store.card(name) if whole is None else whole.card

    def at(self, moment: int) -> Workspace:
        """The workspace as it stood at a moment, seconds UTC: what happened before it, and nothing else. Raises
        OptionError for data without times.
        """
        if self.whole is not None:
            return self.whole.at(moment)
        if not self.graph.timed:
            raise OptionError(
                f"The events of {self.name} have no times, so there is no moment to go back to: leave --at out."
            )
        return self.cache.get("moment", (self.key, moment), lambda: self._at(moment))

    def _at(self, moment: int) -> Workspace:
        return Workspace(self.store, self.name, self.prepared, self.cache, self, moment)

    @cached_property
    def graph(self) -> InteractionGraph:
        """Raises NotReadyError where the stored tables do not give the graph that `prepare` saw."""
        if self.whole is not None and self.moment is not None:
            return self.whole.graph.at(self.moment)
        graph = build_graph(self.store.tables(self.name))
        if graph.fingerprint != self.prepared.fingerprint:
            raise self.store.damaged(self.name, "tables")
        return graph if self.lists_people else replace(graph, users=replace(graph.users, suggests=False))

    @cached_property
    def names(self) -> Names:
        key = people_key(self.store.home)
        return Names(self.graph, self.card, self.prepared.show_people, self.lists_people, key)

    @property
    def lists_people(self) -> bool:
        """Whether people may be browsed: the workspace's switch."""
        return lists_people(self.name, self.prepared.show_people)

    @cached_property
    def people_per_item(self) -> IntArray:
        """int64 [n_items]"""
        return np.bincount(self.graph.interactions.indices, minlength=self.graph.n_items)

    def manifest(self, model: str, snapshot: str | None = None) -> Manifest:
        """The newest snapshot of a model for this data, or the named one. Raises NotReadyError, SnapshotError."""
        get_model(model)
        folder = self.store.snapshots(self.name)
        if snapshot is not None:
            manifest = read_manifest(folder, snapshot)
            if manifest.model != model:
                raise OptionError(f"Snapshot {shown(snapshot)} is of model {manifest.model}, not {model}.")
            if manifest.fingerprint != self.prepared.identity(model):
                raise SnapshotError(
                    f"Snapshot {shown(snapshot)} was fitted on other data than this workspace holds now."
                )
            return manifest
        own = (m for m in manifests(folder) if m.model == model and m.fingerprint == self.prepared.identity(model))
        newest = next(own, None)
        if (damaged := damaged_since(folder, model, newest.created if newest else 0)) is not None:
            read_manifest(folder, damaged)  # says what is wrong with it
        if newest is not None:
            return newest
        command = typed("fit", "--workspace", self.name, "--model", model)
        raise NotReadyError(f"Model {model} is not fitted in workspace {self.name} yet. Type `{command}`.", command)

    def model(self, manifest: Manifest) -> Recommender:
        """The fitted model of a snapshot, loaded once."""
        return self.cache.get("model", (self.key, manifest.snapshot), lambda: self._restored(manifest.snapshot))

    def _restored(self, snapshot: str) -> Recommender:
        checked, state = load(self.store.snapshots(self.name), snapshot)
        model = get_model(checked.model).restore(self.graph, state)
        if self.graph.n_users and self.graph.n_items:
            self.names.learn(model.walks(0, 0))
        return model

    @property
    def key(self) -> tuple[str, str, bool, int | None]:
        """What tells this state of the data from others in a shared cache."""
        return self.name, self.prepared.content, self.prepared.show_people, self.moment

    def person(self, model: Recommender, user: str | None, history: Sequence[str] | None) -> tuple[Recommender, int]:
        """The model and the position at which a person stands in it: a known one, or one folded in from a history."""
        if user is None and not history:
            raise OptionError("Say for whom: a user id, or a history of at least one item id.")
        position = None if user is None else self.graph.users.index(user)
        if history is None:
            assert position is not None
            return model, position
        if len(history) > MAX_HISTORY_ITEMS:
            raise OptionError(f"A history may hold {MAX_HISTORY_ITEMS:,} items at most; this one has {len(history):,}.")
        items = np.unique(np.array([self.graph.items.index(raw) for raw in history], dtype=np.int64))
        return model.fold_in(items, self.weights(position, items), position)

    @cached_property
    def mean_weight(self) -> float:
        """The mean weight of a person–item edge: what an item without an event of its own is given."""
        matrix = self.graph.interactions
        return float(matrix.data.mean()) if matrix.nnz else 1.0

    def weights(self, position: int | None, items: IntArray) -> FloatArray:
        """The person's own event weights where they have the item, the workspace's mean weight elsewhere: float64
        [len(items)].
        """
        matrix = self.graph.interactions
        weights = np.full(len(items), self.mean_weight)
        if position is not None:
            row = matrix[position]
            own = dict(zip(row.indices.tolist(), row.data.tolist(), strict=True))
            weights = np.array([own.get(int(i), w) for i, w in zip(items, weights, strict=True)])
        return weights

    def ranked(self, model: Recommender, position: int, k: int, *, reasons: bool) -> tuple[ListedItem, ...]:
        """A person's best k items with labels, and the main reason in words where asked."""
        k = check_k(k, self.graph.n_items)
        scores = model.score(np.array([position]))
        scores[0, model.history(position)] = -np.inf
        scores[0, self.graph.closed] = -np.inf
        items, values = top_k(scores, k)
        listed = []
        for rank, (item, value) in enumerate(zip(items[0], values[0], strict=True), start=1):
            if value == -np.inf:
                break
            reason = self._reason(model, position, int(item), float(value)) if reasons else ""
            raw = str(self.graph.items.ids[item])
            listed.append(ListedItem(raw, self.names.item(int(item)), rank, float(value), reason))
        return tuple(listed)

    def _reason(self, model: Recommender, position: int, item: int, score: float) -> str:
        words = trend_words(self.names, trends(model.readers(item), self.graph.now))
        return short_reason(self.names, model.parts(position, item), score, words)

    def lists(self, manifest: Manifest, k: int, progress: Progress = no_progress) -> IntArray:
        """Everybody's best k under a snapshot: int64 [n_users, k]; computed once."""

        def rank() -> IntArray:
            graph = self.graph
            model = self.model(manifest)
            return rank_all(model.score, graph.n_users, graph.interactions, k, closed=graph.closed, progress=progress)[
                0
            ]

        return self.cache.get("lists", (self.key, manifest.snapshot, k), rank)

    def find_items(self, text: str, limit: int) -> tuple[SearchHit, ...]:
        """Items whose title holds every word of the text, or whose id it is.

        The id first, titles with the words in a row before others, then what most people have. Accents do not matter.
        """
        wanted = " ".join(_folded(text[:200]).split())
        words = wanted.split()
        hits = [
            i
            for i, title in enumerate(self._folded_titles)
            if all(word in title for word in words) or wanted == self._folded_ids[i]
        ]
        hits.sort(
            key=lambda i: (
                self._folded_ids[i] != wanted,
                not self._folded_titles[i].startswith(wanted),
                wanted not in self._folded_titles[i],
                -self.people_per_item[i],
                i,
            )
        )
        return tuple(
            SearchHit(str(self.graph.items.ids[i]), self.names.item(i), self.names.crowd(int(self.people_per_item[i])))
            for i in hits[: max(0, limit)]
        )

    def find_users(self, text: str, limit: int) -> tuple[SearchHit, ...]:
        """People whose id, label or attributes hold every word of the text, the exact id first; where people are not
        listed, the one whose id the text is.
        """
        if not self.lists_people:
            return self._people([self.graph.users.index(text)] if text in self.graph.users else [], limit)
        words = _folded(text).split()[:10]
        hits = [u for u, line in enumerate(self._user_lines) if all(w in line for w in words)]
        hits.sort(key=lambda u: (str(self.graph.users.ids[u]).casefold() != text.strip().casefold(), u))
        return self._people(hits, limit)

    def _people(self, hits: Sequence[int], limit: int) -> tuple[SearchHit, ...]:
        n_items = np.diff(self.graph.interactions.indptr)
        return tuple(
            SearchHit(
                str(self.graph.users.ids[u]),
                self.names.user(u),
                ", ".join([*self._attribute_texts[u], plural(int(n_items[u]), self.names.noun)]),
            )
            for u in hits[: max(0, limit)]
        )

    @cached_property
    def _folded_titles(self) -> list[str]:
        return [_folded(clean(label)) for label in self.graph.items.labels]

    @cached_property
    def _folded_ids(self) -> list[str]:
        return [_folded(str(raw)) for raw in self.graph.items.ids]

    @cached_property
    def _attribute_texts(self) -> list[list[str]]:
        frame = self.graph.users.attributes
        columns = [frame[c].astype("string").fillna("").tolist() for c in frame.columns]
        return [[clean(column[u]) for column in columns if column[u]] for u in range(self.graph.n_users)]

    @cached_property
    def _user_lines(self) -> list[str]:
        users = self.graph.users
        return [
            _folded(" ".join([str(users.ids[u]), str(users.labels[u]), *self._attribute_texts[u]]))
            for u in range(len(users))
        ]


def _folded(text: str) -> str:
    """As it is compared in a search: neither case nor accents matter."""
    return unaccented(text).casefold()
