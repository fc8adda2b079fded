"""Answers as plain text for a terminal: tables, pairs, an explanation, two lists. What an audit's record says in
sentences comes from where its report is made, so that a page and a report say the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from explain.format.numbers import amount
from explain.results.attribution import EdgeExplanation
from explain.results.explanation import Explanation
from explain.results.faithfulness import FaithfulnessReport
from explain.results.item_view import ItemView
from explain.results.whatif import WhatIf


def explanation_text(explanation: Explanation) -> str:
    lines = [explanation.sentence, ""]
    for part in explanation.parts[:12]:
        lines.append(f"  {part.value:+12.6g}  {part.label}")
    if len(explanation.parts) > 12:
        lines.append(
            f"  {sum(p.value for p in explanation.parts[12:]):+12.6g}  {len(explanation.parts) - 12} further parts"
        )
    lines.append(
        f"  {explanation.score:+12.6g}  {explanation.unit}; completeness error {explanation.completeness_error:.1e}"
    )
    lines.append(
        f"{len(explanation.paths)} of {explanation.n_paths:,} paths listed = {explanation.coverage:.1%} of the terms; "
        f"path share {explanation.path_share:.1%}, gross/net {explanation.gross_net:.2f}"
    )
    if explanation.against is not None:
        lines.append(explanation.against.sentence)
    return "\n".join(lines)


def table(rows: Sequence[Mapping[str, object]], columns: tuple[str, ...]) -> str:
    def cell(value: object) -> str:
        text = f"{value:.4g}" if isinstance(value, float) else "–" if value is None else str(value)
        return text if len(text) <= 70 else text[:69] + "…"

    lines = [list(columns)] + [[cell(row[c]) for c in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join("  ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def pairs(content: Mapping[str, object]) -> str:
    return "\n".join(f"{key}: {value}" for key, value in content.items())


def what_if_text(what_if: WhatIf) -> str:
    """The list after a change, with where its items come from and what moved them."""
    rows = []
    for entry in what_if.after:
        was = "taken out" if entry.was_rank is None else str(entry.was_rank)
        movers = ", ".join(f"{m.label} {amount(m.change)}" for m in entry.moved_by)
        rows.append({"rank": entry.rank, "was": was, "label": entry.label, "score": entry.score, "moved by": movers})
    gone = [b.label for b in what_if.before if b.now_rank is None or b.now_rank > len(what_if.after)]
    text = table(rows, ("rank", "was", "label", "score", "moved by"))
    return f"{text}\nNo longer in the list: {'; '.join(gone)}" if gone else text


def item_text(view: ItemView) -> str:
    """An item over all people."""
    sources = [{"through": s.label, "share": s.share, "people": s.n_people} for s in view.sources[:10]]
    groups = [
        {"column": c.column, "group": c.group, "people": c.n, "share": c.share, "share of all": c.share_of_all}
        for c in view.cohorts
    ]
    return "\n\n".join(
        [
            view.sentence,
            table(sources, ("through", "share", "people")),
            table(groups, ("column", "group", "people", "share", "share of all")),
        ]
    )


def edges_text(explanation: EdgeExplanation) -> str:
    """Groups of edges, then the largest single ones."""
    lines = []
    for by, groups in explanation.by.items():
        lines += [f"By {by}", *(f"  {g.value:+12.6g}  {g.label} ({g.n_edges:,} edges)" for g in groups[:8])]
    lines += [
        "Largest edges",
        *(f"  {e.value:+12.6g}  {e.source} – {e.target} ({e.relation}) {e.when}" for e in explanation.edges),
    ]
    lines.append(
        f"Score {explanation.score:.6g}, of the empty graph {explanation.empty_score:.6g}; completeness error "
        f"{explanation.completeness_error:.1e}"
    )
    return "\n".join(lines)


def faithfulness_text(report: FaithfulnessReport) -> str:
    """The methods as a table, then what randomised parameters leave and what was recovered of planted causes."""
    text = table(
        [row.as_json() for row in report.methods], ("method", "DEL", "INS", "POS@1", "seconds_p50", "seconds_p99")
    )
    rho = report.randomised
    text += f"\nRank correlation with a meaningless model: {rho.value:.3f} ({rho.low:.3f} to {rho.high:.3f})"
    if report.planted:
        text += "\n" + table(
            [asdict(row) for row in report.planted],
            ("cause", "candidates", "n_events", "hit_1", "hit_3", "chance_1", "chance_3"),
        )
    return text
