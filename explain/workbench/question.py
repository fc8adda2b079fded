"""For whom, of which model, on which data: what every answer about one person begins with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.graph import FloatArray
from core.models.base import Recommender
from core.ranking import rank_of
from core.snapshots import Manifest
from explain.counterfactual.changes import History
from explain.explanation.explain import ScoredPair
from explain.workspace.workspace import Workspace


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """A model as it stands for one person.

    model     the fitted model, or the one into which a history was folded
    position  where the person stands in `model`
    user      raw id, None for a history alone              known   the person's position in the data, None for a
              history alone
    edited    whether a history was given, alone or in the place of the person's own
    """

    workspace: Workspace
    manifest: Manifest
    model: Recommender
    position: int
    user: str | None
    known: int | None
    edited: bool

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
        had = self.model.history(self.position)
        return None if item in had else rank_of(self.scores(), item, had)

    def history(self) -> History:
        """What the person has in this model, with the weights that the model was given."""
        items = self.model.history(self.position)
        return History(items, self.workspace.weights(self.known, items))
