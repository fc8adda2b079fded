"""The workbench: people, items, lists, and why one item has the score that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from core.errors import OptionError
from core.models.base import constant_words, default_model
from core.progress import Progress, no_progress
from explain import evidence as evidence_of
from explain.desk.base import Desk, length
from explain.example import find_example
from explain.explanation import explain
from explain.export import check_writable, scores_of, write_lists
from explain.types import Evidence, Example, Explanation, Found, ItemCard, Person, Recommendation

MAX_PATHS = 1_000


class Asking(Desk):
    """One person, one list, one score."""

    def find_items(self, workspace: str, text: str, limit: int = 20) -> tuple[Found, ...]:
        return self._world(workspace).find_items(text, limit)

    def find_users(self, workspace: str, text: str = "", limit: int = 50) -> tuple[Found, ...]:
        return self._world(workspace).find_users(text, limit)

    def warm(self, workspace: str, model: str, snapshot: str) -> None:
        """Load what every answer needs, by asking for one list."""
        world = self._world(workspace)
        world.ranked(world.model(world.manifest(model, snapshot)), 0, 1, reasons=True)

    def person(self, workspace: str, user: str) -> Person:
        """A person's attributes and history, newest first. Raises UnknownIdError."""
        names = self._world(workspace).names
        idx = names.graph.users.index(user)
        attributes = evidence_of.person_attributes(names, idx)
        return Person(user, names.user(idx), attributes, evidence_of.history_entries(names, idx))

    def item(self, workspace: str, item: str) -> ItemCard:
        """An item's attributes, groups and audience size; what a group says already is no attribute. Raises UnknownIdError."""
        world = self._world(workspace)
        names, graph = world.names, world.graph
        idx = graph.items.index(item)
        groups = {
            names.kind(kind): tuple(names.group(kind, int(g)) for g in matrix[idx].indices)
            for kind, matrix in graph.memberships.items()
        }
        told = evidence_of.attributes_of(graph.items.attributes, idx)
        attributes = {name: value for name, value in told.items() if value not in groups.get(name, ())}
        return ItemCard(item, names.item(idx), attributes, groups, int(world.people_per_item[idx]))

    def relation_words(self, workspace: str) -> dict[str, str]:
        """Every relation of the models, key → this data's own words for it."""
        return dict(self._world(workspace).names.relations)

    def constant_labels(self) -> dict[str, str]:
        """Every kind of amount that no history item carries, as a table of parts says it."""
        return {kind: words.label for kind, words in constant_words().items()}

    def personal_constants(self) -> frozenset[str]:
        """The kinds of those amounts that differ from person to person: what a model keeps of somebody."""
        return frozenset(kind for kind, words in constant_words().items() if not words.alike)

    def kind_words(self, workspace: str) -> dict[str, str]:
        """What this data calls a topic, creator and context, as far as it has them."""
        names = self._world(workspace).names
        return {kind: names.kind(kind) for kind in names.graph.groups}

    def example(self, workspace: str) -> Example:
        """A pair worth looking at first; found once per snapshot. Raises NotReadyError before the path model is fitted."""
        world = self._world(workspace)
        manifest = world.manifest(default_model())
        key = f"example-{manifest.snapshot}"
        stored = self.store.read_result(workspace, key)
        if stored is not None:
            return Example(**stored)
        found = find_example(world, world.model(manifest))
        self.store.write_result(workspace, key, asdict(found))
        return found

    def recommend(
        self, workspace: str, model: str, *, user: str | None = None, history: Sequence[str] | None = None,
        k: int | None = None, snapshot: str | None = None, reasons: bool = False,
    ) -> Recommendation:  # fmt: skip
        """The best k (usually 10) items a person lacks. A history without a user is folded in; with one it replaces theirs."""
        world = self._world(workspace)
        manifest = world.manifest(model, snapshot)
        k = length(world, k, 10)
        folded, position = world.person(world.model(manifest), user, history)
        items = world.ranked(folded, position, k, reasons=reasons)
        return Recommendation(manifest.snapshot, model, workspace, user, items)

    def recommend_all(
        self, workspace: str, model: str, out: Path, *, k: int | None = None, heldout: bool = False, split: str = "last",
        seed: int = 0, progress: Progress = no_progress,
    ) -> int:  # fmt: skip
        """Everybody's best k as Parquet (user, rank, item, score); returns the number of rows. Written whole or not at all."""
        world, k = self._world(workspace), length(self._world(workspace), k)
        check_writable(out)
        if heldout:
            run = self._refit(world, model, split, seed, k, progress)
            lists, scores = run.lists[:, :k], run.scores[:, :k]
        else:
            manifest = world.manifest(model)
            lists = world.lists(manifest, k, progress)
            scores = scores_of(world.model(manifest), lists)
        return write_lists(world.graph, lists, scores, out)

    def why(
        self, workspace: str, model: str, item: str, *, user: str | None = None, history: Sequence[str] | None = None,
        paths: int = 20, against: str | None = None, snapshot: str | None = None, k: int | None = None,
    ) -> Explanation:  # fmt: skip
        """Why this item has this score for this person; k (usually 10) is the length of a list. Raises UnknownIdError, NotReadyError, OptionError."""
        if not 0 <= paths <= MAX_PATHS:
            raise OptionError(f"paths must lie between 0 and {MAX_PATHS:,}; {paths:,} was asked for.")
        world = self._world(workspace)
        manifest = world.manifest(model, snapshot)
        target = world.graph.items.index(item)
        other = None if against is None else world.graph.items.index(against)
        case = world.case(*world.person(world.model(manifest), user, history), target)
        return explain(
            case,
            snapshot=manifest.snapshot,
            workspace=workspace,
            n_paths=paths,
            rank=world.rank(case),
            k=length(world, k, 10),
            against=other,
            against_rank=None if other is None else world.rank(case, other),
        )

    def evidence(
        self, workspace: str, model: str, item: str, key: str, *, user: str | None = None,
        history: Sequence[str] | None = None, snapshot: str | None = None,
    ) -> Evidence:  # fmt: skip
        """What stands behind a node or bundle of the picture. Raises UnknownIdError for a key that is not drawn."""
        world = self._world(workspace)
        model_at = world.model(world.manifest(model, snapshot))
        case = world.case(*world.person(model_at, user, history), world.graph.items.index(item))
        return evidence_of.evidence(case, key)

    def graphml(self, explanation: Explanation) -> str:
        """The picture as GraphML text."""
        import networkx as nx

        from explain.figures import path_digraph

        return "\n".join(nx.generate_graphml(path_digraph(explanation)))
