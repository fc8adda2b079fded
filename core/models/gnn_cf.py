"""GNN and item neighbours: a mixture (core.models._blend), every part a part of one of them."""

from __future__ import annotations

from typing import ClassVar

from core.models._blend import Blend, blend_spec
from core.models.base import ModelSpec, Recommender, register
from core.models.item_knn import ItemKnn
from core.models.lightgcn import LightGCNSoftmax


@register
class GnnCf(Blend):
    """LightGCN (softmax loss) and item neighbours, weighed on the validation cut."""

    kinds: ClassVar[tuple[type[Recommender], ...]] = (LightGCNSoftmax, ItemKnn)
    spec: ClassVar[ModelSpec] = blend_spec(
        "gnn+cf",
        "GNN and item neighbours",
        kinds,
        summary="LightGCN (softmax loss) and item neighbours, weighed on the validation cut.",
        use="Where an embedding network serves already, to see what plain neighbours add to it.",
        order=50,
    )
