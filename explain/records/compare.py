"""Two audits, group by group: what moved, whether the intervals still overlap, and whether the same question was asked.

An overlap of two 95 % intervals is told as it is: it does not show that nothing changed, and two audits of the same
people are not independent. So it is a reading aid, not a test. Where the audits asked different things (another k,
target, browsing model or model) values stand side by side without a change; where the data or the fit differ, no count
of changes is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from explain.format.text import clean
from explain.results.audit import AuditRow
from explain.results.audit_record import AuditContent, StoredAudit
from explain.results.comparison import Changes, ComparedRow, Comparison, Difference
from explain.results.measured import MetricFigure

PLAN: Final = "plan: "
ASKED: Final = (
    "model",
    "k",
    "browsing",
    "target",
    "item_columns",
    "user_columns",
    "intersections",
    "draws",
    "seed",
    "min_cell",
)
CAME_FROM: Final = ("graph", "model", "data", "code", "configuration", "time_window", "inclusion")
QUESTION: Final = {"model": "model", "k": "k", "browsing": "browsing model", "target": "target"}
COLUMNS: Final = {
    "item_columns": "columns of items",
    "user_columns": "columns of people",
    "intersections": "intersections",
}
SOURCES: Final = {"graph": "data", "data": "data", "data_sha256": "data", "model": "fit of the model"}
# What a row's value depends on: people's held-out quality knows neither the target nor the browsing model of exposure.
DEPENDS: Final = {"user_audits": ("model", "k"), "intersections": ("model", "k")}
_Key = tuple[str, str, str, str, str]
_Numbers = tuple[float | None, float | None, float | None]


def compare(now: AuditContent, then: AuditContent) -> Comparison:
    """`now` beside the earlier `then`. A group that only one has keeps None for the other."""
    new, old = _rows(now), _rows(then)
    limits_now, limits_then = (_flat(record.plan.thresholds.as_json()) for record in (now, then))
    thresholds = _differences(limits_now, limits_then, tuple(sorted(limits_now | limits_then)), "")
    differ = (*_differences(now.plan.as_json(), then.plan.as_json(), ASKED, PLAN), *_sources(now, then))
    other = other_questions(differ)
    rows = tuple(_row(key, old.get(key), new.get(key), other) for key in dict.fromkeys([*new, *old]))
    apart = not_comparable(differ)
    return Comparison(
        id=now.id if isinstance(now, StoredAudit) else "",
        earlier=then.id if isinstance(then, StoredAudit) else "",
        verdict_then=then.verdict.verdict,
        verdict_now=now.verdict.verdict,
        same_thresholds=not thresholds,
        thresholds=thresholds,
        differences=differ,
        rows=rows,
        sentence=_sentence(rows, (then.verdict.verdict, now.verdict.verdict), bool(thresholds), apart, differ),
        not_comparable=apart,
    )


def changes(now: AuditContent, then: AuditContent) -> Changes:
    """The section `changes` of a record: the comparison, with only the groups whose verdict or interval moved apart."""
    both = compare(now, then)
    other = other_questions(both.differences)
    moved = tuple(
        row
        for row in both.rows
        if not _another(row.section, other) and (row.overlap is False or row.verdict_then != row.verdict_now)
    )
    return Changes(
        id=both.id,
        earlier=both.earlier,
        verdict_then=both.verdict_then,
        verdict_now=both.verdict_now,
        same_thresholds=both.same_thresholds,
        thresholds=both.thresholds,
        differences=both.differences,
        rows=moved,
        sentence=both.sentence,
        not_comparable=both.not_comparable,
        n_rows=len(both.rows),
        created_then=then.created,
    )


def other_questions(differences: Iterable[Difference]) -> frozenset[str]:
    """Which parts of the question differ: of model, k, browsing, target."""
    return frozenset(d.what.removeprefix(PLAN) for d in differences if d.what.startswith(PLAN)) & set(QUESTION)


def not_comparable(differences: Sequence[Difference]) -> str:
    """In which respects two audits are not comparable, in plain words with both values; empty where they are in all.

    differences: of plan and provenance, as a comparison has them and as records keep them
    """
    named: dict[str, str] = {}
    for d in differences:
        what, of_plan = d.what.removeprefix(PLAN), d.what.startswith(PLAN)
        if of_plan and what in QUESTION:
            named[QUESTION[what]] = f"{QUESTION[what]} ({_short(d.then)} then, {_short(d.now)} now)"
        elif of_plan and what in COLUMNS and (only := _only(d.then, d.now)):
            named[COLUMNS[what]] = f"{COLUMNS[what]} ({only})"
        elif not of_plan and what in SOURCES:
            known = f" ({_short(d.then)} then, {_short(d.now)} now)" if what == "model" else " (another version)"
            named[SOURCES[what]] = f"{SOURCES[what]}{known}"
    if not named:
        return ""
    respects = list(named.values())
    listed = respects[0] if len(respects) == 1 else f"{', '.join(respects[:-1])} and {respects[-1]}"
    return f"The two audits are not comparable in {listed}: what differs between their values can come from that alone."


def _sources(now: AuditContent, then: AuditContent) -> tuple[Difference, ...]:
    """What the two came from; an audit from before the hash of the data was kept says nothing about it."""
    new, old = now.provenance.as_json(), then.provenance.as_json()
    hashed = bool(now.provenance.data_sha256 and then.provenance.data_sha256)
    return _differences(new, old, (*CAME_FROM, "data_sha256") if hashed else CAME_FROM, "")


def _rows(record: AuditContent) -> dict[_Key, AuditRow | MetricFigure]:
    rows: dict[_Key, AuditRow | MetricFigure] = {}
    sections = {
        "item_audits": record.item_audits,
        "user_audits": record.user_audits,
        "intersections": record.intersections,
    }
    for section, audits in sections.items():
        for audit in audits:
            rows |= {(section, audit.side, audit.by, audit.metric, row.group): row for row in audit.rows}
    return rows | {("metrics", "", m.by, m.name, m.group): m for m in record.metrics}


def _row(
    key: _Key, then: AuditRow | MetricFigure | None, now: AuditRow | MetricFigure | None, other: frozenset[str]
) -> ComparedRow:
    """A group in both. Answers to two different questions have no change and no overlap."""
    old, new = _numbers(then), _numbers(now)
    section, side, by, metric, group = key
    same = not _another(section, other)
    return ComparedRow(
        section=section,
        side=side,
        by=by,
        metric=metric,
        group=group,
        then=old[0],
        then_low=old[1],
        then_high=old[2],
        now=new[0],
        now_low=new[1],
        now_high=new[2],
        change=new[0] - old[0] if same and old[0] is not None and new[0] is not None else None,
        overlap=_overlap(old, new) if same else None,
        verdict_then=None if then is None else then.verdict,
        verdict_now=None if now is None else now.verdict,
    )


def _another(section: str, other: frozenset[str]) -> bool:
    """Whether the rows of a section answer two different questions."""
    return bool(other & set(DEPENDS.get(section, tuple(QUESTION))))


def _numbers(row: AuditRow | MetricFigure | None) -> _Numbers:
    return (None, None, None) if row is None else (row.value, row.low, row.high)


def _overlap(old: _Numbers, new: _Numbers) -> bool | None:
    """Whether two (value, low, high) have a point in common; touching counts. None without both intervals."""
    (_, old_low, old_high), (_, new_low, new_high) = old, new
    if old_low is None or old_high is None or new_low is None or new_high is None:
        return None
    return new_low <= old_high and old_low <= new_high


def _flat(limits: Mapping[str, Any]) -> dict[str, object]:
    """Nested limits by their full name: {"bounds": {"AWRF": [.9, 1]}} → {"bounds.AWRF": [.9, 1]}."""
    flat: dict[str, object] = {}
    for name, value in limits.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": limit for inner, limit in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _differences(
    now: Mapping[str, object], then: Mapping[str, object], names: tuple[str, ...], before: str
) -> tuple[Difference, ...]:
    return tuple(
        Difference(what=f"{before}{name}", then=_text(then.get(name)), now=_text(now.get(name)))
        for name in names
        if _text(_in_order(name, then.get(name))) != _text(_in_order(name, now.get(name)))
    )


def _in_order(name: str, value: Any) -> Any:
    """Columns are the same in whatever order they were asked for."""
    return sorted(value, key=json.dumps) if name in COLUMNS and isinstance(value, list) else value


def _text(value: Any) -> str:
    if value is None:
        return "not stated"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _short(text: str) -> str:
    """A value for a sentence; a table of a policy is only called one."""
    return "a policy" if text.startswith("{") else clean(text, 60)


def _only(then: str, now: str) -> str:
    """Which columns only one of two audits has, empty where only their order differs; both are JSON lists as text."""
    sides = []
    for has, lacks, when in ((then, now, "then"), (now, then, "now")):
        try:
            kept, other = json.loads(has), json.loads(lacks)
        except ValueError:
            return f"{_short(then)} then, {_short(now)} now"
        only = [" × ".join(c) if isinstance(c, list) else str(c) for c in kept if c not in other]
        if only:
            sides.append(f"{clean(', '.join(only), 200)} only {when}")
    return "; ".join(sides)


def _sentence(
    rows: tuple[ComparedRow, ...],
    verdicts: tuple[str, str],
    moved_limits: bool,
    apart: str,
    differ: Sequence[Difference],
) -> str:
    """What is not comparable first; verdicts and intervals that moved are only counted where everything is."""
    then, now = verdicts
    limits = (
        " The thresholds are not the same, so the verdicts are not either: compare the values." if moved_limits else ""
    )
    other = f" What else differs: {', '.join(d.what for d in differ)}." if differ else " Nothing else differs."
    if apart:
        return f"{apart} The verdict was {then} then and is {now} now. Values stand side by side.{limits}"
    whole = f"The verdict is still {now}." if then == now else f"The verdict went from {then} to {now}."
    n_verdicts = sum(None not in (r.verdict_then, r.verdict_now) and r.verdict_then != r.verdict_now for r in rows)
    n_apart = sum(r.overlap is False for r in rows)
    n_both = sum(None not in (r.verdict_then, r.verdict_now) for r in rows)
    told = (
        f"Of {n_both:,} values that both have, {n_verdicts:,} changed their verdict and {n_apart:,} have "
        "intervals that do not overlap."
    )
    return f"{whole} {told}{limits}{other}"
