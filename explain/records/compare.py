"""Two audits, group by group: what moved, whether the intervals still overlap, and whether the same question was asked.

An overlap of two 95 % intervals is told as it is: it does not show that nothing changed, and two audits of the same people
are not independent. So it is a reading aid, not a test. Where the audits asked different things (another k, target, browsing
model or model) values stand side by side without a change; where the data or the fit differ, no count of changes is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from explain.format.text import clean
from explain.records.types import ComparedRow, Comparison, Difference

PLAN: Final = "plan: "
AUDITS: Final = ("item_audits", "user_audits", "intersections")
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


def compare(now: Mapping[str, Any], then: Mapping[str, Any]) -> Comparison:
    """`now` beside the earlier `then`: both records as stored. A group that only one has keeps None for the other."""
    new, old = _rows(now), _rows(then)
    limits_now, limits_then = (_flat(record["plan"]["thresholds"]) for record in (now, then))
    thresholds = _differences(limits_now, limits_then, tuple(sorted(limits_now | limits_then)), "")
    asked = _differences(now["plan"], then["plan"], ASKED, PLAN)
    came = _differences(now["provenance"], then["provenance"], CAME_FROM, "")
    both = tuple(r["provenance"].get("data_sha256") for r in (now, then))
    if all(both):  # an audit from before this was kept says nothing about it
        came += _differences(now["provenance"], then["provenance"], ("data_sha256",), "")
    differ = (*asked, *came)
    other = other_questions([vars(d) for d in differ])
    rows = tuple(_row(key, old.get(key), new.get(key), other) for key in dict.fromkeys([*new, *old]))
    verdicts = str(then["verdict"]["verdict"]), str(now["verdict"]["verdict"])
    apart = not_comparable([vars(d) for d in differ])
    return Comparison(
        str(now.get("id", "")), str(then.get("id", "")), *verdicts, not thresholds, thresholds, differ, rows,
        _sentence(rows, verdicts, bool(thresholds), apart, [d.what for d in differ]), apart,
    )  # fmt: skip


def changes(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """The section `changes` of a record: the comparison, with only the groups whose verdict or interval moved apart."""
    found = compare(now, then)
    other = other_questions([vars(d) for d in found.differences])
    told = [
        asdict(row)
        for row in found.rows
        if not _another(row.section, other) and (row.overlap is False or row.verdict_then != row.verdict_now)
    ]
    return found.as_json() | {"rows": told, "n_rows": len(found.rows), "created_then": then["created"]}


def other_questions(differences: Iterable[Mapping[str, str]]) -> frozenset[str]:
    """Which parts of the question differ: of model, k, browsing, target."""
    return frozenset(d["what"].removeprefix(PLAN) for d in differences if d["what"].startswith(PLAN)) & set(QUESTION)


def not_comparable(differences: Sequence[Mapping[str, str]]) -> str:
    """In which respects two audits are not comparable, in plain words with both values; empty where they are in all.

    differences: of plan and provenance, as a comparison has them and as records keep them
    """
    named: dict[str, str] = {}
    for d in differences:
        what, of_plan = d["what"].removeprefix(PLAN), d["what"].startswith(PLAN)
        if of_plan and what in QUESTION:
            named[QUESTION[what]] = f"{QUESTION[what]} ({_short(d['then'])} then, {_short(d['now'])} now)"
        elif of_plan and what in COLUMNS and (only := _only(d["then"], d["now"])):
            named[COLUMNS[what]] = f"{COLUMNS[what]} ({only})"
        elif not of_plan and what in SOURCES:
            known = f" ({_short(d['then'])} then, {_short(d['now'])} now)" if what == "model" else " (another version)"
            named[SOURCES[what]] = f"{SOURCES[what]}{known}"
    if not named:
        return ""
    listed = list(named.values())
    told = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
    return f"The two audits are not comparable in {told}: what differs between their values can come from that alone."


def _rows(record: Mapping[str, Any]) -> dict[_Key, dict[str, Any]]:
    found: dict[_Key, dict[str, Any]] = {}
    for section in AUDITS:
        for audit in record[section]:
            for row in audit["rows"]:
                key = (section, str(audit["side"]), str(audit["by"]), str(audit["metric"]), str(row["group"]))
                found[key] = row
    for metric in record["metrics"]:
        key = ("metrics", "", str(metric["by"]), str(metric["name"]), str(metric.get("group", "")))
        found[key] = metric
    return found


def _row(
    key: _Key, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None, other: frozenset[str]
) -> ComparedRow:
    """A group in both. Answers to two different questions have no change and no overlap."""
    old, new = _numbers(then), _numbers(now)
    section, side, by, metric, group = key
    same = not _another(section, other)
    change = new[0] - old[0] if same and old[0] is not None and new[0] is not None else None
    verdict_then, verdict_now = (None if row is None else str(row["verdict"]) for row in (then, now))
    overlap = _overlap(old, new) if same else None
    return ComparedRow(section, side, by, metric, group, *old, *new, change, overlap, verdict_then, verdict_now)


def _another(section: str, other: frozenset[str]) -> bool:
    """Whether the rows of a section answer two different questions."""
    return bool(other & set(DEPENDS.get(section, tuple(QUESTION))))


def _numbers(row: Mapping[str, Any] | None) -> _Numbers:
    return (None, None, None) if row is None else (row["value"], row["low"], row["high"])


def _overlap(old: _Numbers, new: _Numbers) -> bool | None:
    """Whether two (value, low, high) have a point in common; touching counts. None without both intervals."""
    (_, old_low, old_high), (_, new_low, new_high) = old, new
    if old_low is None or old_high is None or new_low is None or new_high is None:
        return None
    return new_low <= old_high and old_low <= new_high


def _flat(limits: Mapping[str, Any]) -> dict[str, Any]:
    """Nested limits by their full name: {"bounds": {"AWRF": [.9, 1]}} → {"bounds.AWRF": [.9, 1]}."""
    found: dict[str, Any] = {}
    for name, value in limits.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": limit for inner, limit in _flat(value).items()}
        else:
            found[name] = value
    return found


def _differences(
    now: Mapping[str, Any], then: Mapping[str, Any], names: tuple[str, ...], before: str
) -> tuple[Difference, ...]:
    return tuple(
        Difference(f"{before}{name}", _text(then.get(name)), _text(now.get(name)))
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
    rows: tuple[ComparedRow, ...], verdicts: tuple[str, str], moved_limits: bool, apart: str, differ: list[str]
) -> str:
    """What is not comparable first; verdicts and intervals that moved are only counted where everything is."""
    then, now = verdicts
    limits = (
        " The thresholds are not the same, so the verdicts are not either: compare the values." if moved_limits else ""
    )
    other = f" What else differs: {', '.join(differ)}." if differ else " Nothing else differs."
    if apart:
        return f"{apart} The verdict was {then} then and is {now} now. Values stand side by side.{limits}"
    whole = f"The verdict is still {now}." if then == now else f"The verdict went from {then} to {now}."
    n_verdicts = sum(None not in (r.verdict_then, r.verdict_now) and r.verdict_then != r.verdict_now for r in rows)
    n_apart = sum(r.overlap is False for r in rows)
    n_both = sum(None not in (r.verdict_then, r.verdict_now) for r in rows)
    told = f"Of {n_both:,} values that both have, {n_verdicts:,} changed their verdict and {n_apart:,} have intervals that do not overlap."
    return f"{whole} {told}{limits}{other}"
