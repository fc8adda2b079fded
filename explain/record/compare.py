"""Two audits, group by group: what moved, whether the intervals still overlap, and whether the same question was asked.

An overlap of two 95 % intervals is told as it is: it does not show that nothing changed, and two audits of the same people
are not independent. So it is a reading aid, not a test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from explain.record.types import ComparedRow, Comparison, Difference

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
_Key = tuple[str, str, str, str, str]
_Numbers = tuple[float | None, float | None, float | None]


def compare(now: Mapping[str, Any], then: Mapping[str, Any]) -> Comparison:
    """`now` beside the earlier `then`: both records as stored. A group that only one has keeps None for the other."""
    new, old = _rows(now), _rows(then)
    rows = tuple(_row(key, old.get(key), new.get(key)) for key in dict.fromkeys([*new, *old]))
    limits_now, limits_then = (_flat(record["plan"]["thresholds"]) for record in (now, then))
    thresholds = _differences(limits_now, limits_then, tuple(sorted(limits_now | limits_then)), "")
    asked = _differences(now["plan"], then["plan"], ASKED, "plan: ")
    came = _differences(now["provenance"], then["provenance"], CAME_FROM, "")
    verdicts = str(then["verdict"]["verdict"]), str(now["verdict"]["verdict"])
    return Comparison(
        str(now.get("id", "")), str(then.get("id", "")), *verdicts, not thresholds, thresholds, (*asked, *came), rows,
        _sentence(rows, verdicts, bool(thresholds), [d.what for d in (*asked, *came)]),
    )  # fmt: skip


def changes(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, Any]:
    """The section `changes` of a record: the comparison, with only the groups whose verdict or interval moved apart."""
    found = compare(now, then)
    told = [
        row for row in found.as_json()["rows"] if row["overlap"] is False or row["verdict_then"] != row["verdict_now"]
    ]
    return found.as_json() | {"rows": told, "n_rows": len(found.rows), "created_then": then["created"]}


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


def _row(key: _Key, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> ComparedRow:
    old, new = _numbers(then), _numbers(now)
    change = None if old[0] is None or new[0] is None else new[0] - old[0]
    verdict_then, verdict_now = (None if row is None else str(row["verdict"]) for row in (then, now))
    section, side, by, metric, group = key
    return ComparedRow(
        section, side, by, metric, group, *old, *new, change, _overlap(old, new), verdict_then, verdict_now
    )  # fmt: skip


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
        if _text(then.get(name)) != _text(now.get(name))
    )


def _text(value: Any) -> str:
    if value is None:
        return "not stated"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _sentence(rows: tuple[ComparedRow, ...], verdicts: tuple[str, str], moved_limits: bool, differ: list[str]) -> str:
    then, now = verdicts
    whole = f"The verdict is still {now}." if then == now else f"The verdict went from {then} to {now}."
    n_verdicts = sum(None not in (r.verdict_then, r.verdict_now) and r.verdict_then != r.verdict_now for r in rows)
    n_apart = sum(r.overlap is False for r in rows)
    n_both = sum(None not in (r.verdict_then, r.verdict_now) for r in rows)
    told = f"Of {n_both:,} values that both have, {n_verdicts:,} changed their verdict and {n_apart:,} have intervals that do not overlap."
    limits = (
        " The thresholds are not the same, so the verdicts are not either: compare the values." if moved_limits else ""
    )
    other = f" What else differs: {', '.join(differ)}." if differ else " Nothing else differs."
    return f"{whole} {told}{limits}{other}"
