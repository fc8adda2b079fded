"""Which model is shown first: the most accurate on validation among those that are nothing but paths."""

from __future__ import annotations

import pytest

from core.models.base import default_model, model_names
from core.models.lightgcn import LightGCN
from core.models.path import PathModel
from core.models.path_strengths import PathStrengths
from core.models.popularity import Popularity
from core.snapshots import Manifest
from explain.workspace.preference import preferred, why_first

PATH, STRONG, LIGHT, FLOOR = (kind.spec.name for kind in (PathModel, PathStrengths, LightGCN, Popularity))


def fitted(**accuracy: float | None) -> dict[str, Manifest]:
    """Manifests whose validation figures are these, by model."""
    titles = {"path": PATH, "strong": STRONG, "light": LIGHT, "floor": FLOOR}
    result = {}
    for key, value in accuracy.items():
        metrics = {} if value is None else {"validation_recall@20": value, "validation_ndcg@20": value}
        result[titles[key]] = Manifest("s", titles[key], "f", 0, 1.0, 0, 0, {}, metrics, "h")
    return result


@pytest.mark.parametrize(
    ("figures", "first"),
    [
        ({"path": 0.3, "strong": 0.4}, STRONG),
        ({"path": 0.4, "strong": 0.3}, PATH),
        ({"path": 0.3, "strong": 0.3}, PATH),
        ({"path": None, "strong": None}, PATH),
        ({"path": 0.2, "light": 0.9, "floor": 0.8}, PATH),
        ({"light": 0.9, "floor": 0.8}, None),
        ({}, None),
    ],
)
def test_the_most_accurate_exact_model_is_first_and_the_simpler_of_equals(
    figures: dict[str, float | None], first: str | None
) -> None:
    assert preferred(fitted(**figures)) == first


def test_the_sentence_names_both_and_their_figures() -> None:
    said = why_first(fitted(path=0.25, strong=0.375))
    assert said.startswith(f"{PathStrengths.spec.title} is shown first")
    assert all(text in said for text in ("0.375", "0.250", PathModel.spec.title))
    assert "no better" in why_first(fitted(path=0.25, strong=0.25))
    assert why_first(fitted(path=0.25, light=0.5)) == ""


def test_the_registry_s_first_is_what_is_meant_where_nothing_is_fitted() -> None:
    assert default_model() == model_names()[0] == PATH
