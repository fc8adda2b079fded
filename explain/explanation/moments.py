"""One score at two moments, and the moment at which an item falls out of a list if nothing more happens."""

from __future__ import annotations

from collections.abc import Callable

from core.models.base import Parts
from explain.format.dates import hour
from explain.format.names import Names
from explain.format.numbers import amount
from explain.results.explanation import Part, Since

MINUTE_S, HOUR_S = 60, 3_600
HOURS = (1, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96, 120, 168, 240, 336, 504, 720, 1_440, 2_880, 8_760)


def since(
    names: Names, now: Parts, then: Parts, *, at: int, scores: tuple[float, float], ranks: tuple[int | None, int | None]
) -> Since:
    """Why now and not then: each term's change, which sum to the change of the score.

    at  the earlier moment, seconds UTC          scores, ranks  now and then
    """
    changes = _changes(names, now, then)
    moved = scores[0] - scores[1]
    text = (
        f"Since {hour(at)} its score went from {amount(scores[1], signed=False)} to {amount(scores[0], signed=False)}"
    )
    if ranks[0] is not None and ranks[1] is not None and ranks[0] != ranks[1]:
        text += f" and its rank from {ranks[1]:,} to {ranks[0]:,}"
    ahead = [part for part in changes if part.value * moved > 0][:3]
    if ahead:
        text += ", most of all through " + ", ".join(f"{part.label} ({amount(part.value)})" for part in ahead)
    return Since(at=at, score=scores[1], rank=ranks[1], parts=changes, sentence=text + ".")


def _changes(names: Names, now: Parts, then: Parts) -> tuple[Part, ...]:
    """Terms of the later score less those of the earlier one, by history item and constant, largest change first."""
    relations: dict[int, dict[str, float]] = {}
    for sign, parts in ((1.0, now), (-1.0, then)):
        for row, item in enumerate(parts.items.tolist()):
            own = relations.setdefault(item, {})
            for key, values in parts.relations.items():
                own[key] = own.get(key, 0.0) + sign * float(values[row])
    result = [
        Part("history", str(names.graph.items.ids[item]), names.item(item), sum(own.values()), own)
        for item, own in relations.items()
    ]
    for kind in {*now.constants, *then.constants}:
        value = now.constants.get(kind, 0.0) - then.constants.get(kind, 0.0)
        result.append(Part(kind, kind, names.relation(kind), value, {kind: value}))
    return tuple(sorted(result, key=lambda part: (-abs(part.value), part.id)))


def leaves_at(listed: Callable[[int], bool], now: int) -> int | None:
    """The first minute at which an item that is listed now is no more, seconds UTC; None where it stays a year.

    listed  whether it is, at a moment from now on. Looked for at longer and longer steps, then halved to the minute: in
            the list a minute before, and not in it at that minute.
    """
    last = now
    for n in HOURS:
        moment = now + n * HOUR_S
        if not listed(moment):
            return _between(listed, last, moment)
        last = moment
    return None


def _between(listed: Callable[[int], bool], inside: int, outside: int) -> int:
    while outside - inside > MINUTE_S:
        middle = inside + (outside - inside) // 2
        inside, outside = (middle, outside) if listed(middle) else (inside, middle)
    return outside
