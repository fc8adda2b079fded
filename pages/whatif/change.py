"""A change of a history as the address says it, checked against what the person has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from core.texts import joined, parted
from explain.results.whatif import Kind
from pages.frame import address, queries, wishes
from pages.frame.selection import Selection

KINDS: Final = {"delete": "Delete", "mask": "Mask", "retrain": "Learn again"}
TIMES: Final = (0.0, 0.5, 1.0, 2.0, 5.0)
HALF: Final = {
    "": "No decay",
    "7": "Half after a week",
    "30": "Half after 30 days",
    "180": "Half after 180 days",
    "365": "Half after a year",
}
MOST_ADDED: Final = 20


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is done to a history.

    remove, add  item ids
    weights      (kind of event, multiplier), of multipliers other than 1
    half_life    days; None is no decay
    may_return   whether what is taken out may be recommended again
    """

    remove: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    weights: tuple[tuple[str, float], ...] = ()
    half_life: float | None = None
    kind: Kind = "delete"
    may_return: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.remove or self.add or self.weights or self.half_life)


def change_of_address(selection: Selection, had: dict[str, str]) -> Change:
    """The change of the address, but for `may_return`. had: item id → title of what the person has."""
    remove, add = _known(selection, "remove", had, inside=True), _known(selection, "add", had, inside=False)
    kind = cast(Kind, wishes.one_of("kind", list(KINDS), "delete"))
    address.settle("kind", kind if kind != "delete" else None)
    return Change(remove=remove, add=add, weights=_weights(selection), half_life=_half_life(), kind=kind)


def may_return() -> bool:
    switched = wishes.one_of("may_return", ["", "yes"], "")
    address.settle("may_return", switched or None)
    return bool(switched)


def _known(selection: Selection, key: str, had: dict[str, str], *, inside: bool) -> tuple[str, ...]:
    """Ids of an address that can be removed (inside the history) or added (outside it)."""
    known = wishes.items(selection.workspace, key, "left out")
    picked = [raw for raw in known if (raw in had) == inside]
    if n_others := len(known) - len(picked):
        where = "not in the history" if inside else "in the history already"
        address.notice(f"{n_others} of the {len(known)} items to {key} cannot be: {where}. The rest counts.")
    if not inside and len(picked) > MOST_ADDED:
        address.notice(f"Of the {len(picked)} items to add the first {MOST_ADDED} count.")
    chosen = tuple(picked if inside else picked[:MOST_ADDED])
    address.settle(key, joined(chosen))
    return chosen


def _weights(selection: Selection) -> tuple[tuple[str, float], ...]:
    """Multipliers other than 1 by kind of event: "like=2,share=0.5"."""
    kinds = queries.workbench().whatif.event_kinds(selection.name)
    multipliers: dict[str, float] = {}
    for text in parted(address.wish("weights") or ""):
        name, _, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if name in kinds and value in TIMES:
            multipliers[name] = value
        else:
            address.notice(f"“{text[:40]}” is no weight that can be set here. It was left out.")
    changed = {name: value for name, value in multipliers.items() if value != 1.0}
    address.settle("weights", joined(f"{name}={value:g}" for name, value in changed.items()))
    return tuple(changed.items())


def _half_life() -> float | None:
    wished = wishes.one_of("half", list(HALF), "")
    return float(wished) if wished else None
