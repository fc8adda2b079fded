"""Which fitted model is shown first: of those that are nothing but their paths the most accurate on its validation cut.

Accuracy is looked for among exact models alone: a model whose scores cannot be told apart is never the first. Equal
ones come in the registry's order, the simpler first.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.models.base import get_model, model_names
from core.snapshots import Manifest, manifests
from explain.storage.store import Prepared

MEASURES = ("validation_recall@20", "validation_ndcg@20")


def newest(folder: Path, prepared: Prepared) -> dict[str, Manifest]:
    """The newest snapshot of each model for the data as they stand, the one to be shown first before the others."""
    known, found = model_names(), dict[str, Manifest]()
    for manifest in manifests(folder):
        if manifest.model in known and manifest.fingerprint == prepared.identity(manifest.model):
            found.setdefault(manifest.model, manifest)
    names = [name for name in known if name in found]
    best = preferred(found)
    if best is not None:
        names.remove(best)
        names.insert(0, best)
    return {name: found[name] for name in names}


def preferred(fitted: Mapping[str, Manifest]) -> str | None:
    """The model to be shown first; None where no exact one is fitted."""
    names = [name for name in model_names() if name in fitted and exact(name)]
    return max(names, key=lambda name: accuracy(fitted[name]), default=None)


def exact(name: str) -> bool:
    """Whether a model is one to be shown first at all: nothing but paths, and no floor."""
    spec = get_model(name).spec
    return spec.exact and not spec.floor


def accuracy(manifest: Manifest) -> float:
    """Mean of Recall and NDCG @20 on the validation cut; 0 where that was not measured."""
    return sum(float(manifest.metrics.get(name, 0.0)) for name in MEASURES) / len(MEASURES)


def why_first(fitted: Mapping[str, Manifest]) -> str:
    """In a sentence, why this one; nothing where there is nothing to choose from."""
    best = preferred(fitted)
    others = [name for name in fitted if name != best and exact(name)]
    if best is None or not others:
        return ""
    rival = max(others, key=lambda name: accuracy(fitted[name]))
    one, two = (" and ".join(f"{fitted[n].metrics.get(m, 0.0):.3f}" for m in MEASURES) for n in (best, rival))
    titles = [get_model(name).spec.title for name in (best, rival)]
    if accuracy(fitted[best]) == accuracy(fitted[rival]):
        return (
            f"{titles[0]} is shown first: {titles[1]} does no better on the validation cut (Recall@20, nDCG@20 {one})."
        )
    return (
        f"{titles[0]} is shown first: of the models that are nothing but paths it does best on the validation cut "
        f"(Recall@20, nDCG@20 {one}; {titles[1]} {two})."
    )
