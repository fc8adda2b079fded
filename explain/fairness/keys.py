"""Every figure of a record by what it is of. Two figures of one key must have one value, wherever in the record they
stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from explain.fairness.metrics.quality import GAP, SPREAD
from explain.fairness.metrics.shares import IMPACT

NEAR = 1e-9
OVERALL_OF_PEOPLE: Final = {GAP: "gap", SPREAD: "tau"}  # metrics that audits of people hold too, over all groups


@dataclass(frozen=True)
class Key:
    """What a figure is of. lists: "served" or "refit"; arm: whose lists, empty for the audited model."""

    metric: str
    people_by: str = ""
    people_group: str = ""
    item_by: str = ""
    item_group: str = ""
    lists: str = ""
    target: str = ""
    browsing: str = ""
    resample: str = "people"
    arm: str = ""


@dataclass(frozen=True)
class PlacedFigure:
    """A figure, and the section of the record where it stands."""

    key: Key
    value: float | None
    where: str


def figures(record: Mapping[str, Any]) -> Iterator[PlacedFigure]:
    """All figures of a record that has the fields of release 0.2.0."""
    for audit in record.get("item_audits", ()):
        of = _of(audit)
        yield PlacedFigure(Key(IMPACT, item_by=audit["by"], **of), audit["overall"].get("impact_ratio"), "item_audits")
        for row in audit["rows"]:
            yield PlacedFigure(
                Key("exposure ratio", "", "", audit["by"], row["group"], **of), row["value"], "item_audits"
            )
    for section in ("user_audits", "intersections"):
        for audit in record.get(section, ()):
            for name, overall in OVERALL_OF_PEOPLE.items():
                yield PlacedFigure(Key(name, audit["by"], lists=audit["lists"]), audit["overall"].get(overall), section)
            for row in audit["rows"]:
                yield PlacedFigure(
                    Key(audit["metric"], audit["by"], row["group"], lists=audit["lists"]), row["value"], section
                )
    for table in record.get("cells", ()):
        for row in table["rows"]:
            key = Key(
                "exposure ratio", table["user_by"], row["user_group"], table["item_by"], row["item_group"], **_of(table)
            )
            yield PlacedFigure(key, row["value"], "cells")
    for row in record.get("creators", ()):
        yield PlacedFigure(
            Key("exposure ratio", "", "", "creator", row["creator"], **_of(row)), row["ratio"], "creators"
        )
    of_items = {audit["by"] for audit in record.get("item_audits", ())}
    of_people = {audit["by"] for audit in record.get("user_audits", ())}
    for m in record.get("metrics", ()):
        if m["name"] in OVERALL_OF_PEOPLE:
            yield PlacedFigure(Key(m["name"], m["by"], lists=m["lists"]), m["value"], "metrics")
        elif m["name"] == IMPACT or m["by"] in of_items - of_people:
            key = Key(m["name"], item_by=m["by"], item_group=m["group"], **_of(m))
            yield PlacedFigure(key, m["value"], "metrics")
        else:
            yield PlacedFigure(Key(m["name"], m["by"], m["group"], **_of(m)), m["value"], "metrics")
    for arm in record.get("non_profiling", ()):
        for row in arm.get("exposure", ()):
            who = "" if arm["profiles"] else arm["arm"]
            yield PlacedFigure(
                Key("exposure ratio", "", "", arm["by"] or "", row["group"], arm=who, **_of(arm)),
                row["ratio"],
                "non_profiling",
            )
    for repair in record.get("mitigations", ()):
        for row in repair.get("rows", ()):
            yield PlacedFigure(
                Key("exposure ratio", "", "", repair["by"], row["group"], **_of(repair)), row["before"], "mitigations"
            )


def contradictions(record: Mapping[str, Any]) -> list[str]:
    """A sentence for each key that has two values; empty where every figure has one."""
    seen: dict[Key, PlacedFigure] = {}
    sentences = []
    for figure in figures(record):
        before, key = seen.setdefault(figure.key, figure), figure.key
        if not _equal(before.value, figure.value):
            values = f"{before.value} in {before.where} and {figure.value} in {figure.where}"
            sentences.append(f"{key.metric} of {key} is {values}.")
    return sentences


def _of(part: Mapping[str, Any]) -> dict[str, str]:
    target = part.get("target") or "catalogue"
    named = target.removesuffix(" share") if isinstance(target, str) else "policy"
    return {
        "lists": part["lists"],
        "target": named,
        "browsing": part["browsing"],
        "resample": part.get("resample", "people"),
    }


def _equal(one: float | None, other: float | None) -> bool:
    return one is other or (one is not None and other is not None and abs(one - other) <= NEAR * max(1.0, abs(one)))
