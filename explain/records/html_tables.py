"""The measured sections of a report besides its groups: where attributes come from, parameters, baselines without a
profile, every metric, trends, creators, what the gap comes through, and what repairs cost. Each is a table of texts, or
a few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from explain.format.numbers import MORE_PLACES, PLACES, SMALL_GAP, between, fixed, interval, number, percent
from explain.format.text import clean
from explain.format.words import UNSAID, column_words
from explain.records.summary import is_small_metric, levels, metric_of, n_of_metric
from explain.records.words import HIDDEN, flat, n_hidden, parameter, unstarred
from explain.records.words import words as text
from explain.results.audit import ColumnAudit, ItemOverall
from explain.results.audit_record import AuditRecord
from explain.results.measured import MetricFigure
from explain.results.record_sections import Mitigation, RecordedBaseline, RecordedExposure, RecordedGap

Rows = Sequence[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class WeightTable:
    """The measured weights that divide one thing up."""

    title: str
    meaning: str
    rows: Rows


@dataclass(frozen=True, kw_only=True)
class BaselineTables:
    """The model and the lists without a profile. heads: of the table of exposure, one a baseline, after the group."""

    measured_on: str
    rules: Rows
    metrics: Rows
    by: str
    heads: list[str]
    exposure: Rows


@dataclass(frozen=True, kw_only=True)
class MetricTable:
    """Every metric's values. note: about those that nobody set a limit for."""

    note: str
    rows: Rows


@dataclass(frozen=True, kw_only=True)
class GapTable:
    """A gap with all that adds up to it; lines: what is said of it before its table."""

    title: str
    lines: list[str]
    caption: str
    rows: Rows


@dataclass(frozen=True, kw_only=True)
class MitigationTable:
    """What a repair would cost and bring, and each group before and after."""

    name: str
    cost: str
    gain: str
    worsened: str
    rows: Rows


def attributes(record: AuditRecord) -> Rows:
    return [
        (
            text(a.column),
            text(a.side),
            text(a.source, 600),
            text(a.n),
            HIDDEN if a.n_missing is None else text(a.n_missing),
        )
        for a in record.attributes
    ]


def unknown(record: AuditRecord) -> Rows:
    """Of each audited column how many are unknown, and among whom that was counted."""
    among = {audit.by: _among(audit) for audit in record.column_audits}
    return [
        (column_words(by), HIDDEN if n is None else text(n), among.get(by, UNSAID)) for by, n in record.unknown.items()
    ]


def _among(audit: ColumnAudit) -> str:
    overall, kind = audit.overall, "items" if audit.side == "item" else "people with held-out items"
    n = overall.n_items if isinstance(overall, ItemOverall) else overall.n_users
    return kind if n is None else f"{n:,} {kind}"


def weights(record: AuditRecord) -> list[WeightTable]:
    """The measured weights, a table for each way of dividing them up."""
    return [
        WeightTable(
            title=level.title,
            meaning=level.meaning,
            rows=[(text(w.name), percent(w.share), interval(w, percent)) for w in level.weights],
        )
        for level in levels(record)
    ]


def learnt(record: AuditRecord) -> Rows:
    return [
        (parameter(name, record.plan.model), clean(name), text(value)) for name, value in flat(record.parameters.learnt)
    ]


def baselines(record: AuditRecord) -> BaselineTables:
    """The baselines with their rules, what they are worth, and what each group of items gets from them."""
    of = record.non_profiling
    k = next((baseline.k for baseline in of if baseline.k is not None), record.plan.k)
    n = next((baseline.n_people for baseline in of if baseline.n_people is not None), None)
    people = f" of {n:,} people." if n is not None else "; on how many people is not in this record."
    exposed = [baseline for baseline in of if baseline.exposure]
    groups: dict[str, dict[str, RecordedExposure]] = {}
    for baseline in exposed:
        for row in baseline.exposure:
            groups.setdefault(row.group, {})[baseline.title] = row
    return BaselineTables(
        measured_on=f"Lists of {k}, measured on what was held out{people}",
        rules=[(text(b.title), _profiles(b), text(b.rule, 400)) for b in of],
        metrics=[
            (text(b.title), text(name), number(value.value), interval(value))
            for b in of
            for name, value in b.metrics.items()
        ],
        by=column_words(next((baseline.by for baseline in of if baseline.by), "group of items")),
        heads=[f"#{text(baseline.title)}" for baseline in exposed],
        exposure=[
            (text(group), *(_ratio(rows.get(baseline.title)) for baseline in exposed)) for group, rows in groups.items()
        ],
    )


def _profiles(baseline: RecordedBaseline) -> str:
    return UNSAID if baseline.profiles is None else "yes" if baseline.profiles else "no"


def _ratio(row: RecordedExposure | None) -> str:
    if row is None:
        return "–"
    return number(row.ratio) + (f" ({interval(row)})" if row.low is not None else "")


