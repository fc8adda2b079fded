"""Whatever stands in a folder, a plan or a stored file: it is read, or refused with a sentence, in bounded time and
memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_BYTES = 2 << 30


def become(kind: str, first: int, last: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.corruption", kind, str(first), str(last)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=3_000,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    counts = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(counts, dict)
    return counts


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        ("folders", 0, 100),
        ("plans", 0, 200),
        ("stored", 0, 100),
        pytest.param("folders", 100, 3_000, marks=pytest.mark.slow),
        pytest.param("plans", 200, 2_000, marks=pytest.mark.slow),
        pytest.param("stored", 100, 2_000, marks=pytest.mark.slow),
    ],
)
def test_corrupted_input_is_read_or_refused_with_a_sentence(kind: str, first: int, last: int) -> None:
    counts = become(kind, first, last)
    assert counts["failed"] == []
    assert counts["read"] + counts["refused"] == last - first
    assert (
        min(counts["read"], counts["refused"]) > (last - first) / 20
    )  # the faults are neither all harmless nor all fatal
    assert counts["peak_bytes"] < MOST_BYTES
