"""Edited histories through the workbench: against a fresh build from the edited table, and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import OptionError, SurfacedError
from core.graph import Events
from core.models.base import get_model
from core.ranking import rank_of
from core.snapshots import load, save
from data.builder import build_graph
from explain.counterfactual.changes import History
from explain.counterfactual.retraining import edited_graph
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced
from tests.models import from_events_alone, of_histories

MODELS = of_histories()


@pytest.mark.parametrize("model", MODELS)
def test_random_deletions_equal_a_fresh_build_from_the_edited_table(home: Path, model: str) -> None:
    """The table on disk is edited and the graph built again by the builder; parameters are those of the snapshot."""

    bench, rng = Workbench(), np.random.default_rng(0)
    tables = bench.session.store.tables("newsroom")
    manifest, state = load(
        bench.session.store.snapshots("newsroom"),
        next(s.snapshot for s in bench.models.fitted("newsroom") if s.model == model),
    )
    users = [u for u, n in tables.events.groupby("user")["item"].nunique().items() if n >= 4]
    for user in rng.choice(np.array(users, dtype=object), 8, replace=False):
        own = tables.events.loc[tables.events["user"] == user, "item"].unique()
        gone = [str(i) for i in rng.choice(own, int(rng.integers(1, 4)), replace=False)]
        comparison = bench.whatif.compare("newsroom", model, user=str(user), remove=gone, k=10, may_return=True)
        kept = tables.events[~((tables.events["user"] == user) & tables.events["item"].isin(gone))]
        graph = build_graph(replace(tables, events=kept.reset_index(drop=True)))
        fresh = get_model(model).restore(graph, state)
        position = graph.users.index(str(user))
        scores = fresh.score(np.array([position]))[0]
        assert manifest.snapshot == comparison.snapshot
        for entry in comparison.after:
            item = graph.items.index(entry.item)
            assert entry.score == pytest.approx(scores[item], rel=1e-9, abs=1e-12)
            assert entry.rank == rank_of(scores, item, fresh.history(position))
        before = bench.explain.recommend("newsroom", model, user=str(user), k=10)
        assert [(b.item, b.rank) for b in comparison.before] == [(i.item, i.rank) for i in before.items]
        places = {b.item: b.rank for b in comparison.before}
        for entry in comparison.after:
            assert entry.was_rank == places.get(entry.item, entry.was_rank)
            assert (entry.was_rank is None) == (entry.item in own)


def test_nothing_changed_moves_nothing(home: Path) -> None:
    bench = Workbench()
    user = bench.explain.example("newsroom").user
    comparison = bench.whatif.compare("newsroom", "path", user=user)
    assert [(b.item, b.rank, b.score) for b in comparison.before] == [
        (a.item, a.rank, a.score) for a in comparison.after
    ]
    assert all(a.was_rank == a.rank and not a.moved_by for a in comparison.after)


@pytest.mark.parametrize("model", from_events_alone())
def test_what_was_taken_out_is_in_no_list_and_no_rank_unless_it_may_return(home: Path, model: str) -> None:
    bench, rng = Workbench(), np.random.default_rng(5)
    graph = bench.session.workspace("newsroom").graph
    returned = 0
    for user in graph.users.ids[rng.choice(graph.n_users, 12, replace=False)]:
        own = [entry.item for entry in bench.data.person("newsroom", str(user)).history]
        if len(own) < 2:
            continue
        gone = [own[0]]
        asked = {"user": str(user), "remove": gone, "k": graph.n_items}
        kept_out = bench.whatif.compare("newsroom", model, **asked)
        let_in = bench.whatif.compare("newsroom", model, **asked, may_return=True)
        assert gone[0] not in {a.item for a in kept_out.after}
        assert gone[0] in {a.item for a in let_in.after}
        rest = [a for a in let_in.after if a.item not in gone]
        assert [(a.item, a.score) for a in kept_out.after] == [(a.item, a.score) for a in rest]
        assert [a.rank for a in kept_out.after] == list(range(1, len(rest) + 1))
        assert (kept_out.may_return, let_in.may_return) == (False, True)
        returned += let_in.after[-1].item not in gone
    assert returned > 0, "a test of nothing"


def test_masked_items_stay_out_too_unless_they_may_return(home: Path) -> None:
    bench = Workbench()
    user = bench.explain.example("newsroom").user
    gone = bench.data.person("newsroom", user).history[0].item
    asked = {"user": user, "remove": [gone], "kind": "mask", "k": 150}
    assert gone not in {a.item for a in bench.whatif.compare("newsroom", "path", **asked).after}
    assert gone in {a.item for a in bench.whatif.compare("newsroom", "path", **asked, may_return=True).after}


def test_an_emptied_history_leaves_nothing_to_recommend_from(home: Path) -> None:
    bench = Workbench()
    user = bench.explain.example("newsroom").user
    everything = [entry.item for entry in bench.data.person("newsroom", user).history]
    assert bench.whatif.compare("newsroom", "path", user=user, remove=everything).after == ()
    assert bench.whatif.compare("newsroom", "popularity", user=user, remove=everything).after, (
        "popularity needs no history"
    )


def reading_weights(home: Path, tmp_path: Path) -> Path:
    """The same home with a path model that reads weights: its exponent is set, everything else stays."""
    other = Path(shutil.copytree(home, tmp_path / "reading"))
    bench = Workbench(other)
    folder = bench.session.store.snapshots("newsroom")
    manifest, state = load(folder, next(s.snapshot for s in bench.models.fitted("newsroom") if s.model == "path"))
    parameters = {**state.parameters, "weight_exponent": 0.5}
    save(
        folder,
        model="path",
        state=replace(state, parameters=parameters),
        fingerprint=manifest.fingerprint,
        seed=1,
        seconds=1.0,
        metrics=dict(manifest.metrics),
    )
    return other


def test_weights_and_decay_are_those_of_a_table_with_other_weights(home: Path, tmp_path: Path) -> None:
    bench = Workbench(reading_weights(home, tmp_path))
    workspace = bench.session.workspace("newsroom")
    model = workspace.model(workspace.manifest("path"))
    assert model.parameters.weight_exponent == 0.5
    user = bench.explain.example("newsroom").user
    graph, position = workspace.graph, workspace.graph.users.index(user)
    kinds = graph.events.kinds
    comparison = bench.whatif.compare("newsroom", "path", user=user, weights={kinds[0]: 3.0}, half_life_days=5.0)
    assert comparison.reads_weights
    e, own = graph.events, graph.events.user == position
    age = (e.time[own].max() - e.time) / 86_400

    def scores_with(decay: np.ndarray) -> np.ndarray:
        factor = np.where(own, np.where(e.kind == 0, 3.0, 1.0) * decay, 1.0)
        edited = graph.with_events(
            Events(e.user, e.item, e.kind, e.weight * factor, e.time, e.context, e.kinds, e.kind_weights)
        )
        return type(model).restore(edited, model.state()).score(np.array([position]))[0]

    right, reversed_ = scores_with(0.5 ** (age / 5.0)), scores_with(0.5 ** (-np.minimum(age, 60.0) / 5.0))
    items = [graph.items.index(entry.item) for entry in comparison.after]
    np.testing.assert_allclose([entry.score for entry in comparison.after], right[items], rtol=1e-9)
    assert not np.allclose(right[items], reversed_[items], rtol=1e-3), "decay the other way round gives another list"


def test_a_model_that_reads_no_weights_says_so_and_answers_the_same(home: Path) -> None:
    bench = Workbench()
    user = bench.explain.example("newsroom").user
    plain = bench.whatif.compare("newsroom", "item-knn", user=user)
    decayed = bench.whatif.compare("newsroom", "item-knn", user=user, half_life_days=1.0)
    assert not plain.reads_weights
    assert [a.item for a in plain.after] == [a.item for a in decayed.after]
    assert plain.as_json()["reads_weights"] is False


def test_retraining_learns_from_exactly_the_edited_table(home: Path) -> None:
    bench = Workbench()
    user = bench.explain.example("newsroom").user
    workspace = bench.session.workspace("newsroom")
    graph, position = workspace.graph, workspace.graph.users.index(user)
    row = graph.interactions[position]
    order = np.argsort(row.indices)
    now = History(row.indices[order].astype(np.int64), row.data[order])
    added = int(np.setdiff1d(np.arange(graph.n_items), now.items)[0])
    edited = edited_graph(graph, position, now.without(now.items[:2]).plus(np.array([added]), 1.5))
    table, other = graph.interactions.toarray(), edited.interactions.toarray()
    expected = table.copy()
    expected[position, now.items[:2]] = 0.0
    expected[position, added] = 1.5
    np.testing.assert_allclose(other, expected, rtol=1e-12)
    comparison = bench.whatif.compare(
        "newsroom", "popularity", user=user, remove=[str(graph.items.ids[now.items[0]])], kind="retrain"
    )
    assert comparison.kind == "retrain"
    assert len(comparison.after) == 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"remove": ["no-such-item"]}, "no-such-item"),
        ({"kind": "wish"}, "Unknown kind"),
        ({"weights": {"sneeze": 2.0}}, "no kind of event"),
        ({"half_life_days": 0.0}, "half-life"),
        ({"half_life_days": float("nan")}, "half-life"),
        ({"weights": {"view": -1.0}}, "multiplied"),
        ({"kind": "mask", "half_life_days": 3.0}, "mask only drops"),
    ],
)
def test_what_cannot_be_changed_is_said(home: Path, options: dict[str, object], message: str) -> None:
    bench = Workbench()
    with pytest.raises(SurfacedError, match=message):
        bench.whatif.compare("newsroom", "path", user=bench.explain.example("newsroom").user, **options)  # type: ignore[arg-type]


def test_items_in_and_out_of_the_history_are_told_apart(home: Path) -> None:
    bench = Workbench()
    example = bench.explain.example("newsroom")
    had = bench.data.person("newsroom", example.user).history[0].item
    with pytest.raises(OptionError, match="is not in the history"):
        bench.whatif.compare("newsroom", "path", user=example.user, remove=[example.item])
    with pytest.raises(OptionError, match="is in the history already"):
        bench.whatif.compare("newsroom", "path", user=example.user, add=[had])
    with pytest.raises(OptionError, match=r"has .* already"):
        bench.whatif.flip("newsroom", "path", had, user=example.user)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "nobody"}, "User 'nobody' is not among"),
        ({"item": "nothing"}, "Item 'nothing' is not among"),
        ({"history": ["nothing"], "user": None}, "Item 'nothing' is not among"),
        ({"k": 0}, "k is .0"),
        ({"rivals": 0}, "rivals must lie between 1 and"),
        ({"rivals": 10**6}, "rivals must lie between 1 and"),
    ],
)
def test_a_flip_of_unknown_ids_or_impossible_lengths_is_refused(
    home: Path, options: dict[str, object], message: str
) -> None:
    bench = Workbench()
    example = bench.explain.example("newsroom")
    asked: dict[str, object] = {"user": example.user, "item": example.item} | options
    with pytest.raises(SurfacedError, match=message):
        bench.whatif.flip("newsroom", "path", **asked)  # type: ignore[arg-type]


def test_a_flip_is_what_whatif_then_shows(home: Path) -> None:
    bench = Workbench()
    user = bench.explain.example("newsroom").user
    n_found = 0
    for listed in bench.explain.recommend("newsroom", "path", user=user, k=12).items:
        flip = bench.whatif.flip("newsroom", "path", listed.item, user=user, k=10)
        assert (flip.rank, flip.verified) == (listed.rank, flip.found)
        if not flip.found:
            continue
        n_found += 1
        assert bool(flip.removed) == (listed.rank <= 10) == (not flip.added)
        after = bench.whatif.compare("newsroom", "path", user=user, remove=flip.removed, add=flip.added, k=200).after
        assert {a.item: a.rank for a in after}[listed.item] == flip.new_rank
        assert f"rank {flip.rank} to {flip.new_rank}" in flip.sentence
    assert n_found > 0


def test_the_verified_reason_is_what_whatif_says(home: Path) -> None:
    bench = Workbench()
    example = bench.explain.example("newsroom")
    tried = bench.whatif.verified("newsroom", "path", example.item, user=example.user)
    assert tried is not None
    comparison = bench.whatif.compare("newsroom", "path", user=example.user, remove=[tried.item], k=100)
    after = {a.item: a for a in comparison.after}
    assert after[example.item].rank == tried.rank_without
    assert after[example.item].score == pytest.approx(tried.score_without, rel=1e-12)
    assert after[example.item].was_rank == tried.rank
    assert str(tried.rank_without) in tried.sentence


def test_everybodys_explanations_add_up_to_everybodys_scores(home: Path, tmp_path: Path) -> None:
    for model in from_events_alone():
        ended = surfaced(
            "explain-all",
            "--workspace",
            "newsroom",
            "--model",
            model,
            "-k",
            5,
            "--out",
            tmp_path / f"{model}.parquet",
            "--json",
        )
        assert ended.status == 0
        parts = pd.read_parquet(tmp_path / f"{model}.parquet")
        listed = surfaced(
            "recommend-all", "--workspace", "newsroom", "--model", model, "-k", 5, "--out", tmp_path / "lists.parquet"
        )
        assert listed.status == 0
        lists = pd.read_parquet(tmp_path / "lists.parquet").set_index(["user", "item"]).sort_index()
        whole = parts.groupby(["user", "item"], observed=True)["value"].sum().sort_index()
        whole.index = pd.MultiIndex.from_tuples([(str(u), str(i)) for u, i in whole.index])
        assert len(whole) == len(lists) == json.loads(ended.out)["explanations"]
        np.testing.assert_allclose(whole.to_numpy(), lists.loc[whole.index, "score"].to_numpy(), rtol=1e-9)
        relations = [c for c in parts.columns if c.startswith("relation:")]
        history = parts["kind"] == "history"
        np.testing.assert_allclose(
            parts.loc[history, relations].sum(axis=1), parts.loc[history, "value"], rtol=1e-9, atol=1e-12
        )


def test_the_item_view_counts_whom_the_lists_name(home: Path, tmp_path: Path) -> None:
    bench = Workbench()
    item = bench.explain.example("newsroom").item
    view = bench.explain.item_view("newsroom", "path", item, k=10)
    bench.explain.recommend_all("newsroom", "path", tmp_path / "l.parquet", k=10)
    lists = pd.read_parquet(tmp_path / "l.parquet")
    own = lists[lists["item"] == item]
    assert view.n_listed == len(own)
    assert set(view.listed) == set(own["user"].head(200)) or len(own) > 200
    assert view.median_rank == pytest.approx(float(own["rank"].median()))
    listed = pd.DataFrame({"user": view.listed, "rank": view.ranks, "score": view.scores}).set_index("user")
    assert listed["rank"].is_monotonic_increasing
    assert listed["rank"].to_dict() == {u: own.set_index("user")["rank"][u] for u in view.listed}
    np.testing.assert_allclose(listed["score"], own.set_index("user")["score"].loc[listed.index], rtol=1e-9)
    score = sum(bench.explain.why("newsroom", "path", item, user=u, paths=0).score for u in own["user"])
    best = view.sources[0]
    amount = sum(
        p.value
        for u in own["user"]
        for p in bench.explain.why("newsroom", "path", item, user=u, paths=0).parts
        if p.id == best.id
    )
    assert best.share == pytest.approx(amount / score, rel=1e-9)
    most = str(lists["item"].value_counts().index[0])
    users = bench.session.workspace("newsroom").graph.users.attributes
    cohorts = bench.explain.item_view("newsroom", "path", most, k=10).cohorts
    column = cohorts[0].column
    assert sum(c.n for c in cohorts if c.column == column) == int((lists["item"] == most).sum())
    assert column in users.columns


def test_the_list_view_adds_up_to_the_scores(home: Path) -> None:
    bench = Workbench()
    view = bench.explain.list_view("newsroom", "lightgcn", user=bench.explain.example("newsroom").user)
    columns = np.array(view.amounts).sum(axis=0) + np.array(view.rest)
    np.testing.assert_allclose(columns, view.scores, rtol=1e-9)
