"""What a record says in words, for the screens that show it: the same sentences as in its report."""

from __future__ import annotations

from explain.records.html_tables import attribution, baselines, mitigations, unknown
from explain.records.log import named
from explain.records.report import json_text
from explain.records.summary import (
    by_chance,
    hidden,
    is_small_group,
    is_small_metric,
    levels,
    n_of_metric,
    not_stated,
    signed,
    signed_before,
    small_reason,
    summary,
)
from explain.records.words import few, n_hidden

__all__ = [
    "attribution",
    "baselines",
    "by_chance",
    "few",
    "hidden",
    "is_small_group",
    "is_small_metric",
    "json_text",
    "levels",
    "mitigations",
    "n_hidden",
    "n_of_metric",
    "named",
    "not_stated",
    "signed",
    "signed_before",
    "small_reason",
    "summary",
    "unknown",
]
