"""What a record says in sentences, for its report and for the page that shows it: the findings worst first, what nobody
stated, who signed, what is too small to be shown, and why an interval without 0 may still be chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from core.texts import UNKNOWN
from explain.format.numbers import interval, number, p_value, plural
from explain.format.text import clean
from explain.format.words import UNSAID, column_words
from explain.records.words import LEVELS
from explain.results.audit import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS, AuditRow, ColumnAudit, PeopleOverall
from explain.results.audit_record import AuditContent
from explain.results.cells import Cell
from explain.results.measured import MetricFigure
from explain.results.record_sections import RecordedWeight, Signature

LISTED: Final = 5
LEVEL: Final = 0.05  # of a permutation test in records that do not name one
_VERDICTS: Final = {
    PASS: "It passes: everything that could be judged lies within the limits.",
    FAIL: "It fails: at least one group or metric lies outside the limits by more than chance explains.",
    INSUFFICIENT: "It is neither a pass nor a failure: for some of the questions the evidence is not enough.",
    NOT_ESTIMABLE: "Nothing could be judged: there are too few people or items in every group.",
}


@dataclass(frozen=True)
class Point:
    """A sentence, and what it lists below it."""

    text: str
    listed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Level:
    """The measured weights that divide one thing up. meaning: what such a weight says; their shares add up to 1."""

    title: str
    meaning: str
    weights: tuple[RecordedWeight, ...]


def not_stated(record: AuditContent) -> str:
    """What a reader will ask for and nobody stated, in one sentence; empty where everything was."""
    system = record.system
    stated = {"purpose": system.purpose, "owner": system.owner, "surface": system.surface}
    missing = [name for name, value in stated.items() if _empty(value)]
    missing += ["why this target"] if _empty(record.plan.target_reason) else []
    return f"Not stated: {', '.join(missing)}. A reader will ask." if missing else ""


def signed(signatures: Sequence[Signature]) -> str:
    """How many people signed, and how often where one did so twice."""
    n, people = len(signatures), len({s.name for s in signatures})
    if not n:
        return "Nobody has signed this audit."
    more = "" if n == people else f", {plural(n, 'signature')}"
    return f"Signed by {plural(people, 'person')}{more}."


def signed_before(signatures: Sequence[Signature], name: str) -> str:
    """When this name signed already; empty where it did not."""
    times = [_minute(s.signed_at) for s in signatures if s.name == name.strip()]
    return f"{clean(name, 120)} signed this audit already, on {', '.join(times)}." if times else ""


def is_small(row: AuditRow | Cell | MetricFigure, least: int) -> bool:
    """Whether a row of people is suppressed. Records from before the field was kept: no value, and fewer people than
    are told.
    """
    if row.has("suppressed"):
        return row.suppressed
    return row.value is None and row.n is not None and row.n < least


def is_small_group(audit: ColumnAudit, row: AuditRow, least: int) -> bool:
    """The same of a row of an audit, whose groups of items are never too small."""
    return audit.side == "user" and is_small(row, least)


def is_small_metric(record: AuditContent, m: MetricFigure) -> bool:
    """The same of a metric's row; in older records a group of people, of few, without a value."""
    if m.has("suppressed"):
        return m.suppressed
    people = bool(m.group) and m.by not in record.plan.item_columns
    return people and bool(m.n) and is_small(m, record.plan.min_cell)


def small_reason(row: AuditRow, least: int) -> str:
    """Why a suppressed row has no figure; its own reason where its record says so."""
    return row.reason if row.has("suppressed") else f"Fewer than {least:,} people: not shown."


def hidden(record: AuditContent) -> str:
    """What is too small to be shown, in one or two sentences; empty where nothing is."""
    n, people, least = record.suppressed.n_cells, record.suppressed.n_people, record.plan.min_cell
    if not n:
        return ""
    behind = f"because fewer than {least:,} people are behind each"
    if people is None:  # since groups are hidden for the sake of others too
        behind = f"because fewer than {least:,} people are behind each, or such a group could be told from them"
    left_out = (
        f"Not shown: {plural(n, 'cell')}, {behind}. A small group of people is left out of every table that it would "
        "stand in, once for each group of items there"
    )
    if people is None:
        return f"{left_out}."
    fewer = f"all that one table leaves out are fewer than {least:,} people"
    return f"{left_out}; {fewer if people < least else f'no table leaves out more than {people:,} people in all'}."


def by_chance(audit: ColumnAudit) -> str:
    """Why an interval of a gap that does not hold 0 is no finding where its permutation test is none;
    empty elsewhere.
    """
    overall = audit.overall
    if not isinstance(overall, PeopleOverall) or overall.low is None or overall.p is None or overall.low <= 0:
        return ""
    if overall.p < audit.threshold.get("alpha", LEVEL):
        return ""
    return (
        f"The interval does not hold 0, and yet p = {p_value(overall.p)}: the largest of several means "
        "less the smallest is "
        "above 0 by chance alone, and so is its interval. Whether the groups differ at all is what the "
        "permutation test asks."
    )


def summary(record: AuditContent) -> list[Point]:
    """The findings for a reader who reads nothing else: worst first, what is shown too little apart from too much."""
    plan = record.plan
    question = Point(
        f"This audit asks whether {clean(plan.model)} treats groups alike in lists of {plan.k}, on the data of "
        f"{clean(plan.workspace)}. The limits were fixed on {plan.fixed_at[:10]}, before anything was measured."
    )
    metrics = [m for m in record.metrics if m.verdict == FAIL]
    return [
        question,
        Point(_VERDICTS[record.verdict.verdict]),
        *_failed(record),
        *_worst(
            [_metric_sentence(record, m) for m in metrics],
            f"{plural(len(metrics), 'metric')} {_are(metrics)} outside the limits.",
        ),
        *_cohorts(record),
        *_open(record),
    ]


