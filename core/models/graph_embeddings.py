"""Paths and embedding neighbours: a mixture (core.models._blend), every part a part of one of them."""

from __future__ import annotations

from typing import ClassVar

from core.models._blend import Blend, blend_spec
from core.models.base import ModelSpec, Recommender, register
from core.models.embedding_knn import EmbeddingKnn
from core.models.path import PathModel


@register
class GraphEmbeddings(Blend):
    """The path model and neighbours in words and graph vectors, weighed on the validation cut."""

    kinds: ClassVar[tuple[type[Recommender], ...]] = (PathModel, EmbeddingKnn)
    spec: ClassVar[ModelSpec] = blend_spec(
        "graph+embeddings",
        "Paths and embedding neighbours",
        kinds,
        summary="The path model and neighbours in words and graph vectors, weighed on the validation cut.",
        use="For new items and campaigns beside lists that paths explain.",
        order=52,
    )
