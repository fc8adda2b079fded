"""Lists of a moment from the shell and the workbench, on the small Newsroom with models that weigh time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.models.path import PathModel
from explain.explanation.edges import edge_parts
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced

pytestmark = pytest.mark.usefixtures("living_home")

PATH = ("--workspace", "newsroom", "--model", "path")
DAY_S, HOUR_S = 86_400, 3_600


@pytest.fixture
def bench() -> Workbench:
    return Workbench()


def moments(bench: Workbench, n: int, seed: int) -> list[int]:
    """Moments of the data's second half."""
    span = bench.over_time.span("newsroom")
    assert span is not None
    return sorted(np.random.default_rng(seed).integers(sum(span) // 2, span[1], n).tolist())


def test_time_entered_the_served_model(bench: Workbench) -> None:
    loaded = bench.session.workspace("newsroom")
    model = loaded.model(loaded.manifest("path"))
    assert isinstance(model, PathModel)
    assert model.parameters.timed
    for relation in model.parameters.relations.values():
        assert relation.reach_life is None or HOUR_S / 2 <= relation.reach_life <= 366 * DAY_S


def test_parts_walks_edges_and_fold_in_hold_at_any_moment(bench: Workbench) -> None:
    rng = np.random.default_rng(0)
    for moment in moments(bench, 20, 1):
        loaded = bench.session.workspace("newsroom", moment)
        model, graph = loaded.model(loaded.manifest("path")), loaded.graph
        assert graph.events.time.max() < moment
        users = rng.integers(0, graph.n_users, 10)
        scores = model.score(users)
        for user, row in zip(users.tolist(), scores, strict=True):
            item = int(rng.integers(graph.n_items))
            parts = model.parts(user, item)
            limit = max(1e-9, 1e-9 * abs(row[item]))
            assert abs(parts.total - row[item]) <= limit
            assert abs(model.connected(user, item) - row[item]) <= limit
            own = model.history(user)
            folded, place = model.fold_in(own, loaded.weights(user, own), user)
            np.testing.assert_allclose(folded.score(np.array([place]))[0], row, rtol=1e-9, atol=1e-12)
        edges = edge_parts(model, int(users[0]), item)
        assert edges.completeness_error <= 1e-9
        assert edges.empty == pytest.approx(0.0, abs=1e-12)


def test_lists_hold_only_what_was_there(bench: Workbench) -> None:
    for moment in moments(bench, 5, 2):
        graph = bench.session.workspace("newsroom", moment).graph
        user = str(graph.users.ids[int(np.diff(graph.interactions.indptr).argmax())])
        answer = surfaced("recommend", *PATH, "--user", user, "--at", moment, "--json").json
        assert len(answer["items"]) == 10
        for entry in answer["items"]:
            item = graph.items.index(entry["item"])
            assert graph.published is not None
            assert graph.published[item] <= moment
            assert item not in graph.interactions[graph.users.index(user)].indices


def test_why_now_and_not_then_sums_and_says_when_it_leaves(bench: Workbench) -> None:
    moment = moments(bench, 1, 3)[0]
    graph = bench.session.workspace("newsroom", moment).graph
    user = str(graph.users.ids[int(np.diff(graph.interactions.indptr).argmax())])
    listed = bench.explain.recommend("newsroom", "path", user=user, at=moment)
    item = listed.items[0].item
    asked = ("why", *PATH, "--user", user, "--item", item, "--at", moment, "--since", moment - DAY_S, "--json")
    answer = surfaced(*asked).json
    changed = sum(part["value"] for part in answer["since"]["parts"])
    assert changed == pytest.approx(answer["score"] - answer["since"]["score"], rel=1e-9)
    then = surfaced("why", *PATH, "--user", user, "--item", item, "--at", moment - DAY_S, "--json").json
    assert then["score"] == answer["since"]["score"]
    assert answer["at"] == moment
    assert answer["leaves_at"] is None or answer["leaves_at"] > moment
    trend = [p for p in answer["paths"] if p["relation"] == "trend"]
    assert all([hop["target_kind"] for hop in path["hops"]] == ["moment", "people", "item"] for path in trend)
    assert answer["path_share"] == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "soon"), "is no moment"),
        (("--at", "9" * 40), "is no moment"),
        (("--since", "2999-01-01"), "must lie before"),
    ],
)
def test_a_moment_that_is_none_is_a_sentence(bench: Workbench, words: tuple[str, str], said: str) -> None:
    example = bench.explain.example("newsroom")
    refused = surfaced("why", *PATH, "--user", example.user, "--item", example.item, *words)
    assert refused.status == 2
    assert said in refused.complaint


