"""The trend of one score, opened: how many people have the item of late, when, and what their events carry of it.

The amount is a sum over observed events (core.models.base.Readers). It is told in two crowds, those of the last two
half-lives and everybody before, and by the hour or day; one person's event is told of nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.graph import FloatArray
from core.models.base import Readers
from explain.format.dates import day, hour, span
from explain.format.names import CROWD_MINIMUM, Names
from explain.format.numbers import amount, plural

RECENT_LIVES, MOST_LINES, HOUR_S, DAY_S = 2.0, 24, 3_600, 86_400


@dataclass(frozen=True)
class Crowd:
    """People whose events carry some of a trend. since: text of the time in which these were, "" for all of it."""

    key: str
    n: int
    value: float
    since: str

    def label(self, names: Names) -> str:
        """As the picture and the sentence say it: "27 people who read it in the last 12 hours"."""
        people = plural(self.n, "person") if self.n >= CROWD_MINIMUM else f"fewer than {CROWD_MINIMUM} people"
        return f"{people} who {names.verb} it{self.since}"


@dataclass(frozen=True, eq=False)
class Trend:
    """The readers of one item at a moment (seconds UTC)."""

    readers: Readers
    now: int

    @property
    def value(self) -> float:
        """What they carry together."""
        return float(self.readers.amounts.sum())

    @property
    def crowds(self) -> tuple[Crowd, ...]:
        """Those of late first. One crowd of all where the ones of late, or the others, are too few to stand alone."""
        amounts, n = self.readers.amounts, len(self.readers.people)
        if self.readers.life is not None:
            window = RECENT_LIVES * self.readers.life
            late = self.readers.times >= self.now - window
            if late.all():
                return (Crowd("recent", n, self.value, f" in the last {span(window)}"),)
            if min(int(late.sum()), int((~late).sum())) >= CROWD_MINIMUM:
                recent = Crowd("recent", int(late.sum()), float(amounts[late].sum()), f" in the last {span(window)}")
                return recent, Crowd("before", int((~late).sum()), float(amounts[~late].sum()), " before that")
        return (Crowd("all", n, self.value, ""),)

    def lines(self, names: Names) -> tuple[str, ...]:
        """How many by hour or day, newest first, with what they carry; times of few people are not told."""
        times, amounts = self.readers.times, self.readers.amounts
        if len(times) < CROWD_MINIMUM:
            return (f"fewer than {CROWD_MINIMUM} people: when is not told",)
        step = HOUR_S if self.readers.life is not None and self.readers.life <= 2 * DAY_S else DAY_S
        lines, held = [], np.zeros(0, dtype=np.int64)
        for bucket in np.unique(times // step)[::-1]:
            held = np.append(held, np.flatnonzero(times // step == bucket))
            if len(held) >= CROWD_MINIMUM:
                lines.append(self._line(held, bucket * step, step, amounts))
                held = np.zeros(0, dtype=np.int64)
            if len(lines) == MOST_LINES:
                break
        told = sum(int(line.split(" ")[0].replace(",", "")) for line in lines)
        return (*lines, f"{plural(len(times) - told, 'person')} earlier") if len(times) > told else tuple(lines)

    @staticmethod
    def _line(rows: np.ndarray, start: float, step: int, amounts: FloatArray) -> str:
        when = hour(int(start)) if step == HOUR_S else day(int(start))
        return f"{plural(len(rows), 'person')} from {when}: {amount(float(amounts[rows].sum()))}"


def trends(readers: Readers | None, now: int) -> dict[str, Trend]:
    """By the constant that they carry; {} where nobody does."""
    return {readers.kind: Trend(readers, now)} if readers is not None and len(readers.people) else {}


def trend_words(names: Names, opened: dict[str, Trend]) -> dict[str, str]:
    """What each constant is called in a sentence: by the people of late who carry it."""
    return {kind: trend.crowds[0].label(names) for kind, trend in opened.items()}
