"""New items and new people: what is taken out is out, comes back nested, and figures are those of a count by hand."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.errors import OptionError
from core.graph import InteractionGraph
from core.models.base import Recommender
from core.models.popularity import Popularity
from core.progress import no_progress
from data.cold import KEPT, LEFT, cold_items, cold_people
from explain.results.cold import ColdFigure, ColdReport
from explain.workspace.cold import cold_report, what_content_is_worth
from tests.command_line import surfaced
from tests.graphs import CARD, KINDS, random_graph


def graph(seed: int = 0) -> InteractionGraph:
    return random_graph(seed, n_users=80, n_items=40, n_events=2_400, n_contexts=0)


def people_of(graph: InteractionGraph, item: int) -> set[int]:
    return set(graph.events.user[graph.events.item == item].tolist())


@pytest.mark.parametrize("seed", [0, 1])
def test_new_items_come_back_person_by_person_and_the_rest_is_measured_on(seed: int) -> None:
    whole = graph(seed)
    cuts = [cold_items(whole, KINDS, kept=kept, seed=seed) for kept in KEPT]
    assert len({tuple(cut.items.tolist()) for cut in cuts}) == 1
    items = cuts[0].items.tolist()
    assert len(items) >= 3
    for item in range(whole.n_items):
        back = [people_of(cut.train, item) for cut in cuts]
        if item not in items:
            assert all(own == people_of(whole, item) for own in back)
            continue
        assert [len(own) for own in back] == list(KEPT)
        assert all(one <= other for one, other in pairwise(back))
        for cut, own in zip(cuts, back, strict=True):
            wanted = set(cut.test[:, [item]].tocoo().row.tolist())
            assert wanted == people_of(whole, item) - own
            assert len(wanted) >= LEFT
    assert set(cuts[0].test.tocoo().col.tolist()) == set(items)


def test_new_people_are_out_of_the_graph_and_come_back_in_one_order() -> None:
    whole = graph()
    train, people = cold_people(whole, KINDS, seed=3)
    gone = set(np.flatnonzero(np.bincount(train.events.user, minlength=whole.n_users) == 0).tolist())
    had = {user: whole.interactions[user] for user in range(whole.n_users) if whole.interactions[user].nnz}
    rows = [(set(p.items.tolist()), set(p.wanted.tolist())) for p in people]
    assert len(people) == len(gone & set(had)) >= 5
    for items, wanted in rows:
        assert any(items == set(row.indices.tolist()) for row in had.values())
        assert wanted == items  # every kind is a positive here
    again = cold_people(whole, KINDS, seed=3)[1]
    assert all(np.array_equal(a.items, b.items) for a, b in zip(people, again, strict=True))


def test_too_few_with_events_enough_is_said() -> None:
    with pytest.raises(OptionError, match="Too few items of 'random'"):
        cold_items(random_graph(1), KINDS, kept=0, seed=0)
    with pytest.raises(OptionError, match="Too few people of 'random'"):
        cold_people(random_graph(1), KINDS, seed=0)


def test_figures_of_popularity_are_those_of_a_count_by_hand() -> None:
    whole, k = graph(2), 3
    report = cold_report(whole, CARD, "popularity", seed=1, k=k, progress=no_progress)
    assert not report.content
    assert report.k_items == max(1, report.n_items // 4) < k
    for kept in KEPT:
        cut = cold_items(whole, KINDS, kept=kept, seed=1)
        best = sorted(cut.items.tolist(), key=lambda i: (-len(people_of(cut.train, i)), i))[: report.k_items]
        values = []
        for user in range(whole.n_users):
            wanted = {i for i in cut.items.tolist() if cut.test[user, i]}
            if wanted:
                values.append(len(wanted & set(best)) / len(wanted))
        assert report.items[kept].value == pytest.approx(np.mean(values))
        assert report.items[kept].n == len(values)
    train, people = cold_people(whole, KINDS, seed=1)
    for n in KEPT:
        values = []
        for person in people:
            known = set(person.items[:n].tolist())
            counts = {i: len(people_of(train, i)) + (i in known) for i in range(whole.n_items) if i not in known}
            best = sorted(counts, key=lambda i: (-counts[i], i))[:k]
            left = set(person.wanted.tolist()) - known
            values.append(len(left & set(best)) / len(left))
        assert report.people[n].value == pytest.approx(np.mean(values))


def report(model: type[Recommender] | str, content: bool, values: tuple[float, ...]) -> ColdReport:
    name = model if isinstance(model, str) else model.spec.name
    figures = {n: ColdFigure(value=v, low=0.0, high=1.0, n=9) for n, v in zip(KEPT, values, strict=True)}
    return ColdReport(model=name, content=content, seed=0, k=20, k_items=1, n_items=5, items=figures, people=figures)


def test_the_sentences_compare_the_best_with_content_and_the_best_without() -> None:
    one, other = report("path", True, (0.3, 0.3, 0.2, 0.2)), report("gnn+content", True, (0.2, 0.4, 0.1, 0.1))
    floors = report(Popularity, False, (0.1, 0.1, 0.1, 0.4)), report("item-knn", False, (0.0, 0.2, 0.1, 0.1))
    said = what_content_is_worth([one, other, *floors])
    assert said[0].startswith("Of items that nobody has yet: Path model finds 0.300, 3.0 times that of the best")
    assert (
        "GNN on content, linear finds 0.400, 2.0 times that of the best without content, Item neighbours (0.200)"
        in said[1]
    )
    assert said[1].startswith("Of items that 1 person has:")
    assert "0.5 times that of the best without content, Popularity (0.400)" in said[3]
    assert "Measure a model" in what_content_is_worth([one])[0]
    assert ColdReport.from_json(one.as_json() | {"items": {str(n): vars(f) for n, f in one.items.items()}}) == one


def test_the_command_measures_several_and_stores_what_the_page_shows(
    newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURFACED_HOME", str(shutil.copytree(newsroom_home, tmp_path / "home")))
    answer = surfaced("cold", "--workspace", "newsroom", "--models", "embedding-knn,popularity", "--json").json
    assert set(answer["models"]) == {"embedding-knn", "popularity"}
    assert answer["models"]["embedding-knn"]["content"] is True
    assert set(answer["models"]["popularity"]["items"]) == {"0", "1", "3", "10"}
    assert len(answer["sentences"]) == len(KEPT)
    assert "Unknown model" in surfaced("cold", "--workspace", "newsroom", "--models", "nonsense").complaint
    assert "Name the models" in surfaced("cold", "--workspace", "newsroom", "--models", ",").complaint
