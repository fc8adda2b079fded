"""For whom, of which model, on which data: what every answer about one person begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from core.graph import FloatArray
from core.models.base import Recommender
from core.ranking import rank_of
from core.snapshots import Manifest
from explain.counterfactual.changes import History
from explain.explanation.explain import ScoredPair
from explain.workspace.workspace import Workspace


class Whom(TypedDict, total=False):
    """For whom, by which stored model, and when: the keywords of every question about one person.

    user      raw id                    history  raw item ids, folded in alone or in the place of the user's own
    snapshot  a stored model; the newest where left out
    at        the moment, seconds UTC: only what was known before it; the end of the data where left out
    """

    user: str | None
    history: Sequence[str] | None
    snapshot: str | None
    at: int | None


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """A model as it stands for one person.

    model     the fitted model, or the one into which a history was folded
    position  where the person stands in `model`
    user      raw id, None for a history alone              known   the person's position in the data, None for a
              history alone
    given     the history that was given, alone or in the place of the person's own
    """

    workspace: Workspace
    manifest: Manifest
    model: Recommender
    position: int
    user: str | None
    known: int | None
    given: Sequence[str] | None

    @property
    def edited(self) -> bool:
        """Whether a history was given."""
        return self.given is not None

    def item(self, raw: str) -> int:
        """An item's position. Raises UnknownIdError."""
        return self.workspace.graph.items.index(raw)

    def pair(self, item: int) -> ScoredPair:
        """The person and an item, with the score and its parts."""
        return ScoredPair.of(self.model, self.workspace.names, self.position, item)

    def scores(self) -> FloatArray:
        """Of all items for the person: float64 [n_items]."""
        return np.asarray(self.model.score(np.array([self.position]))[0])

    def rank(self, item: int) -> int | None:
        """The place of an item among all candidates; None for what the person has already."""
        out = self.history().out
        return None if item in out else rank_of(self.scores(), item, out)

    def history(self) -> History:
        """What the person has in this model, with the weights that the model was given."""
        items = self.model.history(self.position)
        return History(items, self.workspace.weights(self.known, items), self.workspace.graph.closed)