def metrics(record: AuditRecord) -> MetricTable:
    """Every metric's values, with one sentence about those that nobody set a limit for."""
    measured = [m for m in record.metrics if m.value is not None]
    free = [m for m in measured if not m.verdict]
    note = ""
    if free:
        which = f"For {len(free):,} of {len(record.metrics):,} values no limit was set"
        which = "No limit was set for any of these metrics" if len(free) == len(measured) else which
        note = f"{which}, so their verdict is left empty: they describe, and do not judge."
    return MetricTable(note=note, rows=[_metric(record, m) for m in record.metrics])


def _metric(record: AuditRecord, m: MetricFigure) -> tuple[str, ...]:
    small = is_small_metric(record, m)
    return (
        f"{text(m.number)}. {text(m.name)}",
        metric_of(m) or "all",
        number(m.value),
        interval(m),
        n_hidden(m.n, record.plan.min_cell) if small else n_of_metric(record, m),
        "suppressed" if small else clean(m.verdict) if m.verdict else "",
        clean(m.reason, 600) if m.reason else "",
    )


def formulas(record: AuditRecord) -> Rows:
    return formulas_of(record.metrics)


def formulas_of(metrics: Sequence[MetricFigure]) -> Rows:
    """How each metric is computed, once."""
    known = {m.metric or m.name: m for m in metrics}
    return [
        (f"{text(m.number)}. {text(name)}", text(m.formula, 600), text(m.range), text(m.fair), text(m.source, 300))
        for name, m in known.items()
    ]


def trends(record: AuditRecord) -> Rows:
    return [
        (text(trend.name), text(p.snapshot), text(p.created)[:10], number(p.value), interval(p))
        for trend in record.trends
        for p in trend.points
    ]


def creators(record: AuditRecord) -> Rows:
    return [
        (
            text(c.creator),
            f"{c.n_items:,}",
            number(c.exposure_share),
            number(c.catalogue_share),
            number(c.ratio),
            interval(c),
        )
        for c in record.creators
    ]


def attribution(record: AuditRecord) -> list[GapTable]:
    """Each gap with all that adds up to it: a random list, every part, the whole."""
    return [_gap(record, gap) for gap in record.attribution]


def _gap(record: AuditRecord, gap: RecordedGap) -> GapTable:
    places = PLACES if gap.gap is None or abs(gap.gap) >= SMALL_GAP else MORE_PLACES
    amount = partial(fixed, places=places)
    rows = [(text(p.relation), amount(p.value), interval(p, amount)) for p in gap.parts]
    adds = ""
    if gap.gap_random is not None:
        rows.insert(0, ("a random list of what people lack", amount(gap.gap_random), "–"))
        adds = f"All rows but the last add up to it; each is rounded to {places} places."
    whole = between(gap.gap_low, gap.gap_high, amount)
    rows.append(("the whole gap: share of attention less target", amount(gap.gap), whole))
    sentence = unstarred(clean(gap.sentence, 800)) if gap.sentence else ""
    return GapTable(
        title=f"{text(gap.group)} ({column_words(gap.by)})" if gap.by else text(gap.group),
        lines=[*filter(None, [sentence, _measured_on(record, gap)])],
        caption=f"Shapley values, in shares of all attention (0.01 is one hundredth of it). {adds}".strip(),
        rows=rows,
    )


def _measured_on(record: AuditRecord, gap: RecordedGap) -> str:
    """On how many people a gap was taken apart, against what, and where its value on everybody stands."""
    n, everybody = gap.n_people, gap.n_people_all
    if n is None:
        people = "On how many people this was measured is not in this record."
    else:
        drawn = "." if everybody is None else f" of {everybody:,}{', drawn by lot.' if n < everybody else '.'}"
        people = f"Measured on {n:,} people{drawn}"
    measured = f"{people} Target: {text(gap.target, 400)}." if gap.target else people
    rows = next((audit.rows for audit in record.item_audits if audit.by == gap.by), ())
    row = next((r for r in rows if r.group == gap.group), None)
    if row is None:
        return measured
    return (
        f"{measured} Over everybody its exposure ratio is {number(row.value)} ({interval(row)}): that "
        "value stands in the "
        f"table of exposure by {column_words(gap.by)}, and the verdict is on it."
    )


def mitigations(record: AuditRecord) -> list[MitigationTable]:
    return [
        MitigationTable(
            name=text(m.name, 300),
            cost=text(m.cost, 600),
            gain=text(m.gain, 600),
            worsened=_worsened(m),
            rows=[
                (text(r.group), number(r.before), number(r.after), interval(r), text(r.verdict or "–")) for r in m.rows
            ],
        )
        for m in record.mitigations
    ]


def _worsened(m: Mitigation) -> str:
    if m.worsened is None:
        return ""
    if not m.worsened:
        return "Every group that passed before still passes."
    return f"Passed before and no longer do: {', '.join(text(name) for name in m.worsened)}."
