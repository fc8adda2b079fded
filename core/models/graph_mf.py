"""Paths and matrix factorisation: a mixture (core.models._blend), every part a part of one of them."""

from __future__ import annotations

from typing import ClassVar

from core.models._blend import Blend, blend_spec
from core.models.base import ModelSpec, Recommender, register
from core.models.ials import Ials
from core.models.path import PathModel


@register
class GraphMf(Blend):
    """The path model and matrix factorisation, weighed on the validation cut."""

    kinds: ClassVar[tuple[type[Recommender], ...]] = (PathModel, Ials)
    spec: ClassVar[ModelSpec] = blend_spec(
        "graph+mf",
        "Paths and matrix factorisation",
        kinds,
        summary="The path model and matrix factorisation, weighed on the validation cut.",
        use="To know how much of what matrix factorisation finds the paths lack.",
        order=51,
    )
