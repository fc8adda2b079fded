"""The workbench: what happens if a history were another one, the smallest change that does it, and a reason put to the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import get_args

import numpy as np

from core.errors import OptionError, SnapshotError, shown
from core.models.base import Recommender, get_model
from core.progress import Progress, no_progress
from core.ranking import rank_of
from core.snapshots import Manifest
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
from explain.counterfactual.retraining import MOST_KEPT, edited_graph, keep_learnt, learnt_before
from explain.results.whatif import FlipReport, Kind, Verified, WhatIf
from explain.workbench.session import Desk, length
from explain.workspace.refits import validation_cut
from explain.workspace.workspace import Workspace

MAX_RIVALS = 1_000


class Changing(Desk):
    """Counterfactuals of three kinds, never mixed up: mask, delete, retrain."""

    def whatif(
        self, workspace: str, model: str, *, user: str | None = None, history: Sequence[str] | None = None,
        remove: Sequence[str] = (), add: Sequence[str] = (), weights: Mapping[str, float] | None = None,
        half_life_days: float | None = None, k: int | None = None, kind: Kind = "delete", snapshot: str | None = None,
        may_return: bool = False, progress: Progress = no_progress,
    ) -> WhatIf:  # fmt: skip
        """The list before and after a person's history is edited. Raises UnknownIdError, NotReadyError, OptionError.

        kind     mask: messages dropped, degrees stay (removals only); delete: true re-propagation; retrain: parameters
                 learnt again from the edited table (a known person only; as slow as a fit)
        weights  event kind → multiplier of the person's own events
        may_return  whether what is taken out is a candidate again: the person has seen it, so usually not
        """
        if kind not in get_args(Kind):
            raise OptionError(f"Unknown kind {shown(kind)}. Kinds: {', '.join(get_args(Kind))}.")
        world = self._world(workspace)
        k = length(world, k, 10)
        manifest = world.manifest(model, snapshot)
        base, position = world.person(world.model(manifest), user, history)
        known = None if user is None else world.graph.users.index(user)
        index = world.graph.items.index
        edit = Edit(
            tuple(dict.fromkeys(index(i) for i in remove)), tuple(dict.fromkeys(index(i) for i in add)),
            dict(weights or {}), half_life_days,
        )  # fmt: skip
        now = _history(world, base, position, known, history)
        check_edit(world.graph, edit, now)
        before = ListState.of(base, position)
        if kind == "mask":
            if edit.add or edit.reweighs:
                raise OptionError("A mask only drops messages: ask for removals alone, or for the kind delete.")
            after = masked_state(before, edit.remove, may_return=may_return)
        else:
            changed = edited(world.graph, known, now, edit, world.mean_weight)
            seen = None if may_return else now.items
            if kind == "retrain":
                if known is None or history is not None:
                    raise OptionError(
                        "Only the history of a person of the data can be trained on again: give a user alone."
                    )
                learnt = self._learnt_again(world, manifest, known, changed, progress)
                after = ListState.of(learnt, known, seen)
            else:
                after = ListState.of(*base.fold_in(changed.items, changed.weights, known), seen)
        old, new = compare(world.names, before, after, k, edit.remove if kind == "mask" else ())
        return WhatIf(manifest.snapshot, model, workspace, user, kind, tuple(remove), tuple(add), old, new,
            base.reads_weights, may_return,
        )  # fmt: skip

    def flip(
        self, workspace: str, model: str, item: str, *, user: str | None = None, history: Sequence[str] | None = None,
        k: int | None = None, rivals: int = 99, snapshot: str | None = None,
    ) -> FlipReport:  # fmt: skip
        """The smallest removal that drops a listed item out of the first k, or the smallest addition that brings another in."""
        if not 1 <= rivals <= MAX_RIVALS:
            raise OptionError(f"rivals must lie between 1 and {MAX_RIVALS:,}; {rivals:,} was asked for.")
        world = self._world(workspace)
        k = length(world, k, 10)
        manifest = world.manifest(model, snapshot)
        base, position = world.person(world.model(manifest), user, history)
        target = world.graph.items.index(item)
        known = None if user is None else world.graph.users.index(user)
        now = _history(world, base, position, known, history)
        if target in now.items:
            raise OptionError(
                f"The person has {shown(item)} already, so it is in no list that it could drop out of or enter."
            )
        listed = rank_of(base.score(np.array([position]))[0], target, now.items) <= k
        with one_thread():
            if listed:
                found = smallest_removal(base, position, now, target, k=k, n_rivals=rivals)
            else:
                found = smallest_addition(base, position, now, target, k=k, weight=world.mean_weight)
        changed = tuple(str(world.graph.items.ids[i]) for i in found.changed)
        return FlipReport(
            found.found, changed if listed else (), () if listed else changed,
            tuple(world.names.item(i) for i in found.changed), found.verified, found.rivals, found.rank, found.new_rank,
            found.minimal, k, sentences.flip(world.names, target, found, k, listed),
        )  # fmt: skip

    def verified(
        self, workspace: str, model: str, item: str, *, user: str | None = None, history: Sequence[str] | None = None,
        reason: str | None = None, snapshot: str | None = None,
    ) -> Verified | None:  # fmt: skip
        """The top reason (or the named history item) taken out: rank predicted from the parts, then computed live.

        What is taken out has been seen and is no rival.

        None where the person has the item already or no history item carries any of its score.
        """
        world = self._world(workspace)
        manifest = world.manifest(model, snapshot)
        base, position = world.person(world.model(manifest), user, history)
        target = world.graph.items.index(item)
        parts = base.parts(position, target)
        if target in parts.items or not len(parts.items) or not np.any(parts.history > 0):
            return None
        row = int(np.argmax(parts.history))
        if reason is not None:
            wanted = world.graph.items.index(reason)
            if wanted not in parts.items:
                raise OptionError(
                    f"Item {shown(reason)} is not in the history, so it is no reason that could be taken out."
                )
            row = int(np.searchsorted(parts.items, wanted))
        gone = parts.items[row : row + 1]
        known = None if user is None else world.graph.users.index(user)
        now = _history(world, base, position, known, history)
        scores = base.score(np.array([position]))[0]
        predicted = rank_of(predicted_scores(base, position, gone), target, now.items)
        without, place = delete(base, position if known is None else known, now, gone)
        true_rank = rank_after(without, place, target, now.items)
        rank = rank_of(scores, target, now.items)
        score = float(scores[target])
        return Verified(
            str(world.graph.items.ids[gone[0]]), world.names.item(int(gone[0])),
            float(parts.history[row]) / score if score else 0.0, rank, predicted, true_rank,
            float(without.score(np.array([place]))[0, target]),
            sentences.verified(world.names, int(gone[0]), rank, predicted, true_rank),
        )  # fmt: skip

    def event_kinds(self, workspace: str) -> dict[str, float]:
        """The kinds of event and their stated weights."""
        events = self._world(workspace).graph.events
        return dict(zip(events.kinds, events.kind_weights, strict=True))

    def _learnt_again(
        self, world: Workspace, manifest: Manifest, user: int, changed: History, progress: Progress
    ) -> Recommender:
        """The model fitted to the edited table; the last few are kept, for other processes too."""
        graph = edited_graph(world.graph, user, changed)
        of = f"{graph.fingerprint} {world.prepared.identity(manifest.model)}"
        key = (manifest.model, str(manifest.seed), of)
        if key not in self._retrained:
            folder = self.store.retrained(world.workspace)
            learnt = learnt_before(folder, graph, of, manifest.model, manifest.seed)
            if learnt is None:
                chosen = get_model(manifest.model)
                split = world.card.default_split
                cut = validation_cut(graph, world.card, split, manifest.seed, needed=chosen.needs_cut)
                with one_thread():
                    learnt = chosen.fit(graph, holdout=cut, seed=manifest.seed, progress=progress)
                with suppress(SnapshotError):  # a full disk: the next process learns it again
                    keep_learnt(folder, of, manifest.model, manifest.seed, learnt)
            while len(self._retrained) >= MOST_KEPT:
                self._retrained.pop(next(iter(self._retrained)))
            self._retrained[key] = learnt
        return self._retrained[key]


def _history(
    world: Workspace, model: Recommender, position: int, known: int | None, history: Sequence[str] | None
) -> History:
    """What the person has in this model, with the weights that the model was given."""
    items = model.history(position)
    return History(items, world.weights(known, items))