def levels(record: AuditContent) -> list[Level]:
    """The measured weights by what they divide."""
    by_level: dict[str, list[RecordedWeight]] = {}
    for row in record.parameters.weights:
        by_level.setdefault(row.level, []).append(row)
    words = {level: LEVELS.get(level, (clean(level), LEVELS[""][1])) for level in by_level}
    return [Level(*words[level], tuple(rows)) for level, rows in by_level.items()]


def n_of_metric(record: AuditContent, m: MetricFigure) -> str:
    """What a metric's n counts: a group of items counts items, everything else people."""
    items = bool(m.group) and m.by in record.plan.item_columns
    return plural(m.n or 0, "item" if items else "person")


def metric_of(m: MetricFigure) -> str:
    """What a value of a metric is of: "age of item new"; empty where it is of everything."""
    return " ".join(part for part in (column_words(m.by) if m.by else "", clean(m.group) if m.group else "") if part)


def _failed(record: AuditContent) -> list[Point]:
    """The groups that fail: of items shown too little, of items shown too much, of people."""
    failed = [(a, r, r.value) for a, r in _known_rows(record) if r.verdict == FAIL and r.value is not None]
    low = sorted((f for f in failed if f[0].side == "item" and f[2] < 1), key=lambda f: f[2])
    high = sorted((f for f in failed if f[0].side == "item" and f[2] >= 1), key=lambda f: -f[2])
    people = sorted((f for f in failed if f[0].side == "user"), key=lambda f: f[2])
    share = "An exposure ratio of 1 is the share that the target gives."
    return [
        *_worst(_sentences(low), f"{plural(len(low), 'group')} of items {_are(low)} shown too little. {share}"),
        *_worst(_sentences(high), f"{plural(len(high), 'group')} of items {_are(high)} shown too much. {share}"),
        *_worst(
            _sentences(people),
            f"{plural(len(people), 'group')} of people {_are(people)} served worse than the limit allows.",
        ),
    ]


def _worst(sentences: Sequence[str], text: str) -> list[Point]:
    """The first few of a sorted list, then how many more there are and the worst of them."""
    if not sentences:
        return []
    rest = len(sentences) - LISTED
    more = (
        [f"{rest:,} more {'is' if rest == 1 else 'are'} not listed here; the worst: {sentences[LISTED]}"]
        if rest > 0
        else []
    )
    return [Point(f"{text} Worst first:" if len(sentences) > 1 else text, (*sentences[:LISTED], *more))]


def _sentences(failed: Sequence[tuple[ColumnAudit, AuditRow, float]]) -> list[str]:
    return [_sentence(audit, row) for audit, row, _ in failed]


def _sentence(audit: ColumnAudit, row: AuditRow) -> str:
    """ "Economy (topic): exposure ratio 0.557, 95 % interval 0.531 to 0.584, 416 items"."""
    n = plural(row.n or 0, "item" if audit.side == "item" else "person")
    measured = f"{clean(audit.metric)} {number(row.value)}, 95 % interval {interval(row)}"
    return f"{clean(row.group)} ({column_words(audit.by)}): {measured}, {n}"


def _metric_sentence(record: AuditContent, m: MetricFigure) -> str:
    of = metric_of(m)
    named = f"{clean(m.name)}{f' ({of})' if of else ''}: {number(m.value)}"
    return f"{named}, 95 % interval {interval(m)}, {n_of_metric(record, m)}"


def _cohorts(record: AuditContent) -> list[Point]:
    """Of every grouping of people who is served worst and who best, whatever the verdict."""
    sentences = []
    for audit in record.people_audits:
        values = {row: row.value for row in audit.rows if row.value is not None and row.group != UNKNOWN}
        if len(values) > 1:
            worst, best = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
            verdict = audit.overall.verdict or "see rows"
            sentences.append(f"{_sentence(audit, worst)}; best {clean(best.group)} {number(best.value)} ({verdict})")
    if not sentences:
        return []
    rest = len(sentences) - LISTED
    more = [f"{plural(rest, 'more grouping')} of people: see the tables."] if rest > 0 else []
    return [Point("For whom the lists are worst, of each grouping of people:", (*sentences[:LISTED], *more))]


def _open(record: AuditContent) -> list[Point]:
    """What could not be said: too little evidence, no way to estimate, too few people. Each group counts once."""
    least, points = record.plan.min_cell, []
    rows = [row for audit, row in _known_rows(record) if not is_small_group(audit, row, least)]
    unsure = [row for row in rows if row.verdict == INSUFFICIENT]
    without = [row for row in rows if row.verdict == NOT_ESTIMABLE]
    if unsure:
        groups = plural(len(unsure), "group")
        points.append(Point(f"For {groups} the evidence is not enough to say; that is not a pass."))
    if without:
        groups = plural(len(without), "group")
        points.append(Point(f"{groups} could not be estimated; the tables say why. That is not a pass either."))
    return points + ([Point(hidden(record))] if hidden(record) else [])


def _known_rows(record: AuditContent) -> list[tuple[ColumnAudit, AuditRow]]:
    """Every known group with its audit; those of whom it is not known where they belong are no group that can be
    judged.
    """
    return [(audit, row) for audit in record.column_audits for row in audit.rows if row.group != UNKNOWN]


def _are(rows: Sequence[object]) -> str:
    return "is" if len(rows) == 1 else "are"


def _empty(value: str | None) -> bool:
    return not (value or "").strip() or value == UNSAID


def _minute(when: str) -> str:
    return f"{when[:16].replace('T', ' ')} UTC"
