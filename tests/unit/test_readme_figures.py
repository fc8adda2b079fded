"""README's figures are those of the committed measurements."""

from __future__ import annotations

import json
import re
from pathlib import Path

from benchmarks.tables import accuracy_table

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOVIELENS = json.loads((ROOT / "benchmarks/results/accuracy.json").read_text(encoding="utf-8"))["figures"][
    "movielens-100k"
]


def test_the_table_of_accuracy_is_the_measured_one() -> None:
    assert accuracy_table(MOVIELENS) in README


def test_the_sentence_on_strengths_has_the_measured_differences() -> None:
    """Mean over the seeds of the paired NDCG differences, the least end of the intervals, how far two fits agree."""
    against = MOVIELENS["path-strengths_minus"]
    sentence = re.search(r"Over three splits .*?\n\n", README, flags=re.DOTALL)
    assert sentence is not None
    for rival in ("lightgcn-softmax", "ials", "ease"):
        gaps = [seed[rival]["ndcg@20"] for seed in against.values()]
        mean, least = sum(g["value"] for g in gaps) / len(gaps), min(g["low"] for g in gaps)
        assert f"{mean:.3f} (at least {least:.3f})".replace("0.", ".") in sentence.group()
    assert f"ρ {MOVIELENS['reasons_of_two_fits']['path-strengths']:.2f}".replace("0.", ".") in sentence.group()
