"""README's tables, made from the committed JSON: a test holds them together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.models.base import get_model

LOGS: Final = {
    "newsroom": "Newsroom",
    "deskdrop": "Deskdrop",
    "movielens-100k": "MovieLens-100K",
    "complete-journey": "Complete Journey",
}
LIVING: Final = {
    "path": "**path model** (half-lives, trend)",
    "path, without time": "path model without time",
    "trending": "trending now, half-life from validation",
    "newest": "newest first",
    "item-knn": "item neighbours",
    "popularity": "popularity",
}

JUDGED: Final = {"lightgcn": "LightGCN", "path": "path model", "path-strengths": "path model with strengths"}
METHODS: Final = {
    "exact": "**ours: the parts**",
    "exact, contrastive": "**ours, against the next ten**",
    "leave-one-out": "leave-one-out (the ceiling of POS@1)",
    "gradient × input": "gradient × input",
    "gradient × edge": "gradient × edge",
    "cosine": "cosine",
    "Jaccard": "Jaccard",
    "popularity": "popularity",
    "random": "random",
}


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


def mixtures_table(figures: Mapping[str, Any]) -> str:
    """Markdown, one row a mixture beside the best of its members. figures: those of mixtures.json."""
    lines = ["| mixture | weights | Recall@20 | NDCG@20 | NDCG@20 above its best member |", "|---|---|---|---|---|"]
    for name, against in figures["mixture_minus_best_member"].items():
        metrics = figures["models"][name]["metrics"]
        weights = ", ".join(f"{member} {_short(w, 2)}" for member, w in against["weights"].items())
        gap = against["ndcg@20"]
        beside = f"{against['best_member']}: {_signed(gap['value'])} [{_signed(gap['low'])}, {_signed(gap['high'])}]"
        cells = [name, weights, *(_short(metrics[m]["value"]) for m in ("recall@20", "ndcg@20")), beside]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def cold_table(figures: Mapping[str, Any]) -> str:
    """Markdown, one row a model: Recall@20 for new items and for new people, by how many events they have."""
    cold = figures["cold"]
    kept = list(next(iter(cold.values()))["items"])
    heads = [f"{side}, {n}" for side in ("new items", "new people") for n in kept]
    lines = [f"| model | content | {' | '.join(heads)} |", "|---" * (2 + len(heads)) + "|"]
    for name, report in sorted(cold.items(), key=lambda pair: -pair[1]["items"][kept[0]]["value"]):
        values = [_short(report[side][n]["value"]) for side in ("items", "people") for n in kept]
        cells = [get_model(name).spec.title, "yes" if report["content"] else "no", *values]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def living_table(figures: Mapping[str, Any]) -> str:
    """Markdown, one row a model: Recall@20 / NDCG@20 of each log. figures: those of living.json."""
    heads = " | ".join(LOGS.values())
    lines = [f"| model | {heads} | Newsroom: days listed |", "|---" * (len(LOGS) + 2) + "|"]
    for name, title in LIVING.items():
        rows = [figures[log]["models"][name] for log in LOGS]
        cells = [" / ".join(_short(row[m]["value"]) for m in ("recall@20", "ndcg@20")) for row in rows]
        age = _short(rows[0]["median_age_listed_days"], 1)
        lines.append(f"| {' | '.join([title, *cells, age])} |")
    return "\n".join(lines)


def faithfulness_table(figures: Mapping[str, Any]) -> str:
    """Markdown, one row a method: DEL / INS / POS@1 of each model, the time for the last one. figures: those of
    faithfulness.json.
    """
    lines = [f"| method | {' | '.join(JUDGED.values())} | time |", "|---" * (len(JUDGED) + 2) + "|"]
    by_model = {model: {row["method"]: row for row in figures[model]["methods"]} for model in JUDGED}
    for method, title in METHODS.items():
        rows = [by_model[model][method] for model in JUDGED]
        cells = [" / ".join(_short(row[m]) for m in ("DEL", "INS", "POS@1")) for row in rows]
        ms = 1e3 * rows[-1]["seconds_p50"]
        time = "" if method == "random" else f"{_short(ms, 1) if ms < 10 else f'{ms:,.0f}'} ms"
        lines.append(f"| {' | '.join([title, *cells, time])} |")
    return "\n".join(lines)


def _short(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".removeprefix("0") if value < 1 else f"{value:.{digits}f}"


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else ''}{_short(abs(value))}"
