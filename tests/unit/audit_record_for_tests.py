"""A whole record of an audit, small and made up, as the measuring part would hand it over."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from explain.records.schema import content_from_json
from explain.results.plan import Plan
from explain.workbench.workbench import Workbench

WORKSPACE = "newsroom"
SHA = "ab" * 32


def plan(**changes: Any) -> dict[str, Any]:
    usual = {
        "workspace": WORKSPACE,
        "model": "path",
        "k": 20,
        "browsing": "rbp(0.8)",
        "target": "catalogue",
        "target_reason": "Every author shall get what the catalogue holds.",
        "item_columns": ["author_group"],
        "user_columns": ["region"],
        "intersections": [["region", "gender"]],
        "thresholds": {"ratio_low": 0.8, "ratio_high": 1.25, "max_gap": 0.05, "bounds": {"AWRF": [0.9, 1.0]}},
        "min_cell": 10,
        "draws": 1000,
        "seed": 0,
        "purpose": "Yearly review",
        "owner": "Desk",
        "surface": "Front page",
    }
    return copy.deepcopy(usual | changes)


def audit(side: str, by: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "by": by,
        "side": side,
        "k": 20,
        "metric": "exposure ratio" if side == "item" else "held-out nDCG@20",
        "browsing": "rbp(0.8)",
        "target": "catalogue share",
        "threshold": {"low": 0.8, "high": 1.25},
        "rows": rows,
        "overall": {"verdict": "fail", "reason": f"One group of {by} fails."},
    }


def row(
    group: str, n: int, value: float | None, low: float | None, high: float | None, verdict: str, **more: Any
) -> dict[str, Any]:
    return {
        "group": group,
        "n": n,
        "value": value,
        "low": low,
        "high": high,
        "verdict": verdict,
        "reason": f"Why {group}.",
        **more,
    }


def content(fixed: dict[str, Any], text: str = "", **changes: Any) -> dict[str, Any]:
    """text: stands wherever an outside text may stand."""
    mark = text or "plain"
    usual = {
        "schema": "surfaced-audit/1",
        "created": "2026-02-03T04:05:06+00:00",
        "plan": fixed,
        "system": {"name": "Surfaced", "surface": mark, "purpose": mark, "owner": mark, "recommender": "Path model"},
        "provenance": {
            "graph": "graph-4711",
            "model": "path-0123456789ab",
            "data": mark,
            "code": "code-42",
            "configuration": "conf-7",
            "time_window": ["2025-12-01", "2026-01-31"],
            "inclusion": "All 12,345 events.",
        },
        "attributes": [{"column": "region", "side": "user", "source": mark, "n": 300, "n_missing": 15}],
        "parameters": {
            "weights": [{"name": mark, "share": 0.6125, "low": 0.5875, "high": 0.6375}],
            "learnt": {"relations": {"same_topic": {"weight": 0.5432}}},
            "why": "Weights are measured.",
        },
        "non_profiling": [
            {"arm": "popularity-arm", "metrics": {"ndcg@20": {"value": 0.0321, "low": 0.0301, "high": 0.0341}}}
        ],
        "metrics": [
            {
                "number": 2,
                "name": "AWRF",
                "formula": "1 - JSD(E, t)",
                "source": "Sapiezynski 2019",
                "range": "[0,1]",
                "fair": 1,
                "by": "author_group",
                "value": 0.9137,
                "low": 0.9021,
                "high": 0.9254,
                "n": 300,
                "verdict": "pass",
                "reason": "Within the limits.",
            },
            {
                "number": 5,
                "name": "amortised equity",
                "formula": "Σ|A/ΣA - R/ΣR|",
                "source": "Biega 2018",
                "range": "[0,2]",
                "fair": 0,
                "by": "",
                "value": None,
                "low": None,
                "high": None,
                "n": 0,
                "verdict": "not estimable",
                "reason": "No held-out relevance at all.",
            },
        ],
        "item_audits": [
            audit(
                "item",
                "author_group",
                [
                    row("new", 41, 0.5123, 0.4567, 0.5678, "fail", impact_ratio=0.4321, p_adjusted=0.0042),
                    row(mark, 159, 1.1234, 1.0123, 1.2345, "pass", impact_ratio=1.0),
                    row("unknown", 3, None, None, None, "not estimable"),
                ],
            )
        ],
        "user_audits": [
            audit(
                "user",
                "region",
                [
                    row("North", 88, 0.0456, 0.0345, 0.0567, "insufficient evidence"),
                    row("South", 197, 0.0789, 0.0678, 0.0891, "pass"),
                ],
            )
        ],
        "intersections": [
            audit(
                "user",
                "region × gender",
                [row("North · f", 17, 0.0411, 0.0211, 0.0611, "insufficient evidence", p_adjusted=0.3579)],
            )
        ],
        "cells": [
            {
                "user_by": "region",
                "item_by": "author_group",
                "rows": [
                    {
                        "user_group": "North",
                        "item_group": "new",
                        "n": 88,
                        "value": 0.4877,
                        "low": 0.4011,
                        "high": 0.5733,
                        "p_adjusted": 0.0177,
                        "verdict": "fail",
                    },
                    {
                        "user_group": mark,
                        "item_group": "old",
                        "n": 4,
                        "value": None,
                        "low": None,
                        "high": None,
                        "p_adjusted": None,
                        "verdict": "suppressed",
                    },
                ],
            }
        ],
        "trends": [
            {
                "name": "popularity lift",
                "points": [
                    {"snapshot": "path-1", "created": "2026-01-01", "value": 1.234},
                    {"snapshot": "path-2", "created": "2026-02-01", "value": 1.345},
                ],
            }
        ],
        "creators": [
            {
                "creator": mark,
                "n_items": 12,
                "exposure_share": 0.0234,
                "catalogue_share": 0.0345,
                "ratio": 0.6783,
                "low": 0.5111,
                "high": 0.8222,
            }
        ],
        "attribution": [
            {
                "group": "new",
                "gap": -0.4877,
                "parts": [{"relation": "co_readers", "value": -0.3999}, {"relation": "same_topic", "value": -0.0878}],
            }
        ],
        "suppressed": {"n_cells": 1, "n_people": 4},
        "unknown": {"author_group": 3, "region": 15},
        "verdict": {"verdict": "fail", "reason": "Failed: exposure by author_group."},
        "mitigations": [{"name": "minimum exposure: new", "cost": {"ndcg@20": -0.0017}, "gain": {"ratio": 0.2877}}],
        "limits": ["Measured on logged events.", mark],
        "incidents": [],
        "changes": None,
    }
    return copy.deepcopy(usual | changes)


def full(record: dict[str, Any]) -> dict[str, Any]:
    """The same content with everything that newer records say too, and older ones do not."""
    made = copy.deepcopy(record)
    made["provenance"]["data_sha256"] = "cd" * 32
    made["parameters"]["weights"] = [
        {"level": "relation", "name": "people who read both", "share": 0.75, "low": 0.7, "high": 0.8},
        {"level": "relation", "name": "same topic", "share": 0.25, "low": 0.2, "high": 0.3},
        {"level": "age", "name": "the newer half of the history", "share": 1.0, "low": 1.0, "high": 1.0},
    ]
    made["non_profiling"] = [
        {
            "arm": arm,
            "rule": f"how {arm} ranks",
            "profiles": arm == "Path model",
            "k": 20,
            "n_people": 285,
            "by": "author_group",
            "metrics": {"nDCG": {"value": 0.0321, "low": 0.0301, "high": 0.0341}},
            "exposure": [{"group": "new", "ratio": ratio, "low": None, "high": None}],
        }
        for arm, ratio in (("Path model", 0.5123), ("Most popular", 0.2211))
    ]
    made["attribution"] = [
        {
            "by": "author_group",
            "group": "new",
            "gap": -0.1720,
            "gap_low": -0.1911,
            "gap_high": -0.1533,
            "gap_random": 0.0024,
            "target": "catalogue share",
            "n_people": 400,
            "n_people_all": 2400,
            "completeness_error": 1e-17,
            "sentence": (
                "“new” gets .37 of its share. Most of it comes through *people who read both*. Others give .086 back."
            ),
            "parts": [
                {"relation": "people who read both", "value": -0.2033, "low": -0.2166, "high": -0.1918},
                {"relation": "same topic", "value": 0.0289, "low": 0.0221, "high": 0.0398},
            ],
        }
    ]
    made["mitigations"][0] |= {
        "rows": [
            {
                "group": "new",
                "before": 0.5123,
                "after": 0.8123,
                "low": 0.7912,
                "high": 0.8345,
                "verdict": "insufficient evidence",
            }
        ],
        "worsened": ["plain"],
    }
    made["item_audits"][0]["overall"] |= {"worst_case": {"new": [0.4999, 0.6111]}, "n_unknown": 3, "n_items": 200}
    made["user_audits"][0]["overall"] |= {
        "limit_note": "The limit of 0.05 is wider than the level measured.",
        "n_users": 285,
    }
    return made


def fix(bench: Workbench, **planned: Any) -> dict[str, Any]:
    """A plan fixed in the log, as JSON."""
    return bench.audits.fix(WORKSPACE, Plan.from_json(plan(**planned)), "Ada", "auditor").as_json()


def save(bench: Workbench, made: dict[str, Any]) -> dict[str, Any]:
    """An audit saved, as JSON."""
    return bench.records.save(WORKSPACE, content_from_json(made), "Ada").as_json()


def load(bench: Workbench, audit: str) -> dict[str, Any]:
    """A stored audit as JSON."""
    return bench.records.load(WORKSPACE, audit).as_json()


def stored(
    bench: Workbench, text: str = "", *, changes: dict[str, Any] | None = None, **planned: Any
) -> dict[str, Any]:
    """A plan fixed and an audit saved, as a run would do it."""
    return save(bench, content(fix(bench, **planned), text, **(changes or {})))


def empty_bench(home: Path) -> Workbench:
    """A workbench with nothing prepared: the record needs no graph."""
    return Workbench(home)
