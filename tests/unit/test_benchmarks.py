"""The measuring code: what a record holds, how bars are judged, and its own arithmetic on cases with a known answer."""

from __future__ import annotations

import importlib
import json
import math
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse

from benchmarks import __main__ as command
from benchmarks import accuracy, catalogues, explanation_speed, growth
from benchmarks.measure import Clock
from benchmarks.record import Bar, Report, above, as_json, at_least, at_most, environment, write
from benchmarks.runs import Run
from benchmarks.synthetic import power_law_graph
from core.adjacency import Adjacency
from core.errors import DataError
from core.evaluation import Evaluation, Metric
from core.models.lightgcn import LightGCN
from data.splits import split

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(file.stem for file in (ROOT / "benchmarks").glob("*.py") if not file.stem.startswith("__"))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports_and_stays_short(name: str) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    assert module.__doc__
    assert len((ROOT / "benchmarks" / f"{name}.py").read_text(encoding="utf-8").splitlines()) <= 200


@pytest.mark.parametrize("name", command.NAMES)
def test_every_name_on_the_command_line_is_a_benchmark(name: str) -> None:
    assert callable(command.benchmark(name, command.parser().parse_args([])))


def test_a_written_record_names_versions_seed_machine_date_and_command(tmp_path: Path) -> None:
    report = Report("example", {"p50_ms": 1.5}, (at_most("speed", 1.5, 2.0),), ("a note",))
    read = json.loads(write(as_json(report, environment(seed=7)), tmp_path).read_text(encoding="utf-8"))
    for package in ("torch", "torch-geometric", "numpy", "scipy", "streamlit"):
        assert read["versions"][package] == version(package)
    assert read["versions"]["python"].startswith("3.")
    assert read["seed"] == 7
    assert read["machine"]["cpu_model"]
    assert read["machine"]["cores"] >= 1
    assert read["date"].endswith("+00:00")
    assert read["command"].startswith("python -m benchmarks")
    assert read["figures"] == {"p50_ms": 1.5}
    assert read["bars"] == [{"name": "speed", "value": 1.5, "relation": "≤", "threshold": 2.0, "passed": True}]
    assert read["all_passed"] is True
    assert [file.name for file in tmp_path.iterdir()] == ["example.json"]


