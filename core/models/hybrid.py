"""Hybrid of all: a mixture (core.models._blend), every part a part of one of them."""

from __future__ import annotations

from typing import ClassVar

from core.models._blend import Blend, blend_spec
from core.models.base import ModelSpec, Recommender, register
from core.models.embedding_knn import EmbeddingKnn
from core.models.ials import Ials
from core.models.item_knn import ItemKnn
from core.models.lightgcn import LightGCNSoftmax
from core.models.path_strengths import PathStrengths


@register
class Hybrid(Blend):
    """Every kind of model that this registry has, weighed on the validation cut."""

    kinds: ClassVar[tuple[type[Recommender], ...]] = (PathStrengths, LightGCNSoftmax, Ials, EmbeddingKnn, ItemKnn)
    spec: ClassVar[ModelSpec] = blend_spec(
        "hybrid",
        "Hybrid of all",
        kinds,
        summary="Learnt paths, a graph network, matrix factorisation and neighbours, weighed on the validation cut.",
        use="To know what any mixture of kinds could win over the best of them alone.",
        order=53,
    )
