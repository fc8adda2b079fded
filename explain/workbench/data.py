"""The workbench: which workspaces there are, making them ready, and the people and items in them."""

from __future__ import annotations

from pathlib import Path

from core.errors import NotReadyError, OptionError, shown
from core.progress import Progress, no_progress, portion
from data.builder import build_graph
from data.datasets.base import all_datasets, dataset_names, get_dataset
from data.formats.base import tables_from
from data.formats.reading.limits import Limits
from data.tables import DataCard
from explain.explanation.evidence import attributes_of, history_entries, person_attributes
from explain.records.backup import Backup, backup, restore
from explain.results.lists import ItemCard, Person, SearchHit
from explain.results.workspace import PrepareReport, WorkspaceInfo
from explain.storage.privacy import lists_people
from explain.storage.store import LAYOUT, Prepared
from explain.workbench.session import Session


class DataService:
    """What there is, and what can be made of it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def workspaces(self) -> tuple[WorkspaceInfo, ...]:
        """Every known workspace; the numbers are None until it is prepared."""
        datasets = {s.name: s for s in all_datasets()}
        infos = []
        for name in self.session.store.names():
            try:
                found, card = self.session.store.require(name), self.session.store.card(name)
                sizes = found.n_users, found.n_items, found.n_events
                people = lists_people(name, found.show_people)
                first = name in datasets and datasets[name].opens_first
                infos.append(WorkspaceInfo(name, card.title, True, *sizes, card.summary, card.licence, people, first))
            except NotReadyError:
                known = datasets.get(name)
                told = (known.summary, known.licence) if known else ("", "")
                infos.append(WorkspaceInfo(name, known.title if known else name, False, None, None, None, *told))
        return tuple(infos)

    def smallest_group(self) -> int:
        """The smallest group of people of whom this installation tells a figure. Raises OptionError where it is set to
        no such number.
        """
        return self.session.smallest_group

    def card(self, workspace: str) -> DataCard:
        """What is known about the data. Raises NotReadyError."""
        return self.session.store.card(workspace)

    def backup(self, out: Path) -> Backup:
        """The whole state of this instant as one file."""
        return backup(self.session.home, out)

    def restore(self, file: Path) -> tuple[Backup, Path | None]:
        """Put a backup in force; the state before stands aside, at the path returned."""
        restored = restore(self.session.home, file)
        self.session.forget()
        return restored

    def versions(self) -> dict[str, str]:
        """What identifies the data of each prepared workspace, with labels, attributes and card."""
        found = {name: self.session.store.prepared(name) for name in self.session.store.names()}
        return {
            f"{self.session.home}/{name}": prepared.content for name, prepared in found.items() if prepared is not None
        }

    def prepare_command(self, workspace: str) -> str:
        """What to type where a workspace is not prepared."""
        self.session.store.check(workspace)
        return self.session.store.command(workspace)

    def prepare(
        self,
        workspace: str,
        *,
        folder: Path | None = None,
        show_people: bool = False,
        limits: Limits | None = None,
        progress: Progress = no_progress,
    ) -> PrepareReport:
        """Get the tables (of a data set, or of `folder`), check them, store them. Raises DataError with all problems.

        folder       data of one's own, in any registered format
        limits       the most that is read of a table of `folder`
        show_people  whether people may be browsed, and explanations may name those behind a hop
        """
        if folder is None:
            get_dataset(workspace)
        with self.session.store.preparing(workspace):
            return self._prepare(workspace, folder, show_people, limits, progress)

    def _prepare(
        self, workspace: str, folder: Path | None, show_people: bool, limits: Limits | None, progress: Progress
    ) -> PrepareReport:
        if folder is not None:
            if workspace in dataset_names():
                raise OptionError(f"{shown(workspace)} is a built-in workspace. Give your data a name of its own.")
            raw = tables_from(folder, workspace, limits)
        else:
            raw = get_dataset(workspace).load(self.session.store.downloads, portion(progress, 0.0, 0.8))
        from data.validation import validate  # pandera takes half a second to import

        progress(0.8, "checking the tables")
        tables, notes = validate(raw)
        progress(0.9, "building the graph")
        graph = build_graph(tables)
        problems = [str(note) for note in notes]
        prepared = Prepared(
            LAYOUT,
            graph.fingerprint,
            graph.n_users,
            graph.n_items,
            len(graph.events),
            graph.relation_sizes(),
            problems,
            show_people,
        )
        prepared = self.session.store.save_tables(workspace, tables, prepared)
        progress(1.0, "ready")
        return PrepareReport(
            workspace,
            prepared.fingerprint,
            prepared.n_users,
            prepared.n_items,
            prepared.n_events,
            prepared.relations,
            tuple(problems),
        )

    def find_items(self, workspace: str, text: str, limit: int = 20) -> tuple[SearchHit, ...]:
        """Items whose title holds every word of the text, or whose id it is; the best known first."""
        return self.session.workspace(workspace).find_items(text, limit)

    def find_users(self, workspace: str, text: str = "", limit: int = 50) -> tuple[SearchHit, ...]:
        """People whose id, label or attributes hold every word; the one whose id it is where people are not listed."""
        return self.session.workspace(workspace).find_users(text, limit)

    def person(self, workspace: str, user: str, *, at: int | None = None) -> Person:
        """A person's attributes and history up to a moment (seconds UTC; all where None), newest first. Raises
        UnknownIdError.
        """
        names = self.session.workspace(workspace, at).names
        idx = names.graph.users.index(user)
        attributes = person_attributes(names, idx)
        return Person(user, names.user(idx), attributes, history_entries(names, idx))

    def item(self, workspace: str, item: str) -> ItemCard:
        """An item's attributes, groups and audience size; what a group says already is no attribute. Raises
        UnknownIdError.
        """
        loaded = self.session.workspace(workspace)
        names, graph = loaded.names, loaded.graph
        idx = graph.items.index(item)
        groups = {
            names.kind(kind): tuple(names.group(kind, int(g)) for g in matrix[idx].indices)
            for kind, matrix in graph.memberships.items()
        }
        told = attributes_of(graph.items.attributes, idx)
        attributes = {name: value for name, value in told.items() if value not in groups.get(name, ())}
        return ItemCard(item, names.item(idx), attributes, groups, int(loaded.people_per_item[idx]))