def test_a_number_that_json_cannot_hold_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    record = as_json(Report("example", {"bad": math.nan}, ()), environment(seed=0))
    with pytest.raises(ValueError, match="not JSON compliant"):
        write(record, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_missed_bar_is_told_and_the_whole_has_not_passed() -> None:
    missed = at_least("recall", 0.3, 0.335)
    assert not missed.passed
    assert not as_json(Report("example", {}, (missed, at_most("s", 1.0, 2.0))), environment(seed=0))["all_passed"]


def test_only_a_strict_bar_is_missed_by_its_own_threshold() -> None:
    assert at_least("x", 0.5, 0.5).passed
    assert at_most("x", 0.5, 0.5).passed
    assert not above("x", 0.5, 0.5).passed


def test_the_speed_bars_read_the_median_of_parts_and_the_95th_percentile_of_walks() -> None:
    path = {"parts": {"p50_ms": 0.9, "p95_ms": 9.0}, "walks": {"p50_ms": 1.0, "p95_ms": 31.0}}
    strong = {"parts": {"p50_ms": 1.1, "p95_ms": 0.5}, "walks": {"p50_ms": 40.0, "p95_ms": 29.0}}
    figures = {"path": path, "path-strengths": strong, "everybody": {"per_minute": 19_000.0}}
    judged: tuple[Bar, ...] = explanation_speed.bars(figures)
    verdicts = [(bar.value, bar.passed) for bar in judged]
    assert verdicts == [(0.9, True), (31.0, False), (1.1, False), (29.0, True), (19_000.0, False)]


def test_the_path_model_is_held_against_every_lightgcn_of_the_run_and_misses_the_stronger_one() -> None:
    def measured(recall: float) -> Run:
        metrics = {name: Metric(recall, recall, recall) for name in ("recall@20", "ndcg@20")}
        evaluation = Evaluation(1, metrics, {}, np.array([0]), seed=0, draws=0)
        return Run(evaluation, Clock(1.0, 1.0), path_share=1.0, gross_net=2.0, parameters={})

    movielens = {"path": measured(0.34), "lightgcn": measured(0.33), "lightgcn-variant": measured(0.37)}
    newsroom = {name: measured(recall) for name, recall in (("path", 0.2), ("item-knn", 0.1), ("popularity", 0.2))}
    missed = [bar.name for bar in accuracy.bars(movielens, newsroom) if not bar.passed]
    assert [name.split(": ")[1] for name in missed] == [
        "LightGCN Recall@20",
        "path model beside lightgcn-variant of this run, Recall@20",
        "path model above popularity, recall@20",
        "path model above popularity, ndcg@20",
    ]


def test_a_published_split_is_read_from_both_forms_and_its_test_part_is_kept_apart(tmp_path: Path) -> None:
    pairs = {"train": [(0, 1), (0, 3), (2, 0), (2, 10)], "test": [(0, 10), (2, 3)]}
    for form in ("text", "npz"):
        (tmp_path / form).mkdir()
    for part, rows in pairs.items():
        lines = [" ".join(map(str, (u, *(i for v, i in rows if v == u)))) for u in (0, 1, 2)]
        (tmp_path / "text" / f"{part}.txt").write_text("\n".join(lines), encoding="utf-8")
        user, item = zip(*rows, strict=True)
        sparse.save_npz(
            tmp_path / "npz" / f"some_{part}.npz", sparse.csr_matrix((np.ones(len(rows)), (user, item)), shape=(3, 11))
        )
    for form in ("text", "npz"):
        graph = catalogues.read(tmp_path / form)
        parts = split(graph, "given", 0, catalogues.CARD.positives)
        assert (graph.n_users, graph.n_items) == (3, 11)
        held = (parts.train.interactions, parts.test)
        for matrix, rows in zip(held, pairs.values(), strict=True):
            assert set(zip(*(a.tolist() for a in matrix.nonzero()), strict=True)) == set(rows)
    with pytest.raises(DataError, match="neither"):
        catalogues.read(tmp_path)


def test_exponents_are_one_for_linear_and_two_for_quadratic_growth() -> None:
    def row(n: int) -> dict[str, object]:
        linear = {key: {"p50_ms": n / 1000.0} for key in growth.ANSWERS}
        return {"n_edges": n, **linear, "build": {"wall_s": n**2 / 1e9}, "base_mib": 100.0, "peak_mib": 100.0 + n / 1e4}

    exponents = growth.exponents(row(10_000), row(40_000))
    assert exponents["build"] == pytest.approx(2.0)
    assert exponents["memory"] == pytest.approx(1.0)
    assert all(exponents[key] == pytest.approx(1.0) for key in growth.ANSWERS)


def test_one_growth_measurement_tells_the_size_of_its_graph() -> None:
    row = growth.measure(4_000, seed=0)
    assert (row["n_users"], row["n_items"]) == (100, 40)
    assert row["peak_mib"] >= row["base_mib"] > 0
    assert row["walks"]["n"] == growth.N_QUERIES


def test_the_synthetic_graph_has_the_asked_edges_and_a_few_items_that_most_people_have() -> None:
    graph = power_law_graph(20_000, np.random.default_rng(0))
    people = np.sort(np.bincount(graph.interactions.indices, minlength=graph.n_items))[::-1]
    assert 0.97 * 20_000 <= graph.interactions.nnz <= 20_000
    assert graph.interactions.nnz == len(graph.events)
    assert people[:20].mean() > 3 * people[100:].mean()
    assert (np.diff(graph.memberships["topic"].indptr) == 2).all()


def test_the_model_that_gnn_explainer_sees_gives_our_lightgcn_scores() -> None:
    from benchmarks.gnn_explainer import LightGCNExplainer

    rng = np.random.default_rng(2)
    interactions = sparse.csr_matrix((rng.random((6, 5)) < 0.5).astype(float))
    model = LightGCN(Adjacency.binary(interactions), rng.normal(size=(11, 4)))
    explainer = LightGCNExplainer(model, seed=0)
    ours = model.score(np.arange(6))
    theirs = [[explainer.score(user, item) for item in range(5)] for user in range(6)]
    np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)
    assert torch.equal(explainer.x, torch.from_numpy(model.e0.astype(np.float32)))


@pytest.mark.parametrize("text", ["10,x", "5", ""])
def test_sizes_that_are_no_sizes_end_with_a_sentence(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.parser().parse_args(["--sizes", text])
    assert stopped.value.code == 2
    assert "whole numbers" in (message := capsys.readouterr().err) or "at least 1000" in message


def test_the_bars_of_one_size_are_read_where_that_size_was_measured() -> None:
    from benchmarks import growth

    def row(n_edges: int, walks: float) -> dict[str, object]:
        return {"n_edges": n_edges, "parts": {"p50_ms": 2.0}, "walks": {"p95_ms": walks}, "whatif": {"p95_ms": 100.0}}

    judged = growth.speed_bars([row(99_145, 31.0), row(986_281, 1.0), row(2_981_499, 1.0), row(9_974_836, 151.0)])
    assert [(bar.value, bar.threshold, bar.passed) for bar in judged] == [
        (2.0, 1, False),
        (31.0, 30, False),
        (100.0, 200, True),
        (151.0, 150, False),
    ]


def test_only_usual_methods_count_against_ours() -> None:
    from benchmarks import faithfulness

    assert faithfulness._n_usual(["gradient × edge: INS"]) == 0
    assert faithfulness._n_usual(["cosine: DEL", "gradient × input: INS", "gradient × edge: INS"]) == 2
