"""Sentences from verified numbers only: nothing is said that is not in the parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from core.models.base import Parts, State
from explain.format.names import Names
from explain.format.numbers import amount, share


def sentence(
    names: Names,
    parts: Parts,
    user: int,
    item: int,
    score: float,
    state: State,
    rank: int | None,
    k: int = 10,
    *,
    closed: bool = False,
    words: Mapping[str, str] = MappingProxyType({}),
    ages: Mapping[int, str] = MappingProxyType({}),
) -> str:
    """Why the item has its score for the person, in one or two sentences. It surfaced only if it
    stands in the first k.

    closed  whether the item can be recommended to nobody at this moment
    words   what constants are called in place of their usual words, such as a trend by the people who carry it
    ages    history item → how long before the moment it was had
    """
    person, title = names.user(user), names.quoted(item)
    who = "you" if person == "you" else person
    if state == "no_path":
        return f"Nothing connects {who} with {title}: no path leads there, so its score is 0."
    opening = f"{title} scores {amount(score, signed=False)} for {who}"
    if state == "consumed":
        has = "have" if person == "you" else "has"
        opening = f"{who[0].upper()}{who[1:]} {has} {title} already; its score would be {amount(score, signed=False)}"
    elif rank is not None and rank <= k:
        opening = f"{title} surfaced for {who} at rank {rank} (score {amount(score, signed=False)})"
    elif rank is not None:
        opening = (
            f"{title} did not surface for {who}: it stands at rank {rank:,}, beyond the first {k} (score "
            f"{amount(score, signed=False)})"
        )
    if closed and state != "consumed":
        opening = f"{title} cannot be recommended to {who} at this moment: it is not there yet, or no more"
        opening += f"; its score would be {amount(score, signed=False)}"
    return f"{opening}, {_reasons(names, parts, score, item, words, ages)}."


def short_reason(names: Names, parts: Parts, score: float, words: Mapping[str, str] = MappingProxyType({})) -> str:
    """The main reason in a few words, for a list: the strongest history items with their share of the score.

    words  as in `sentence`
    """
    if not parts.gross:
        return "no path leads here"
    picked = _strongest(parts, 2)
    if not picked or max(map(abs, parts.constants.values()), default=0.0) > abs(parts.history.sum()):
        if not parts.constants:
            return ""
        kind = max(parts.constants, key=lambda k: abs(parts.constants[k]))
        return f"because of {words[kind]}" if kind in words else names.relation(kind)
    titles = " and ".join(names.quoted(int(parts.items[row])) for row in picked)
    return f"because of {titles} ({share(float(parts.history[picked].sum()), score)} of the score)"


def comparison(names: Names, item: int, other: int, parts: Parts, other_parts: Parts) -> str:
    """Why one item scores higher than another: the history items whose amounts differ most."""
    difference = parts.total - other_parts.total
    ahead, behind = (item, other) if difference >= 0 else (other, item)
    opening = f"{names.quoted(ahead)} is ahead of {names.quoted(behind)} by {amount(abs(difference), signed=False)}"
    if difference == 0:
        opening = f"{names.quoted(item)} and {names.quoted(other)} score the same"
    gaps = (parts.history - other_parts.history) * (1 if difference >= 0 else -1)
    best = [int(r) for r in np.argsort(-gaps, kind="stable")[:2] if gaps[r] > 0]
    worst = [int(r) for r in np.argsort(gaps, kind="stable")[:1] if gaps[r] < 0]
    lines = [f"{names.quoted(int(parts.items[r]))} ({amount(float(gaps[r]))})" for r in best]
    text = opening + (f", most of all through {' and '.join(lines)}" if lines else "")
    if worst:
        row = worst[0]
        text += f"; {names.quoted(int(parts.items[row]))} pulls the other way ({amount(float(gaps[row]))})"
    return text + "."


def _strongest(parts: Parts, n: int) -> list[int]:
    amounts = parts.history
    order = np.argsort(-np.abs(amounts), kind="stable")[:n]
    return [int(row) for row in order if amounts[row] > 0]


def _reasons(
    names: Names, parts: Parts, score: float, item: int, words: Mapping[str, str], ages: Mapping[int, str]
) -> str:
    constants = [
        f"{words[kind]} give {share(v, score)}" if kind in words else f"{names.relation(kind)} gives {share(v, score)}"
        for kind, v in parts.constants.items()
        if v
    ]
    picked = _strongest(parts, 3)
    if not picked:
        return "; ".join(constants) or "through no single item"
    listed = [
        (
            f"{'itself' if parts.items[r] == item else names.quoted(int(parts.items[r]))} "
            f"({_aged(ages, int(parts.items[r]))}{share(float(parts.history[r]), score)})"
        )
        for r in picked
    ]
    history = f"most of all because of {_join(listed)}"
    relations = sorted(((key, float(v.sum())) for key, v in parts.relations.items()), key=lambda pair: -abs(pair[1]))
    same, other = ([(key, v) for key, v in relations if v and (v * score > 0) == along] for along in (True, False))
    along = _join([f"{names.relation(key)} ({share(v, score)})" for key, v in same])
    less = _join([f"{names.relation(key).removeprefix('minus ')} ({share(-v, score)})" for key, v in other])
    through = f"it comes through {along}{f', less {less}' if less else ''}" if along else f"against it speaks {less}"
    return "; ".join([history, *([through] if along or less else []), *constants])


def _aged(ages: Mapping[int, str], item: int) -> str:
    return f"{ages[item]}, " if item in ages else ""


def _join(texts: Sequence[str]) -> str:
    return ", ".join(texts[:-1]) + " and " + texts[-1] if len(texts) > 1 else "".join(texts)
