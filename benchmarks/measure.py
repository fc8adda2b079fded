"""Clocks and progress: wall and processor seconds of a piece of work, percentiles of many calls, lines on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from core.progress import Progress

Argument = TypeVar("Argument")
SECONDS_BETWEEN_LINES = 10.0


@dataclass
class Clock:
    """Seconds of the work in a `clock()` block. cpu_s counts every thread: with one thread it is at most wall_s."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def as_json(self) -> dict[str, float]:
        return {"wall_s": round(self.wall_s, 3), "cpu_s": round(self.cpu_s, 3)}


@contextmanager
def clock() -> Iterator[Clock]:
    measured = Clock()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield measured
    finally:
        measured.wall_s, measured.cpu_s = time.perf_counter() - wall, time.process_time() - cpu


def each_ms(work: Callable[[Argument], object], arguments: Iterable[Argument]) -> list[float]:
    """Wall milliseconds of one call for each argument."""
    times = []
    for argument in arguments:
        started = time.perf_counter()
        work(argument)
        times.append(1e3 * (time.perf_counter() - started))
    return times


def percentiles(times_ms: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the number of calls."""
    p50, p95, p99 = np.percentile(times_ms, [50, 95, 99])
    return {"p50_ms": float(p50), "p95_ms": float(p95), "p99_ms": float(p99), "n": len(times_ms)}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def progress_lines(title: str) -> Progress:
    """A progress callback that writes a line on stderr now and then."""
    last = time.perf_counter()

    def show(fraction: float, doing: str) -> None:
        nonlocal last
        now = time.perf_counter()
        if now - last >= SECONDS_BETWEEN_LINES:
            last = now
            say(f"  {title}: {100 * fraction:.0f} %, {doing}")

    return show
