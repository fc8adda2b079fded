"""The measured sections of a report besides its groups: where attributes come from, parameters, arms without a profile, every
metric, trends, creators, what the gap comes through, and what repairs cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from explain.format.text import clean
from explain.format.words import column_words
from explain.records.summary import is_small_metric, levels, metric_of, n_of_metric
from explain.records.words import (
    HIDDEN,
    MORE_PLACES,
    PLACES,
    SMALL_GAP,
    UNSAID,
    fixed,
    flat,
    interval,
    least_shown,
    n_hidden,
    number,
    parameter,
    percent,
    unstarred,
)
from explain.records.words import words as text

_Record = Mapping[str, Any]
_Rows = list[tuple[Any, ...]]


def attributes(record: _Record) -> _Rows:
    return [
        (
            text(a["column"]),
            text(a["side"]),
            text(a["source"], 600),
            text(a["n"]),
            HIDDEN if a["n_missing"] is None else text(a["n_missing"]),
        )
        for a in record["attributes"]
    ]


def unknown(record: _Record) -> _Rows:
    """Of each audited column how many are unknown, and among whom that was counted."""
    audits = [a for key in ("item_audits", "user_audits", "intersections") for a in record[key]]
    among = {}
    for a in audits:
        n = a["overall"].get("n_items" if a["side"] == "item" else "n_users")
        kind = "items" if a["side"] == "item" else "people with held-out items"
        among[str(a["by"])] = f"{kind if n is None else f'{n:,} {kind}'}"
    return [
        (column_words(by), HIDDEN if n is None else text(n), among.get(str(by), UNSAID))
        for by, n in record["unknown"].items()
    ]


def weights(record: _Record) -> list[dict[str, Any]]:
    """The measured weights, a table for each way of dividing them up."""
    return [
        {"title": title, "meaning": meaning, "rows": [(text(w["name"]), percent(w["share"]), interval(w, percent)) for w in rows]}
        for title, meaning, rows in levels(record)
    ]  # fmt: skip


def learnt(record: _Record) -> _Rows:
    model = str(record["plan"]["model"])
    return [(parameter(name, model), clean(name), text(value)) for name, value in flat(record["parameters"]["learnt"])]


def arms(record: _Record) -> dict[str, Any]:
    """The arms with their rules, what they are worth, and what each group of items gets from them."""
    found = record["non_profiling"]
    k = next((arm["k"] for arm in found if arm.get("k") is not None), record["plan"]["k"])
    n = next((arm["n_people"] for arm in found if arm.get("n_people") is not None), None)
    exposure: dict[str, dict[str, Mapping[str, Any]]] = {}
    for arm in found:
        for row in arm.get("exposure") or ():
            exposure.setdefault(str(row["group"]), {})[str(arm["arm"])] = row
    names = [str(arm["arm"]) for arm in found if arm.get("exposure")]
    return {
        "told": f"Lists of {k}, measured on what was held out"
        + (f" of {n:,} people." if n is not None else "; on how many people is not in this record."),
        "rules": [
            (text(arm["arm"]), {True: "yes", False: "no"}.get(arm.get("profiles"), UNSAID), text(arm.get("rule"), 400)) for arm in found
        ],
        "metrics": [
            (text(arm["arm"]), text(name), number(v["value"]), interval(v)) for arm in found for name, v in arm["metrics"].items()
        ],
        "by": column_words(next((arm["by"] for arm in found if arm.get("by")), "group of items")),
        "heads": [f"#{text(name)}" for name in names],
        "exposure": [(text(group), *(_ratio(of.get(name)) for name in names)) for group, of in exposure.items()],
    }  # fmt: skip


def metrics(record: _Record) -> dict[str, Any]:
    """Every metric's values, with one sentence about those that nobody set a limit for."""
    rows, least = record["metrics"], least_shown(record)
    free = [m for m in rows if m["value"] is not None and not m["verdict"]]
    told = ""
    if free:
        told = "No limit was set for any of these metrics" if len(free) == len([m for m in rows if m["value"] is not None]) else (
            f"For {len(free):,} of {len(rows):,} values no limit was set"
        )  # fmt: skip
        told += ", so their verdict is left empty: they describe, and do not judge."
    return {"told": told, "rows": [_metric(record, m, least) for m in rows]}


