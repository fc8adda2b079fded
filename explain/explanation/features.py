"""Which words, topics, creators and numbers carried a score of a model on content, as lines that add up to it.

    s = Σ_f x_if (α <W_f, E_u> + w_b,f)      one line a feature of the item itself, every word singly
      + α <own_i, E_u>                       the item's own learnt vector
      + Σ_j R_ij <encoder(x_j) + own_j, E_u> what reaches the item through people, R = Σ_{l≥1} α Â^l: two lines

A linear encoder has this in closed form, through the SVD of the words too, as that is linear. With a hidden layer the
first sum is Integrated Gradients (Sundararajan et al. 2017; Captum) from an item without any feature. The person's
vector E_u is held fixed: which history items made it is the business of the parts (core.models.base.Parts).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.errors import OptionError
from core.feature_score import ExplainsFeatures, FeatureScore
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models.base import Recommender
from explain.format.text import clean
from explain.results.attribution import FeatureExplanation, FeaturePart

CLOSED_FORM = "closed form"
IG_STEPS = 32
SMALLEST_SCORE = 1e-12


def explain_features(
    model: Recommender, graph: InteractionGraph, user: int, item: int, *, top: int = 20
) -> FeatureExplanation | None:
    """The score of an item for a person by features; None for a model that has none.

    user, item  positions; the user may be folded in        top  number of features that are shown singly, at least 1
    Raises OptionError for a `top` below 1.
    """
    if not isinstance(model, ExplainsFeatures):
        return None
    if top < 1:
        raise OptionError(f"At least one feature has to be shown, not {top}.")
    by_features = model.feature_score(user, item)
    values, method = direct(by_features)
    names, groups = by_features.names, by_features.groups
    title = f"“{clean(graph.items.labels[item])}”"
    others = [FeaturePart(t.group, t.text.format(item=title), t.amount) for t in by_features.others]
    by_group = {str(g): float(values[groups == g].sum()) for g in dict.fromkeys(groups.tolist())}
    for line in others:
        by_group[line.group] = by_group.get(line.group, 0.0) + line.value
    order = np.argsort(-np.abs(values), kind="stable")
    single = [FeaturePart(str(groups[j]), clean(names[j]), float(values[j])) for j in order[:top]]
    rest = _grouped_rest(groups, values, order[top:])
    parts = (*single, *others, *rest)
    score = float(model.score(np.array([user]))[0, item])
    error = abs(sum(part.value for part in parts) - score)
    return FeatureExplanation(
        parts, by_group, score, error / max(abs(score), SMALLEST_SCORE) if score else error, method
    )


def direct(by_features: FeatureScore) -> tuple[FloatArray, str]:
    """What each feature that the item has gives by itself, float64 [n], and the method."""
    if by_features.slope is not None:
        return np.asarray(by_features.values * by_features.slope), CLOSED_FORM
    return integrated_gradients(by_features)


def integrated_gradients(by_features: FeatureScore, *, n_steps: int = IG_STEPS) -> tuple[FloatArray, str]:
    """The same by Captum for any encoder: ∫ ∂f/∂x along the line from no feature at all to the item, Gauss-Legendre.

    Captum keeps its step sizes in single precision: an error of about 1e-8 of the score is its own.
    """
    import torch
    from captum.attr import IntegratedGradients

    if not len(by_features.values):
        return np.zeros(0), _ig_name(n_steps)
    values = IntegratedGradients(by_features.worth).attribute(
        torch.from_numpy(by_features.values.copy())[None, :], baselines=0.0, n_steps=n_steps, method="gausslegendre"
    )
    return values[0].detach().numpy(), _ig_name(n_steps)


def _ig_name(n_steps: int) -> str:
    return f"Integrated Gradients (Captum, Gauss-Legendre, {n_steps} steps, baseline: no feature at all)"


def _grouped_rest(groups: NDArray[np.str_], values: FloatArray, rows: IntArray) -> list[FeaturePart]:
    """One line a group for the features that are not shown singly."""
    lines = []
    for group in dict.fromkeys(groups[rows].tolist()):
        own = rows[groups[rows] == group]
        lines.append(FeaturePart(str(group), f"{len(own)} more ({group})", float(values[own].sum())))
    return lines
