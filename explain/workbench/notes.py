"""The workbench: what is kept and sent about an explanation: notes, one HTML file, JSON with a hash."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from core.errors import OptionError
from explain.export.explanation_file import explanation_html, record
from explain.results.annotation import Annotation
from explain.results.explanation import Explanation
from explain.results.whatif import Verified
from explain.storage.annotations import Annotations
from explain.workbench.explain import Asking
from explain.workbench.whatif import Changing


class Keeping(Asking, Changing):
    """Notes and exports."""

    @property
    def annotations(self) -> Annotations:
        return Annotations(self.store.home / "annotations.sqlite")

    def annotate(
        self, workspace: str, model: str, item: str, *, author: str, verdict: str = "", note: str = "", user: str | None = None,
        history: Sequence[str] | None = None,
    ) -> Annotation:  # fmt: skip
        """An editor's verdict or note on an explanation of the newest snapshot. Raises UnknownIdError, OptionError."""
        world = self._world(workspace)
        world.graph.items.index(item)
        if user is not None:
            world.graph.users.index(user)
        return self.annotations.add(
            workspace=workspace, snapshot=world.manifest(model).snapshot, model=model, person=person_key(user, history),
            item=item, verdict=verdict, note=note, author=author, now=int(time.time()),
        )  # fmt: skip

    def notes(
        self, workspace: str, *, item: str | None = None, user: str | None = None, history: Sequence[str] | None = None,
        withdrawn: bool = False,
    ) -> tuple[Annotation, ...]:  # fmt: skip
        """Notes of a workspace, newest first; of one item or person where given."""
        self.store.check(workspace)
        person = None if user is None and not history else person_key(user, history)
        return self.annotations.listed(workspace, person=person, item=item, withdrawn=withdrawn)

    def withdraw_note(self, number: int, *, author: str) -> None:
        """Marks a note as withdrawn; it stays in the file."""
        self.annotations.withdraw(number, author=author, now=int(time.time()))

    def export(
        self, workspace: str, model: str, item: str, *, user: str | None = None, history: Sequence[str] | None = None,
        against: str | None = None, snapshot: str | None = None, k: int | None = None, form: str = "html",
    ) -> str | dict[str, Any]:  # fmt: skip
        """An explanation with its test, its notes and where it comes from: "html" as one file's text, "json" as a hashed record."""
        if form not in ("html", "json"):
            raise OptionError(f"An explanation is exported as html or json, not as '{form[:40]}'.")
        found = self.why(workspace, model, item, user=user, history=history, against=against, snapshot=snapshot, k=k)
        tried: Verified | None = None
        if found.state == "ok":
            tried = self.verified(workspace, model, item, user=user, history=history, snapshot=snapshot)
        notes = self.notes(workspace, item=item, user=user, history=history)
        told = self._provenance(found, user, history)
        if form == "json":
            return record(found, told, tried, notes)
        return explanation_html(found, generated=int(time.time()), provenance=told, verified=tried, notes=notes)

    def _provenance(self, found: Explanation, user: str | None, history: Sequence[str] | None) -> dict[str, str]:
        world = self._world(found.workspace)
        manifest = world.manifest(found.model, found.snapshot)
        return {
            "Data": f"{world.card.title} ({found.workspace})", "Data fingerprint": manifest.fingerprint,
            "Model": found.model, "Snapshot": found.snapshot, "Seed of the fit": str(manifest.seed),
            "Person": person_key(user, history), "Item": found.item,
        }  # fmt: skip


def person_key(user: str | None, history: Sequence[str] | None) -> str:
    """A user id, or "titles:" and the ids of a history."""
    return user if user is not None else f"titles:{','.join(history or ())}"
