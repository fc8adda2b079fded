"""README's table of accuracy, made from the committed JSON: a test holds the two together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.models.base import get_model


def accuracy_table(figures: Mapping[str, Any]) -> str:
    """Markdown, one row a model, the most accurate first. figures: those of MovieLens-100K in accuracy.json."""
    models = figures["models"]
    lines = ["| model | Recall@20 | NDCG@20 | path share | gross/net | fit |", "|---|---|---|---|---|---|"]
    best = {m: max(run["metrics"][m]["value"] for run in models.values()) for m in ("recall@20", "ndcg@20")}
    for name in sorted(models, key=lambda name: -models[name]["metrics"]["ndcg@20"]["value"]):
        run = models[name]
        cells = [get_model(name).spec.title]
        for metric in best:
            value = run["metrics"][metric]["value"]
            text = f"{value:.3f}".lstrip("0")
            cells.append(f"**{text}**" if value == best[metric] else text)
        share, seconds = run["path_share"], run["fit"]["cpu_s"]
        cells.append("< 1 %" if 0 < share < 0.01 else f"{share:.0%}".replace("%", " %"))
        cells += [f"{run['gross_net']:.1f}", "< 1 s" if seconds < 0.95 else f"{seconds:.0f} s"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