def formulas(record: _Record) -> _Rows:
    known = {str(m.get("metric", m["name"])): m for m in record["metrics"]}
    return [
        (f"{text(m['number'])}. {text(name)}", text(m["formula"], 600), text(m["range"]), text(m["fair"]), text(m["source"], 300))
        for name, m in known.items()
    ]  # fmt: skip


def trends(record: _Record) -> _Rows:
    return [
        (text(t["name"]), text(p["snapshot"]), text(p["created"])[:10], number(p["value"]), interval(p))
        for t in record["trends"]
        for p in t["points"]
    ]


def creators(record: _Record) -> _Rows:
    return [
        (text(c["creator"]), f"{c['n_items']:,}", number(c["exposure_share"]), number(c["catalogue_share"]), number(c["ratio"]), interval(c))
        for c in record["creators"]
    ]  # fmt: skip


def attribution(record: _Record) -> list[dict[str, Any]]:
    """Each gap with all that adds up to it: a random list, every part, the whole."""
    return [_gap(record, a) for a in record["attribution"]]


def mitigations(record: _Record) -> list[dict[str, Any]]:
    return [
        {
            "name": text(m["name"], 300), "cost": text(m["cost"], 600), "gain": text(m["gain"], 600), "worsened": _worsened(m),
            "rows": [
                (text(r["group"]), number(r["before"]), number(r["after"]), interval(r), text(r["verdict"] or "–")) for r in m.get("rows") or ()
            ],
        }
        for m in record["mitigations"]
    ]  # fmt: skip


def _metric(record: _Record, m: Mapping[str, Any], least: int) -> tuple[Any, ...]:
    small = is_small_metric(record, m)
    return (
        f"{text(m['number'])}. {text(m['name'])}", metric_of(m) or "all", number(m["value"]),
        interval(m), n_hidden(m["n"], least) if small else n_of_metric(record, m), "suppressed" if small else clean(m["verdict"]) if m["verdict"] else "",
        clean(m["reason"], 600) if m["reason"] else "",
    )  # fmt: skip


def _ratio(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return "–"
    return number(row["ratio"]) + (f" ({interval(row)})" if row.get("low") is not None else "")


def _gap(record: _Record, a: Mapping[str, Any]) -> dict[str, Any]:
    by, group, chance = a.get("by"), text(a["group"]), a.get("gap_random")
    places = PLACES if a["gap"] is None or abs(a["gap"]) >= SMALL_GAP else MORE_PLACES
    amount = partial(fixed, places=places)
    rows = [(text(p["relation"]), amount(p["value"]), interval(p, amount)) for p in a["parts"]]
    if chance is not None:
        rows.insert(0, ("a random list of what people lack", amount(chance), "–"))
    ends = {"low": a.get("gap_low"), "high": a.get("gap_high")}
    rows.append(("the whole gap: share of attention less target", amount(a["gap"]), interval(ends, amount)))
    adds = f"All rows but the last add up to it; each is rounded to {places} places." if chance is not None else ""
    return {
        "title": f"{group} ({column_words(by)})" if by else group,
        "told": list(filter(None, [unstarred(clean(a["sentence"], 800)) if a.get("sentence") else "", _measured_on(record, a)])),
        "caption": f"Shapley values, in shares of all attention (0.01 is one hundredth of it). {adds}".strip(), "rows": rows,
    }  # fmt: skip


def _measured_on(record: _Record, a: Mapping[str, Any]) -> str:
    """On how many people a gap was taken apart, against what, and where its value on everybody stands."""
    n, everybody = a.get("n_people"), a.get("n_people_all")
    told = "On how many people this was measured is not in this record." if n is None else f"Measured on {n:,} people"
    if n is not None:
        told += "." if everybody is None else f" of {everybody:,}" + (", drawn by lot." if n < everybody else ".")
    told += f" Target: {text(a['target'], 400)}." if a.get("target") else ""
    audit = next((x for x in record["item_audits"] if x["by"] == a.get("by")), None)
    row = None if audit is None else next((r for r in audit["rows"] if r["group"] == a["group"]), None)
    if row is None:
        return told
    return f"{told} Over everybody its exposure ratio is {number(row['value'])} ({interval(row)}): that value stands in the table of exposure by {column_words(a['by'])}, and the verdict is on it."


def _worsened(m: Mapping[str, Any]) -> str:
    names = m.get("worsened")
    if names is None:
        return ""
    if not names:
        return "Every group that passed before still passes."
    return f"Passed before and no longer do: {', '.join(text(name) for name in names)}."
