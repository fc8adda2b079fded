"""Data as other people have it: codes that look like numbers, baskets that belong to somebody, columns
named like ours.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from core.errors import DataError, OptionError, SnapshotError
from core.guardrails.base import Groups, Pool, Setting, rule_from, rule_from_text
from core.models.base import ModelState
from core.models.path import PathModel
from core.snapshots import load
from explain.groups.cohorts import cohorts
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced
from tests.models import of_walks_alone


def shop(
    tmp_path: Path, *, items: pd.DataFrame | None = None, contexts: bool = False, n: int = 24, whole: bool = False
) -> Workbench:
    """n people, 12 things; every basket is one person's."""
    rng = np.random.default_rng(0)
    rows = []
    for u in range(n):
        for i in range(12) if whole else sorted(rng.choice(12, 5, replace=False).tolist()):
            rows.append(
                {
                    "user": f"u{u:02}",
                    "item": f"i{i:02}",
                    "time": 1_600_000_000 + u * 999 + i,
                    "context": f"secret-{u}-{i % 2}",
                }
            )
    folder = tmp_path / "shop"
    folder.mkdir()
    frame = pd.DataFrame(rows)
    (frame if contexts else frame.drop(columns="context")).to_csv(folder / "events.csv", index=False)
    if items is not None:
        items.to_parquet(folder / "items.parquet") if "tags" in items else items.to_csv(
            folder / "items.csv", index=False
        )
    bench = Workbench(tmp_path / "home")
    bench.data.prepare("shop", folder=folder)
    return bench


THINGS = [f"i{i:02}" for i in range(12)]


def test_a_basket_of_somebody_else_is_counted_and_not_named(tmp_path: Path) -> None:
    bench = shop(tmp_path, contexts=True)
    workspace = bench.session.workspace("shop")
    info = bench.models.fit("shop", "path")
    manifest = workspace.manifest("path", info.snapshot)
    parameters = PathModel.restore(workspace.graph, bench_state(bench, manifest.snapshot)).parameters
    assert "same_context" in parameters.relations
    model = PathModel.build(workspace.graph, parameters.with_relation("same_context", weight=0.6))
    bench.session.cache.put("model", (workspace.key, manifest.snapshot), model)
    hops = []
    for user in range(6):
        for item in range(12):
            explanation = bench.explain.why("shop", "path", THINGS[item], user=f"u{user:02}", paths=40)
            hops += [h for p in explanation.paths for h in p.hops]
    through = [h for h in hops if "context" in h.relation or "basket" in h.target or "basket" in h.source]
    assert any(h.target_label.startswith(("basket ", "context ", "one of fewer")) for h in hops), "walks pass baskets"
    assert not [h for h in hops if "secret" in f"{h.source}{h.target}{h.source_label}{h.target_label}"], through[:2]
    edges = bench.explain.edges("shop", "path", THINGS[0], user="u03")
    assert "secret" not in str(edges.as_json())


def bench_state(bench: Workbench, snapshot: str) -> ModelState:
    return load(bench.session.store.snapshots("shop"), snapshot)[1]


def test_codes_with_leading_zeros_stay_codes(tmp_path: Path) -> None:
    items = pd.DataFrame(
        {"item": THINGS, "code": ["001", "01", "1", "1.0"] * 3, "size": [str(i % 3) for i in range(12)]}
    )
    graph = shop(tmp_path, items=items).session.workspace("shop").graph
    assert cohorts(graph, "code", "item").labels == ("001", "01", "1", "1.0")
    assert cohorts(graph, "size", "item").labels == ("0", "1", "2")


def test_a_column_named_popularity_is_the_datas_own(tmp_path: Path) -> None:
    bench = shop(tmp_path, items=pd.DataFrame({"item": THINGS, "popularity": ["hot", "cold"] * 6}))
    graph = bench.session.workspace("shop").graph
    assert set(cohorts(graph, "popularity", "item").labels) == {"hot", "cold"}
    assert "people" in cohorts(graph, "popularity.derived", "item").labels[0]


def test_a_column_of_lists_can_be_audited_like_any_text(tmp_path: Path) -> None:
    items = pd.DataFrame({"item": THINGS, "tags": [["a", "b"], ["a"], [], ["b"]] * 3})
    graph = shop(tmp_path, items=items).session.workspace("shop").graph
    groups = cohorts(graph, "tags", "item")
    assert groups.labels[-1] == "unknown", "an empty list is not known"
    assert groups.sizes.sum() == 12


def test_the_usual_plan_asks_about_the_datas_own_columns(tmp_path: Path) -> None:
    items = pd.DataFrame({"item": THINGS, "period": ["old", "new"] * 6, "land": list("abc") * 4})
    bench = shop(tmp_path, items=items)
    bench.models.fit("shop", "popularity")
    columns = bench.audits.usual_plan("shop", "popularity").item_columns
    assert columns[:2] == ("period", "land")
    assert "topic" not in columns, "nothing has a topic here"


