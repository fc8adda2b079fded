"""What a record says in sentences, for its report and for the page that shows it: the findings worst first, what nobody stated,
who signed, what is too small to be shown, and why an interval without 0 may still be chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.texts import UNKNOWN
from explain.format.numbers import p_value
from explain.format.text import clean
from explain.format.words import column_words
from explain.records.words import LEVELS, UNSAID, interval, least_shown, number, plural
from explain.results.audit import FAIL, INSUFFICIENT, NOT_ESTIMABLE, PASS

LISTED: Final = 5
AUDITS: Final = ("item_audits", "user_audits", "intersections")
ASKED_FOR: Final = ("purpose", "owner", "surface")
_VERDICTS: Final = {
    PASS: "It passes: everything that could be judged lies within the limits.",
    FAIL: "It fails: at least one group or metric lies outside the limits by more than chance explains.",
    INSUFFICIENT: "It is neither a pass nor a failure: for some of the questions the evidence is not enough.",
    NOT_ESTIMABLE: "Nothing could be judged: there are too few people or items in every group.",
}
_Row = Mapping[str, Any]


@dataclass(frozen=True)
class Point:
    """A sentence, and what it lists below it."""

    text: str
    listed: tuple[str, ...] = ()


def not_stated(record: Mapping[str, Any]) -> str:
    """What a reader will ask for and nobody stated, in one sentence; empty where everything was."""
    system, plan = record["system"], record["plan"]
    missing = [name for name in ASKED_FOR if _empty(system.get(name))]
    missing += ["why this target"] if _empty(plan.get("target_reason")) else []
    return f"Not stated: {', '.join(missing)}. A reader will ask." if missing else ""


def signed(signatures: Sequence[Mapping[str, Any]]) -> str:
    """How many people signed, and how often where one did so twice."""
    n, people = len(signatures), len({s["name"] for s in signatures})
    if not n:
        return "Nobody has signed this audit."
    more = "" if n == people else f", {plural(n, 'signature')}"
    return f"Signed by {plural(people, 'person')}{more}."


def signed_before(signatures: Sequence[Mapping[str, Any]], name: str) -> str:
    """When this name signed already; empty where it did not."""
    times = [_minute(s["signed_at"]) for s in signatures if s["name"] == name.strip()]
    return f"{clean(name, 120)} signed this audit already, on {', '.join(times)}." if times else ""


def is_small(row: _Row, least: int) -> bool:
    """Whether a row of people is suppressed. Records from before the field was kept: no value, and fewer people than are told."""
    if "suppressed" in row:
        return bool(row["suppressed"])
    return row.get("value") is None and row.get("n") is not None and int(row["n"]) < least


def is_small_metric(record: Mapping[str, Any], m: _Row) -> bool:
    """The same of a metric's row; in older records a group of people, of few, without a value."""
    if "suppressed" in m:
        return bool(m["suppressed"])
    people = bool(m.get("group")) and m["by"] not in record["plan"]["item_columns"]
    return people and bool(m["n"]) and is_small(m, least_shown(record))


def hidden(record: Mapping[str, Any]) -> str:
    """What is too small to be shown, in one or two sentences; empty where nothing is."""
    n, people, least = record["suppressed"]["n_cells"], record["suppressed"]["n_people"], least_shown(record)
    if not n:
        return ""
    behind = f"because fewer than {least:,} people are behind each"
    if people is None:  # since groups are hidden for the sake of others too
        behind = f"because fewer than {least:,} people are behind each, or such a group could be told from them"
    told = f"Not shown: {plural(n, 'cell')}, {behind}."
    told += (
        " A small group of people is left out of every table that it would stand in, once for each group of items there"
    )
    if people is None:
        return f"{told}."
    fewer = f"all that one table leaves out are fewer than {least:,} people"
    return f"{told}; {fewer if people < least else f'no table leaves out more than {people:,} people in all'}."


def by_chance(audit: Mapping[str, Any]) -> str:
    """Why an interval of a gap that does not hold 0 is no finding where its permutation test is none; empty elsewhere."""
    overall = audit["overall"]
    low, p, level = overall.get("low"), overall.get("p"), audit["threshold"].get("alpha", 0.05)
    if low is None or p is None or low <= 0 or p < level:
        return ""
    return (
        f"The interval does not hold 0, and yet p = {p_value(p)}: the largest of several means less the smallest is above 0 by chance "
        "alone, and so is its interval. Whether the groups differ at all is what the permutation test asks."
    )


def summary(record: Mapping[str, Any]) -> list[Point]:
    """The findings for a reader who reads nothing else: worst first, what is shown too little apart from too much."""
    plan, verdict = record["plan"], record["verdict"]["verdict"]
    points = [
        Point(
            f"This audit asks whether {clean(plan['model'])} treats groups alike in lists of {plan['k']}, on the data of "
            f"{clean(plan['workspace'])}. The limits were fixed on {str(plan['fixed_at'])[:10]}, before anything was measured."
        ),
        Point(_VERDICTS[verdict]),
    ]
    failed = [(a, r) for a, r in _rows(record) if r["verdict"] == FAIL]
    items = [(a, r) for a, r in failed if a["side"] == "item" and r["value"] is not None]
    low = sorted((x for x in items if x[1]["value"] < 1), key=lambda x: x[1]["value"])
    high = sorted((x for x in items if x[1]["value"] >= 1), key=lambda x: -x[1]["value"])
    people = sorted(
        (x for x in failed if x[0]["side"] == "user" and x[1]["value"] is not None), key=lambda x: x[1]["value"]
    )
    share = "An exposure ratio of 1 is the share that the target gives."
    points += _worst(_told_all(low), f"{plural(len(low), 'group')} of items {_are(low)} shown too little. {share}")
    points += _worst(_told_all(high), f"{plural(len(high), 'group')} of items {_are(high)} shown too much. {share}")
    points += _worst(
        _told_all(people),
        f"{plural(len(people), 'group')} of people {_are(people)} served worse than the limit allows.",
    )
    metrics = [m for m in record["metrics"] if m["verdict"] == FAIL]
    points += _worst(
        [_metric_told(record, m) for m in metrics],
        f"{plural(len(metrics), 'metric')} {_are(metrics)} outside the limits.",
    )
    points += _cohorts(record)
    return points + _open(record)


