"""The workbench: what happens if a history were another one, the smallest change that does it, and a reason put to the
test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Unpack, get_args

import numpy as np

from core.errors import OptionError, SnapshotError, shown
from core.models.base import Parts, Recommender, get_model
from core.progress import Progress, no_progress
from core.ranking import rank_of
from core.threads import one_thread
from explain.counterfactual import sentences
from explain.counterfactual.changes import (
    History,
    delete,
    predicted_scores,
    rank_after,
    smallest_addition,
    smallest_removal,
)
from explain.counterfactual.edits import Edit, ListState, check_edit, compare, edited, masked_state
from explain.counterfactual.retraining import edited_graph, keep_learnt, learnt_before
from explain.results.whatif import FlipReport, Kind, Verified, WhatIf
from explain.workbench.question import Question, Whom
from explain.workbench.session import Session, list_length
from explain.workspace.refits import validation_cut

MAX_RIVALS = 1_000


class WhatIfService:
    """Counterfactuals of three kinds, never mixed up: mask, delete, retrain."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def compare(
        self,
        workspace: str,
        model: str,
        *,
        remove: Sequence[str] = (),
        add: Sequence[str] = (),
        weights: Mapping[str, float] | None = None,
        half_life_days: float | None = None,
        k: int | None = None,
        kind: Kind = "delete",
        may_return: bool = False,
        progress: Progress = no_progress,
        **whom: Unpack[Whom],
    ) -> WhatIf:
        """The list before and after a person's history is edited. Raises UnknownIdError, NotReadyError, OptionError.

        kind     mask: messages dropped, degrees stay (removals only); delete: true re-propagation; retrain: parameters
                 learnt again from the edited table (a known person only; as slow as a fit)
        weights  event kind → multiplier of the person's own events
        may_return  whether what is taken out is a candidate again: the person has seen it, so usually not
        """
        if kind not in get_args(Kind):
            raise OptionError(f"Unknown kind {shown(kind)}. Kinds: {', '.join(get_args(Kind))}.")
        k = list_length(self.session.workspace(workspace), k, 10)
        question = self.session.open(workspace, model, **whom)
        edit = Edit(
            tuple(dict.fromkeys(question.item(i) for i in remove)),
            tuple(dict.fromkeys(question.item(i) for i in add)),
            dict(weights or {}),
            half_life_days,
        )
        now = question.history()
        check_edit(question.workspace.graph, edit, now)
        before = ListState.of(question.model, question.position, now.closed)
        if kind == "mask":
            if edit.add or edit.reweighs:
                raise OptionError("A mask only drops messages: ask for removals alone, or for the kind delete.")
            after = masked_state(before, edit.remove, may_return=may_return)
        else:
            seen = now.closed if may_return else now.out
            after = ListState.of(*self._changed(question, kind, now, edit, progress), seen)
        old, new = compare(question.workspace.names, before, after, k, edit.remove if kind == "mask" else ())
        return WhatIf(
            snapshot=question.manifest.snapshot,
            model=model,
            workspace=workspace,
            user=question.user,
            kind=kind,
            removed=tuple(remove),
            added=tuple(add),
            before=old,
            after=new,
            reads_weights=question.model.reads_weights,
            may_return=may_return,
        )

    def flip(
        self,
        workspace: str,
        model: str,
        item: str,
        *,
        k: int | None = None,
        rivals: int = 99,
        **whom: Unpack[Whom],
    ) -> FlipReport:
        """The smallest removal that drops a listed item out of the first k, or the smallest addition that brings
        another in.
        """
        if not 1 <= rivals <= MAX_RIVALS:
            raise OptionError(f"rivals must lie between 1 and {MAX_RIVALS:,}; {rivals:,} was asked for.")
        k = list_length(self.session.workspace(workspace), k, 10)
        question = self.session.open(workspace, model, **whom)
        loaded, target, now = question.workspace, question.item(item), question.history()
        if target in now.closed and target not in now.items:
            raise OptionError(
                f"{shown(item)} can be recommended to nobody at this moment, so it is in no list to drop out of "
                "or to enter."
            )
        if target in now.items:
            raise OptionError(
                f"The person has {shown(item)} already, so it is in no list that it could drop out of or enter."
            )
        listed = rank_of(question.scores(), target, now.out) <= k
        with one_thread():
            if listed:
                flip = smallest_removal(question.model, question.position, now, target, k=k, n_rivals=rivals)
            else:
                flip = smallest_addition(question.model, question.position, now, target, k=k, weight=loaded.mean_weight)
        changed = tuple(str(loaded.graph.items.ids[i]) for i in flip.changed)
        return FlipReport(
            found=flip.found,
            removed=changed if listed else (),
            added=() if listed else changed,
            labels=tuple(loaded.names.item(i) for i in flip.changed),
            verified=flip.verified,
            rivals=flip.rivals,
            rank=flip.rank,
            new_rank=flip.new_rank,
            minimal=flip.minimal,
            k=k,
            sentence=sentences.flip(loaded.names, target, flip, k, listed),
        )

    def verified(
        self,
        workspace: str,
        model: str,
        item: str,
        *,
        reason: str | None = None,
        **whom: Unpack[Whom],
    ) -> Verified | None:
        """The top reason (or the named history item) taken out: rank predicted from the parts, then computed live.

        What is taken out has been seen and is no rival. None where the person has the item already or no history item
        carries any of its score.
        """
        question = self.session.open(workspace, model, **whom)
        target = question.item(item)
        parts = question.model.parts(question.position, target)
        if target in question.history().out or not len(parts.items) or not np.any(parts.history > 0):
            return None
        row = _reason(question, parts, reason)
        gone, now, scores = parts.items[row : row + 1], question.history(), question.scores()
        predicted = rank_of(predicted_scores(question.model, question.position, gone), target, now.out)
        place = question.position if question.known is None else question.known
        without, place = delete(question.model, place, now, gone)
        rank, rank_without = rank_of(scores, target, now.out), rank_after(without, place, target, now.out)
        removed, names = int(gone[0]), question.workspace.names
        return Verified(
            item=str(names.graph.items.ids[removed]),
            label=names.item(removed),
            share=float(parts.history[row]) / float(scores[target]) if scores[target] else 0.0,
            rank=rank,
            predicted_rank=predicted,
            rank_without=rank_without,
            score_without=float(without.score(np.array([place]))[0, target]),
            sentence=sentences.verified(names, removed, rank, predicted, rank_without),
        )

    def event_kinds(self, workspace: str) -> dict[str, float]:
        """The kinds of event and their stated weights."""
        events = self.session.workspace(workspace).graph.events
        return dict(zip(events.kinds, events.kind_weights, strict=True))

    def _changed(
        self, question: Question, kind: Kind, now: History, edit: Edit, progress: Progress
    ) -> tuple[Recommender, int]:
        """The model in which the person has the edited history, and where they stand in it."""
        loaded = question.workspace
        changed = edited(loaded.graph, question.known, now, edit, loaded.mean_weight)
        if kind == "delete":
            return question.model.fold_in(changed.items, changed.weights, question.known)
        if question.known is None or question.edited:
            raise OptionError("Only the history of a person of the data can be trained on again: give a user alone.")
        return self._learnt_again(question, question.known, changed, progress), question.known

    def _learnt_again(self, question: Question, user: int, changed: History, progress: Progress) -> Recommender:
        """The model fitted to the edited table; the last few are kept, for other processes too."""
        loaded, manifest = question.workspace, question.manifest
        graph = edited_graph(loaded.graph, user, changed)
        source = f"{graph.fingerprint} {loaded.prepared.identity(manifest.model)}"

        def learn() -> Recommender:
            folder = self.session.store.retrained(loaded.name)
            stored = learnt_before(folder, graph, source, manifest.model, manifest.seed)
            if stored is not None:
                return stored
            chosen, split = get_model(manifest.model), loaded.card.default_split
            cut = validation_cut(graph, loaded.card, split, manifest.seed, needed=chosen.needs_cut)
            with one_thread():
                learnt = chosen.fit(graph, holdout=cut, seed=manifest.seed, progress=progress)
            with suppress(SnapshotError):  # a full disk: the next process learns it again
                keep_learnt(folder, source, manifest.model, manifest.seed, learnt)
            return learnt

        return self.session.cache.get("retrained", (manifest.model, str(manifest.seed), source), learn)


def _reason(question: Question, parts: Parts, reason: str | None) -> int:
    """The row of a named history item among the parts, or of the strongest. Raises OptionError."""
    if reason is None:
        return int(np.argmax(parts.history))
    wanted = question.item(reason)
    if wanted not in parts.items:
        raise OptionError(f"Item {shown(reason)} is not in the history, so it is no reason that could be taken out.")
    return int(np.searchsorted(parts.items, wanted))