def test_everybody_has_everything(tmp_path: Path) -> None:
    bench = shop(tmp_path, whole=True)
    for model in of_walks_alone():
        bench.models.fit("shop", model)
        out = tmp_path / f"{model}.parquet"
        assert bench.explain.explain_all("shop", model, out, k=5) == 0
        assert len(pd.read_parquet(out)) == 0
    scores = bench.explain.recommend("shop", "path", history=["i01", "i02"], k=5).items
    assert all(abs(i.score) < 1e3 for i in scores), "a scale of pure rounding would blow the scores up"


def test_amounts_that_no_sum_could_hold_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "huge"
    folder.mkdir()
    (folder / "events.csv").write_text("user,item,value\na,x,1.7e308\na,y,2\nb,x,3\n")
    with pytest.raises(DataError, match="above 1e\\+12"):
        Workbench(tmp_path / "home").data.prepare("huge", folder=folder)


def test_files_of_nothing_but_brackets_are_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / "plan.json"
    deep.write_text("[" * 100_000)
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path / "home"))
    ended = surfaced("run-audit", "--workspace", "deep", "--model", "path", "--plan", deep, "--actor", "A")
    assert "cannot be read as JSON" in ended.complaint
    folder = tmp_path / "deep"
    folder.mkdir()
    (folder / "events.csv").write_text("user,item\na,x\nb,y\n")
    (folder / "card.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match=r"card\.json is not JSON"):
        Workbench(tmp_path / "home").data.prepare("deep", folder=folder)


def test_a_damaged_newest_snapshot_is_said_and_the_next_fit_heals_it(tmp_path: Path) -> None:
    bench = shop(tmp_path)
    bench.models.fit("shop", "popularity")
    newest = bench.models.fit("shop", "popularity", seed=1).snapshot
    manifest = bench.session.store.snapshots("shop") / newest / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    with pytest.raises(SnapshotError, match=newest):
        Workbench(bench.session.store.home).explain.recommend("shop", "popularity", user="u01", k=3)
    fresh = bench.models.fit("shop", "popularity", seed=2).snapshot
    assert (
        Workbench(bench.session.store.home).explain.recommend("shop", "popularity", user="u01", k=3).snapshot == fresh
    )


def test_what_is_withdrawn_is_in_no_list_under_rules_and_no_part_of_the_catalogue(tmp_path: Path) -> None:
    colours = ["red", "blue"] * 6
    gone = [1_500_000_000 if i in (0, 1, 2) else None for i in range(12)]
    bench = shop(tmp_path, items=pd.DataFrame({"item": THINGS, "colour": colours, "withdrawn": gone}))
    bench.models.fit("shop", "path")
    rule = "minimum-exposure:by=colour,group=red,share=1"
    for user in (f"u{u:02}" for u in range(6)):
        placed = {place.item for place in bench.rules.guarded_list("shop", "path", [rule], user=user, k=7)}
        assert placed
        assert placed.isdisjoint(THINGS[:3])
    shares = bench.exposure.catalogue_shares("shop", "colour")
    assert shares == pytest.approx({"red": 4 / 9, "blue": 5 / 9})
    audited = {row.group: row for row in bench.exposure.audit("shop", "path", "colour", k=3).rows}
    graph = bench.session.workspace("shop").graph
    lists = bench.session.workspace("shop").lists(bench.session.workspace("shop").manifest("path"), 3)
    attention = np.where(lists >= 0, 0.8 ** np.arange(3), 0.0)
    red = np.isin(lists, [graph.items.index(t) for t, c in zip(THINGS, colours, strict=True) if c == "red"])
    assert audited["red"].value == pytest.approx((attention * red).sum() / attention.sum() / (4 / 9))
    attributed = bench.exposure.gap_attribution("shop", "path", "colour", "red", 3, people=24)
    assert attributed.ratio == pytest.approx(audited["red"].value)
    assert attributed.gap_random == pytest.approx(
        attributed.exposure - attributed.target - sum(part.value for part in attributed.parts)
    )


def test_a_cap_leaves_things_of_unknown_makers_alone() -> None:
    items = np.tile(np.arange(6), (4, 1))
    labels = ("one", "unknown")
    member = sparse.csr_matrix(np.array([[1.0, 0.0]] * 3 + [[0.0, 1.0]] * 3))
    setting = Setting(
        5,
        0.8 ** np.arange(5),
        np.ones(6),
        sparse.csr_matrix((4, 6)),
        lambda by: Groups(by, labels, member, np.array([0.5, 0.5])),
    )
    reranked = rule_from_text("creator-cap:by=creator,most=1").apply(
        Pool(items, np.tile(np.linspace(1, 0, 6), (4, 1))), setting
    )
    assert reranked.items[0, :4].tolist() == [0, 3, 4, 5], "one of the known maker, all of the unknown ones"


def test_options_of_a_rule_are_those_that_can_be_set() -> None:
    for option in ("title", "strength", "colour"):
        with pytest.raises(OptionError, match=r"it has by, weight\."):
            rule_from({"name": "mmr", option: "x"})