def levels(record: Mapping[str, Any]) -> list[tuple[str, str, list[_Row]]]:
    """The measured weights by what they divide: (title, what such a weight means, rows). The shares of one add up to 1."""
    found: dict[str, list[_Row]] = {}
    for row in record["parameters"]["weights"]:
        found.setdefault(str(row.get("level", "")), []).append(row)
    known = [(LEVELS.get(level, (clean(level), LEVELS[""][1])), rows) for level, rows in found.items()]
    return [(title, meaning, rows) for (title, meaning), rows in known]


def n_of_metric(record: Mapping[str, Any], m: _Row) -> str:
    """What a metric's n counts: a group of items counts items, everything else people."""
    items = bool(m.get("group")) and m["by"] in record["plan"]["item_columns"]
    return plural(m["n"] or 0, "item" if items else "person")


def _worst(told: Sequence[str], text: str) -> list[Point]:
    """The first few of a sorted list, then how many more there are and the worst of them."""
    if not told:
        return []
    rest = len(told) - LISTED
    more = (
        []
        if rest <= 0
        else [f"{rest:,} more {'is' if rest == 1 else 'are'} not listed here; the worst: {told[LISTED]}"]
    )
    return [Point(f"{text} Worst first:" if len(told) > 1 else text, (*told[:LISTED], *more))]


def _told_all(found: Iterable[tuple[_Row, _Row]]) -> list[str]:
    return [_told(audit, row) for audit, row in found]


def _told(audit: _Row, row: _Row) -> str:
    """ "Economy (topic): exposure ratio 0.557, 95 % interval 0.531 to 0.584, 416 items"."""
    n = plural(row["n"] or 0, "item" if audit["side"] == "item" else "person")
    return f"{clean(row['group'])} ({column_words(audit['by'])}): {clean(audit['metric'])} {number(row['value'])}, 95 % interval {interval(row)}, {n}"


def metric_of(m: _Row) -> str:
    """What a value of a metric is of: "age of item new"; empty where it is of everything."""
    group = clean(m["group"]) if m.get("group") else ""
    return " ".join(part for part in (column_words(m["by"]) if m["by"] else "", group) if part)


def _metric_told(record: Mapping[str, Any], m: _Row) -> str:
    of = metric_of(m)
    named = f"{clean(m['name'])}{f' ({of})' if of else ''}: {number(m['value'])}"
    return f"{named}, 95 % interval {interval(m)}, {n_of_metric(record, m)}"


def _cohorts(record: Mapping[str, Any]) -> list[Point]:
    """Of every grouping of people who is served worst and who best, whatever the verdict."""
    told = []
    for audit in (*record["user_audits"], *record["intersections"]):
        rows = [r for r in audit["rows"] if r["value"] is not None and r["group"] != UNKNOWN]
        if len(rows) > 1:
            worst, best = min(rows, key=lambda r: r["value"]), max(rows, key=lambda r: r["value"])
            told.append(f"{_told(audit, worst)}; best {clean(best['group'])} {number(best['value'])} ({audit['overall'].get('verdict', 'see rows')})")  # fmt: skip
    if not told:
        return []
    rest = len(told) - LISTED
    more = [f"{plural(rest, 'more grouping')} of people: see the tables."] if rest > 0 else []
    return [Point("For whom the lists are worst, of each grouping of people:", (*told[:LISTED], *more))]


def _open(record: Mapping[str, Any]) -> list[Point]:
    """What could not be said: too little evidence, no way to estimate, too few people. Each group counts once."""
    least, points = least_shown(record), []
    rows = [(a, r) for a, r in _rows(record) if not (a["side"] == "user" and is_small(r, least))]
    unsure = [r for _, r in rows if r["verdict"] == INSUFFICIENT]
    without = [r for _, r in rows if r["verdict"] == NOT_ESTIMABLE]
    if unsure:
        points.append(
            Point(f"For {plural(len(unsure), 'group')} the evidence is not enough to say; that is not a pass.")
        )
    if without:
        points.append(Point(f"{plural(len(without), 'group')} could not be estimated; the tables say why. That is not a pass either."))  # fmt: skip
    return points + ([Point(hidden(record))] if hidden(record) else [])


def _rows(record: Mapping[str, Any]) -> list[tuple[_Row, _Row]]:
    """Every known group with its audit; those of whom it is not known where they belong are no group that can be judged."""
    return [(audit, row) for key in AUDITS for audit in record[key] for row in audit["rows"] if row["group"] != UNKNOWN]


def _are(found: Sequence[Any]) -> str:
    return "is" if len(found) == 1 else "are"


def _empty(value: Any) -> bool:
    return not str(value or "").strip() or value == UNSAID


def _minute(when: str) -> str:
    return f"{when[:16].replace('T', ' ')} UTC"
