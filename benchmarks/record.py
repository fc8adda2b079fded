"""What a measurement is written down as: its figures and bars, and all that someone else needs to repeat it.

What is measured is the business of the other modules; this one knows versions, the machine, and how a file is written.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("torch", "torch-geometric", "numpy", "scipy", "streamlit", "pandas")


@dataclass(frozen=True)
class Bar:
    """One promise: `value` must be at least (≥), above (>) or at most (≤) `threshold`."""

    name: str
    value: float
    relation: str
    threshold: float
    passed: bool


def at_least(name: str, value: float, threshold: float) -> Bar:
    return Bar(name, value, "≥", threshold, bool(value >= threshold))


def above(name: str, value: float, threshold: float) -> Bar:
    return Bar(name, value, ">", threshold, bool(value > threshold))


def at_most(name: str, value: float, threshold: float) -> Bar:
    return Bar(name, value, "≤", threshold, bool(value <= threshold))


@dataclass(frozen=True)
class Report:
    """What one benchmark found. figures: JSON-ready, units in the names; notes: what a reader must know about them."""

    name: str
    figures: dict[str, Any]
    bars: tuple[Bar, ...]
    notes: tuple[str, ...] = ()


def environment(seed: int) -> dict[str, Any]:
    """Versions, seed, machine, date and command of this run; load averages are those of now."""
    return {
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "seed": seed,
        "machine": machine(),
        "load_average": load_average(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
        "commit": commit(),
    }


def machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory, system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else None
    return {
        "cpu_model": cpu_model(),
        "cores": cores,
        "memory_gib": None if memory is None else round(memory, 1),
        "system": platform.platform(),
    }


def cpu_model() -> str:
    """The processor's name as Linux tells it, elsewhere as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def load_average() -> list[float] | None:
    """Mean number of processes that wanted to run in the last 1, 5 and 15 minutes; None where the
    system does not tell.
    """
    return [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None


def commit() -> str | None:
    """The revision of the code that ran, with "+changes" where the working tree differs; None outside a repository."""
    folder = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+changes", "--exclude=*"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def as_json(report: Report, before: dict[str, Any]) -> dict[str, Any]:
    """One benchmark's record. before: `environment` as it was when the benchmark started."""
    return {
        "benchmark": report.name,
        **before,
        "load_average_after": load_average(),
        "bars": [asdict(bar) for bar in report.bars],
        "all_passed": all(bar.passed for bar in report.bars),
        "figures": report.figures,
        "notes": list(report.notes),
    }


def write(content: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Store a record as `<benchmark>.json`, whole or not at all. Raises ValueError for a number that
    JSON cannot hold.
    """
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".writing-", delete=False, encoding="utf-8") as file:
        file.write(text)
    path = folder / f"{content['benchmark']}.json"
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)
    return path


def bar_lines(bars: Sequence[Bar]) -> str:
    """The bars as lines of text."""
    return "\n".join(
        f"  {'pass' if b.passed else 'FAIL'}  {b.name}: {b.value:.4g} {b.relation} {b.threshold:.4g}" for b in bars
    )