def test_evaluate_replays_the_last_tenth_and_beats_nothing_by_leaking(bench: Workbench) -> None:
    answer = surfaced("evaluate", *PATH, "--refresh", 6 * HOUR_S, "--json").json
    assert answer["split"] == "live"
    assert {"recall@20", "ndcg@20", "mrr@20", "recall@20 per person", "coverage@20"} <= set(answer["metrics"])
    graph = bench.session.workspace("newsroom").graph
    late = graph.events.time >= answer["start"]
    assert 0.05 < late.mean() <= 0.11
    assert answer["path_share"] == pytest.approx(1.0, abs=1e-9)
    assert 0 < answer["median_age_listed_days"] < 30
    assert answer["refresh"] == 6 * HOUR_S
    n = np.array([day["n_events"] for day in answer["days"]])
    assert n.sum() == answer["n_events"]
    assert [day["day"] for day in answer["days"]] == sorted({day["day"] for day in answer["days"]})
    for short, name in (("recall", "recall@20"), ("ndcg", "ndcg@20")):
        mean = float(n @ [day[short] for day in answer["days"]]) / n.sum()
        assert mean == pytest.approx(answer["metrics"][name]["value"])
    stored = bench.evaluate.stored("newsroom", "path", split="live")
    assert stored is not None
    assert stored.live is not None
    assert [day.n_events for day in stored.live.days] == n.tolist()
    refused = surfaced("evaluate", *PATH, "--split", "last", "--refresh", 60)
    assert refused.status == 2
    assert "--refresh belongs to the split live" in refused.complaint


def test_a_window_audit_is_what_its_exported_lists_say(bench: Workbench, tmp_path: Path) -> None:
    usual = bench.over_time.usual("newsroom")
    assert usual is not None
    start, end, _ = usual
    out = tmp_path / "lists.parquet"
    words = ("--by", "author_group", "--window", f"{start},{end}", "--every", 48, "-k", 5, "--lists", out, "--json")
    answer = surfaced("audit", *PATH, *words).json
    lists = pd.read_parquet(out)
    assert answer["window"]["n_lists"] == lists.groupby(["moment", "user"]).ngroups
    table = bench.session.store.tables("newsroom")
    group = table.creators.merge(table.items[["item", "author_group"]], on="item", how="right")
    of_item = dict(zip(group["item"], group["author_group"], strict=True))
    published = dict(zip(table.items["item"], table.items["published"], strict=True))
    got, due = dict.fromkeys(set(of_item.values()), 0.0), dict.fromkeys(set(of_item.values()), 0.0)
    for (moment, _), rows in lists.groupby(["moment", "user"]):
        total = 0.0
        for rank, item in zip(rows["rank"], rows["item"], strict=True):
            got[of_item[item]] += 0.8 ** (rank - 1)
            total += 0.8 ** (rank - 1)
        there = [of_item[i] for i in published if published[i] <= moment]
        for name in due:
            due[name] += total * there.count(name) / len(there)
    for row in answer["rows"]:
        if row["value"] is not None:
            name = row["group"]
            ratio = got[name] / sum(got.values()) / (due[name] / sum(due.values()))
            assert row["value"] == pytest.approx(ratio, rel=1e-9)
    days = {day["day"] for day in answer["window"]["days"]}
    assert days == {str(pd.Timestamp(m, unit="s").date()) for m in lists["moment"].unique()}


def test_exposure_of_a_moment_is_of_its_catalogue(bench: Workbench) -> None:
    moment = moments(bench, 1, 5)[0]
    answer = surfaced("audit", *PATH, "--by", "author_group", "--at", moment, "-k", 5, "--json").json
    assert answer["target"] == "catalogue share of each moment"
    assert {row["group"] for row in answer["rows"]} >= {"new", "established"}


def test_rules_gaps_and_weights_of_a_moment_are_of_its_lists(bench: Workbench) -> None:
    moment = moments(bench, 1, 6)[0]
    rows = {
        r.group: r.value for r in bench.over_time.of_moment("newsroom", "path", "author_group", at=moment, k=5).rows
    }
    rule = "minimum-exposure:by=author_group,group=new,share=1"
    guarded = bench.rules.apply("newsroom", "path", [rule], k=5, at=moment, heldout=False)
    before = {change.group: change.before for change in guarded.groups}
    assert {group: before[group] for group in ("new", "established")} == pytest.approx(
        {group: rows[group] for group in ("new", "established")}
    )
    words = ("--by", "author_group", "--group", "new", "--people", 300, "--at", moment, "-k", 5, "--json")
    assert surfaced("attribute", *PATH, *words).json["ratio"] == pytest.approx(rows["new"])
    graph = bench.session.workspace("newsroom", moment).graph
    user = str(graph.users.ids[int(np.diff(graph.interactions.indptr).argmax())])
    placed = surfaced("guardrail", *PATH, "--rule", rule, "--user", user, "--at", moment, "-k", 5, "--json").json
    positions = [graph.items.index(place["item"]) for place in placed["items"]]
    assert len(positions) == 5
    assert not np.isin(positions, graph.closed).any()
    shares = surfaced("weights", *PATH, "--people", 50, "--at", moment, "-k", 5, "--json").json["rows"]
    assert sum(row["share"] for row in shares if row["level"] == shares[0]["level"]) == pytest.approx(1.0)


def test_moments_before_and_after_the_data_are_answered(bench: Workbench) -> None:
    span = bench.over_time.span("newsroom")
    assert span is not None
    user = bench.explain.example("newsroom").user
    nothing = surfaced("recommend", *PATH, "--user", user, "--at", span[0] - DAY_S, "--json").json
    assert all(entry["score"] == 0 for entry in nothing["items"]), "nobody had anything yet"
    later = surfaced("recommend", *PATH, "--user", user, "--at", span[1] + 30 * DAY_S, "--json").json
    assert len(later["items"]) == 10
