"""README's figures are those of the committed measurements."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.tables import accuracy_table, cold_table, faithfulness_table, living_table, mixtures_table

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MOVIELENS = json.loads((ROOT / "benchmarks/results/accuracy.json").read_text(encoding="utf-8"))["figures"][
    "movielens-100k"
]
MIXTURES = json.loads((ROOT / "benchmarks/results/mixtures.json").read_text(encoding="utf-8"))["figures"]
LIVING = json.loads((ROOT / "benchmarks/results/living.json").read_text(encoding="utf-8"))["figures"]
FAITHFUL = json.loads((ROOT / "benchmarks/results/faithfulness.json").read_text(encoding="utf-8"))["figures"]
KEPT = ("0", "1", "3", "10")


def test_the_table_of_accuracy_is_the_measured_one() -> None:
    assert accuracy_table(MOVIELENS) in README


@pytest.mark.parametrize("table", [mixtures_table, cold_table])
def test_the_tables_of_mixtures_and_of_new_items_are_the_measured_ones(table: Callable[[Any], str]) -> None:
    assert table(MIXTURES) in README


def test_the_table_and_the_sentences_of_lists_of_now_have_the_measured_figures() -> None:
    assert living_table(LIVING) in README
    said = README[README.index("The same order on all four") :].partition("\n\n")[0]
    for log in ("newsroom", "deskdrop"):
        for name in ("path", "trending"):
            interval = (LIVING[log]["models"][name]["ndcg@20"][end] for end in ("low", "high"))
            assert "[" + ", ".join(f"{end:.3f}".removeprefix("0") for end in interval) + "]" in said
    for log in ("newsroom", "deskdrop", "movielens-100k", "complete-journey"):
        models = LIVING[log]["models"]
        for metric in ("recall@20", "ndcg@20"):
            assert models["path"][metric]["value"] == max(row[metric]["value"] for row in models.values())
    assert LIVING["planted"]["n_intervals_apart"] == LIVING["planted"]["n_below_their_share"] == 20
    _, usual, million, most = (row["step"]["p50_ms"] for row in LIVING["steps"])
    for text in (f"{usual:.0f} ms", f"{million:.0f} ms at a million", f"{most / 1000:.1f} s at ten million"):
        assert text in said


def test_the_table_and_the_sentences_of_faithfulness_have_the_measured_figures() -> None:
    assert faithfulness_table(FAITHFUL) in README
    said = README[README.index("No usual method beats our parts") :].partition("\n\n")[0]
    assert not any(
        text.startswith(("random", "popularity", "cosine", "Jaccard", "gradient × input"))
        for name in ("lightgcn", "path", "path-strengths")
        for text in FAITHFUL[name]["worse_than"]
    )
    for name in ("path", "path-strengths"):
        kept = FAITHFUL[name]["randomised_rank_correlation"]["value"]
        again = FAITHFUL[name]["between_seeds_rank_correlation"]
        assert f"{kept:.2f}".removeprefix("0") in said
        assert f"{again:.2f}".removeprefix("0") in said
    beside = FAITHFUL["beside_gnn_explainer"]
    assert f"{beside['parts_times_as_fast']:,.0f}"[:2] + ",000 times as long as our parts" in said
    assert f"{beside['edges_times_as_fast']:,.0f} times" in said.replace("\n", " ")
    seconds = [pair["gnn_explainer_seconds"] for pair in beside["pairs"]]
    assert f"{min(seconds):.0f} to {max(seconds):.0f} s an item" in said


def test_what_is_said_of_the_device_and_of_segments_was_measured() -> None:
    device, again = MIXTURES["device"], MIXTURES["segments_found_again"]
    said = README[README.index("The table for a device") :].partition("\n\n")[0]
    for text in (
        f"{device['bytes'] / 1e6:.1f} MB",
        f"{device['overlap']:.3f}".removeprefix("0"),
        f"{device['ms_p50']:.1f} ms",
    ):
        assert text in said
    for value in again.values():
        assert f"{value:.2f}".removeprefix("0") in said


def test_the_sentence_on_strengths_has_the_measured_differences() -> None:
    """Mean over the seeds of the paired NDCG differences, the least end of the intervals, how far two fits agree."""
    against = MOVIELENS["path-strengths_minus"]
    sentence = re.search(r"Over three splits .*?\n\n", README, flags=re.DOTALL)
    assert sentence is not None
    for rival in ("lightgcn-softmax", "ials", "ease"):
        gaps = [seed[rival]["ndcg@20"] for seed in against.values()]
        mean, least = sum(g["value"] for g in gaps) / len(gaps), min(g["low"] for g in gaps)
        assert f"{mean:.3f} (at least {least:.3f})".replace("0.", ".") in sentence.group()
    positive = MOVIELENS["path-strengths_all_positive"].values()
    means = (sum(run["metrics"][m]["value"] for run in positive) / len(positive) for m in ("recall@20", "ndcg@20"))
    assert " / ".join(f"{mean:.3f}".removeprefix("0") for mean in means) in sentence.group()
    assert f"ρ {MOVIELENS['reasons_of_two_fits']['path-strengths']:.2f}".replace("0.", ".") in sentence.group()


def test_sentences_on_further_kinds_have_the_measured_figures() -> None:
    said = README[README.index("Further kinds of models") : README.index("The table for a device holds")]
    for name in ("sansa", "edge", "path", "segments", "item-knn"):
        values = (MIXTURES["models"][name]["metrics"][m]["value"] for m in ("recall@20", "ndcg@20"))
        assert " / ".join(f"{value:.3f}".removeprefix("0") for value in values) in said, name
    best = [
        {n: max(r["items"][n]["value"] for r in MIXTURES["cold"].values() if r["content"] is content) for n in KEPT}
        for content in (True, False)
    ]
    none, one, three, ten = (f"{best[0][n] / best[1][n]:.1f}" for n in KEPT)
    assert (
        f"finds {none} times what the best without it finds, with 1, 3 and 10 events {one}, {three} and {ten} times"
        in said
    )
