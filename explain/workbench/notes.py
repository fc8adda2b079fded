"""The workbench: what editors say about explanations."""

from __future__ import annotations

import time
from collections.abc import Sequence

from explain.results.annotation import Annotation
from explain.storage.annotations import Annotations
from explain.workbench.session import Session


class NoteService:
    """Verdicts and notes. Nothing is ever overwritten."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def annotations(self) -> Annotations:
        """Where notes are kept in this state folder."""
        return Annotations(self.session.home / "annotations.sqlite")

    def add(
        self,
        workspace: str,
        model: str,
        item: str,
        *,
        author: str,
        verdict: str = "",
        note: str = "",
        user: str | None = None,
        history: Sequence[str] | None = None,
    ) -> Annotation:
        """An editor's verdict or note on an explanation of the newest snapshot. Raises UnknownIdError, OptionError."""
        loaded = self.session.workspace(workspace)
        loaded.graph.items.index(item)
        if user is not None:
            loaded.graph.users.index(user)
        return self.annotations.add(
            workspace=workspace,
            snapshot=loaded.manifest(model).snapshot,
            model=model,
            person=person_key(user, history),
            item=item,
            verdict=verdict,
            note=note,
            author=author,
            now=int(time.time()),
        )

    def listed(
        self,
        workspace: str,
        *,
        item: str | None = None,
        user: str | None = None,
        history: Sequence[str] | None = None,
        withdrawn: bool = False,
    ) -> tuple[Annotation, ...]:
        """Notes of a workspace, newest first; of one item or person where given. withdrawn: those too."""
        self.session.store.check(workspace)
        person = None if user is None and not history else person_key(user, history)
        return self.annotations.listed(workspace, person=person, item=item, withdrawn=withdrawn)

    def withdraw(self, number: int, *, author: str) -> None:
        """Marks a note as withdrawn; it stays in the file."""
        self.annotations.withdraw(number, author=author, now=int(time.time()))


def person_key(user: str | None, history: Sequence[str] | None) -> str:
    """A user id, or "titles:" and the ids of a history."""
    return user if user is not None else f"titles:{','.join(history or ())}"
