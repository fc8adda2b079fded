"""Blind tests: what is sealed stays sealed, the interval does what it says, and a changed seal is seen."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from core.errors import CancelledError, NotReadyError, OptionError, SurfacedError
from core.progress import no_progress
from data.builder import build_graph
from data.simulation.config import NewsroomConfig
from data.simulation.simulator import simulate_newsroom
from explain.blind_test import audit, files
from explain.blind_test import ladder as bl
from explain.charts.attribution import blind_chart
from explain.storage.store import Store
from explain.workbench import tasks
from explain.workbench.workbench import Workbench
from tests.command_line import surfaced

SMALL = bl.Setup(
    NewsroomConfig(n_users=60, n_items=80, n_authors=28, n_days=10, mean_views=14.0, cohort_bias=0.0, author_bias=0.0),
    rungs=9,
)


@pytest.fixture(scope="module")
def ladders(tmp_path_factory):
    """A home with the ladders of both kinds for the small newsroom."""
    home = tmp_path_factory.mktemp("blind-home")
    for kind in ("author", "cohort"):
        bl.ladder(home, kind, SMALL, lambda *_: None)
    return home


@pytest.fixture
def bench(ladders, tmp_path, monkeypatch):
    (tmp_path / "blind").mkdir()
    for file in (ladders / "blind").glob("ladder-*"):
        (tmp_path / "blind" / file.name).write_bytes(file.read_bytes())
    monkeypatch.setenv("SURFACED_HOME", str(tmp_path))
    monkeypatch.setattr(audit, "Setup", lambda: SMALL)
    return Workbench(tmp_path)


def sealed_text(bench, test):
    return json.loads((bench.session.store.home / "blind" / f"{test}.sealed.json").read_text())["text"]


def test_the_commitment_is_the_hash_of_a_salted_text_and_nothing_else_tells_the_size(bench):
    begun = bench.blind_test.seal(0.4321, "author", 7)
    text = sealed_text(bench, begun.id)
    assert begun.commitment == hashlib.sha256(text.encode()).hexdigest()
    assert json.loads(text)["size"] == 0.4321
    assert len(json.loads(text)["salt"]) == 32
    bench.blind_test.run(begun.id)
    stored = (bench.session.store.home / "blind" / f"{begun.id}.json").read_text()
    assert "0.4321" not in stored
    assert bench.blind_test.seal(0.4321, "author", 7).commitment != begun.commitment


def test_the_audited_workspace_holds_neither_causes_nor_words_about_what_is_planted(bench):
    begun = bench.blind_test.start(0.777, "author", 3)
    tables = Store(bench.session.store.home).tables(begun.workspace)
    assert not {"cause", "cause_id"} & set(tables.events.columns)
    card = json.dumps([tables.card.summary, tables.card.attribute_notes])
    assert "Planted" not in card
    assert "0.777" not in card
    assert "78%" not in card
    assert [info.model for info in bench.models.fitted(begun.workspace)] == ["path"]


@pytest.mark.parametrize("kind", ["author", "cohort"])
def test_from_seal_to_reveal(bench, kind):
    begun = bench.blind_test.seal(None, kind)
    with pytest.raises(OptionError, match="no estimate yet"):
        bench.blind_test.reveal(begun.id)
    assert bench.blind_test.result(begun.id) is None
    estimate = bench.blind_test.run(begun.id)
    assert bench.blind_test.result(begun.id) == estimate == bench.blind_test.run(begun.id)
    assert 0 <= estimate.low <= estimate.size <= estimate.high <= bl.MAX_SIZE
    assert estimate.n_ladder == SMALL.rungs
    truth = bench.blind_test.reveal(begun.id)
    assert truth.matches
    assert truth.true_size == json.loads(sealed_text(bench, begun.id))["size"]
    assert truth.held == (estimate.low - 1e-9 <= truth.true_size <= estimate.high + 1e-9)
    assert truth.recomputed == hashlib.sha256(truth.committed_text.encode()).hexdigest()
    assert asdict(replace(bench.blind_test.tests()[0], held=None)) == {
        "id": begun.id,
        "kind": kind,
        "created": begun.created,
        "commitment": begun.commitment,
        "audited": True,
        "revealed": True,
        "held": None,
    }


def test_a_size_that_was_changed_after_the_seal_is_seen(bench):
    begun = bench.blind_test.start(0.2, "author", 5)
    place = bench.session.store.home / "blind" / f"{begun.id}.sealed.json"
    place.write_text(place.read_text().replace("0.2", "0.9"))
    truth = bench.blind_test.reveal(begun.id)
    assert not truth.matches
    assert "NOT match" in truth.sentence


def test_a_seal_that_is_lost_is_a_sentence(bench):
    begun = bench.blind_test.start(0.2, "author", 5)
    (bench.session.store.home / "blind" / f"{begun.id}.sealed.json").unlink()
    with pytest.raises(SurfacedError, match="cannot be read"):
        bench.blind_test.reveal(begun.id)


def test_the_estimate_depends_on_the_world_alone(bench):
    first, second = (bench.blind_test.start(0.6, "cohort", 12) for _ in range(2))
    assert first.commitment != second.commitment
    assert (first.size, first.low, first.high, first.numbers) == (second.size, second.low, second.high, second.numbers)


def test_a_seal_that_is_lost_before_the_audit_is_a_sentence_too_and_a_damaged_record_hides_no_other(bench):
    lost, kept = bench.blind_test.seal(0.2), bench.blind_test.seal(0.3)
    (bench.session.store.home / "blind" / f"{lost.id}.sealed.json").write_text("{")
    with pytest.raises(SurfacedError, match="cannot be read"):
        bench.blind_test.run(lost.id)
    (bench.session.store.home / "blind" / f"{lost.id}.json").write_text("[]")
    assert [entry.id for entry in bench.blind_test.tests()] == [kept.id]


@pytest.mark.parametrize(
    ("size", "kind", "seed", "sentence"),
    [
        (1.2, "author", None, "0 to 0.95"),
        (-0.1, "author", None, "0 to 0.95"),
        (float("nan"), "author", None, "0 to 0.95"),
        (0.5, "weather", None, "author, cohort"),
        (0.5, "author", bl.LADDER_SEED, "seed"),
        (0.5, "author", -1, "seed"),
    ],
)
def test_what_cannot_be_planted_is_refused(bench, size, kind, seed, sentence):
    with pytest.raises(OptionError, match=sentence):
        bench.blind_test.seal(size, kind, seed)
    assert bench.blind_test.tests() == ()


@pytest.mark.parametrize("test", ["0000aaaa", "../../etc", "", "x" * 300])
def test_an_unknown_test_is_refused(bench, test):
    for ask in (bench.blind_test.run, bench.blind_test.reveal, bench.blind_test.result):
        with pytest.raises(OptionError, match="no blind test"):
            ask(test)


def test_a_stopped_ladder_goes_on_where_it_stood_and_nothing_is_said_before(tmp_path):
    done = []

    def stop(fraction, doing):
        done.append(doing)
        if "rung 4" in doing:
            raise CancelledError("Stopped.")

    bench = Workbench(tmp_path)
    begun = bench.blind_test.seal(0.5, "author", 1)
    with pytest.raises(CancelledError):
        bench.blind_test.run(begun.id, setup=SMALL, progress=stop)
    assert bench.blind_test.result(begun.id) is None
    rungs = json.loads(next((tmp_path / "blind").glob("ladder-*")).read_text())["rows"]
    assert len(rungs) == 3
    doings: list[str] = []
    bench.blind_test.run(begun.id, setup=SMALL, progress=lambda _, doing: doings.append(doing))
    assert not any("rung 3 " in doing for doing in doings)
    assert json.loads(next((tmp_path / "blind").glob("ladder-*")).read_text())["rows"][:3] == rungs


def test_a_damaged_ladder_is_simulated_again(ladders, tmp_path):
    place = tmp_path / "blind" / f"ladder-author-{SMALL.key('author')}.json"
    place.parent.mkdir()
    place.write_text('{"rows": [[1, 2]')
    again = bl.ladder(tmp_path, "author", SMALL, lambda *_: None)
    kept = bl.ladder(ladders, "author", SMALL, lambda *_: None)
    assert np.array_equal(again.numbers, kept.numbers)


def test_rungs_cover_the_range_evenly_with_seeds_of_their_own(ladders):
    ladder = bl.ladder(ladders, "author", SMALL, lambda *_: None)
    assert sorted(ladder.sizes) == pytest.approx(np.linspace(0, bl.MAX_SIZE, SMALL.rungs).tolist())
    graph = build_graph(simulate_newsroom(SMALL.planted("author", float(ladder.sizes[4])), seed=bl.LADDER_SEED + 4))
    assert bl.numbers_of(graph, ("view",), "author") == pytest.approx(ladder.numbers[4])


def by_loops(graph, amount):
    """log of what new authors' articles have over what articles of the same section and time have on average."""
    new, section = graph.items.attributes["author_group"] == "new", graph.items.attributes["section"]
    order = sorted(range(graph.n_items), key=lambda i: (graph.items.attributes["published"].iloc[i], i))
    stratum = {i: (section.iloc[i], order.index(i) * 4 // graph.n_items) for i in range(graph.n_items)}
    got = sum(amount[i] for i in range(graph.n_items) if new.iloc[i])
    due = 0.0
    for i in range(graph.n_items):
        peers = [j for j in range(graph.n_items) if stratum[j] == stratum[i]]
        due += sum(amount[j] for j in peers) / len(peers) if new.iloc[i] else 0.0
    return np.log(got / due)


def test_the_numbers_of_the_author_audit_are_standardised_by_section_and_time():
    graph = build_graph(simulate_newsroom(SMALL.planted("author", 0.5), seed=3))
    _, lists = bl.served(graph)
    exposure = np.zeros(graph.n_items)
    for row in lists:
        for place, item in enumerate(row):
            exposure[item] += 0.8**place
    readers = [len(set(graph.events.user[graph.events.item == i].tolist())) for i in range(graph.n_items)]
    expected = [by_loops(graph, exposure), by_loops(graph, readers)]
    assert bl.numbers_of(graph, ("view",), "author").tolist() == pytest.approx(expected)


def test_focus_is_the_chance_that_two_articles_of_a_reader_are_of_one_section():
    graph = build_graph(simulate_newsroom(SMALL.planted("cohort", 0.5), seed=3))
    section = graph.items.attributes["section"].tolist()
    for user in (0, 11, 42):
        items = graph.interactions[user].indices.tolist()
        pairs = [section[a] == section[b] for n, a in enumerate(items) for b in items[n + 1 :]]
        assert bl._focus(graph)[user] == pytest.approx(np.mean(pairs))


def test_hidden_events_are_placed_by_rank_among_what_a_reader_lacks():
    from core.models.path import PathModel
    from data.splits import split

    tables = simulate_newsroom(SMALL.planted("cohort", 0.5), seed=3)
    graph = build_graph(tables)
    part = split(graph, "random", 0, tables.card.positives)
    model, placed = PathModel.build(part.train, bl.REFERENCE), bl._placed(graph, tables.card.positives)
    for user in np.flatnonzero(np.diff(part.test.indptr))[:6].tolist():
        scores = model.score(np.array([user]))[0]
        lacks = [i for i in range(graph.n_items) if i not in set(part.train.interactions[user].indices.tolist())]
        below = [
            np.mean([(scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]) for j in lacks])
            for i in part.test[user].indices
        ]
        assert placed[user] == pytest.approx(np.mean(below) - 0.5)


def world_numbers(sizes, rng, spread):
    """A simulated simulator: two numbers that bend with the size, one of them mostly noise."""
    clean = -1.1 * sizes - 0.3 * sizes**2
    return np.column_stack([clean + rng.normal(0, 4 * spread, len(sizes)), clean + rng.normal(0, spread, len(sizes))])


def test_a_size_without_noise_is_read_off_exactly():
    sizes = np.linspace(0, 0.95, 12)
    flat = -1.1 * sizes - 0.3 * sizes**2
    ladder = bl.Ladder("author", sizes, np.column_stack([flat, flat]))
    for size in (0.1, 0.5, 0.8):
        read = bl.estimate(ladder, np.repeat(-1.1 * size - 0.3 * size**2, 2))
        assert read.size == pytest.approx(size, abs=2e-3)
        assert read.high - read.low < 0.01


def test_the_interval_is_where_a_prediction_band_holds_the_number():
    """The second way: polyfit's own covariance gives the band, sizes are tried one by one."""
    from scipy import stats

    rng = np.random.default_rng(4)
    sizes = np.linspace(0, 0.95, 20)
    ladder = bl.Ladder("author", sizes, world_numbers(sizes, rng, 0.1))
    numbers = world_numbers(np.array([0.6]), rng, 0.1)[0]
    covariance = np.cov(np.column_stack([ladder.numbers, sizes]).T)
    slope = np.linalg.solve(covariance[:2, :2], covariance[:2, 2])
    z, z0 = ladder.numbers @ slope, float(numbers @ slope)
    line, unscaled = np.polyfit(sizes, z, 2, cov="unscaled")
    freedom = 20 - 4
    spread = np.sqrt(((z - np.polyval(line, sizes)) ** 2).sum() / freedom)
    kept = []
    for size in np.arange(0, 0.9501, 0.001):
        g = np.array([size**2, size, 1.0])
        reach = stats.t(freedom).ppf(0.975) * spread * np.sqrt(1 + g @ unscaled @ g)
        if abs(z0 - np.polyval(line, size)) <= reach:
            kept.append(size)
    read = bl.estimate(ladder, numbers)
    assert (read.low, read.high) == pytest.approx((min(kept), max(kept)), abs=1.5e-3)
    assert read.spread == pytest.approx(spread)


@pytest.mark.parametrize("truth", [0.0, 0.3, 0.7, 0.95])
def test_over_400_seeds_the_interval_holds_the_size_as_often_as_it_says(truth):
    held = []
    for seed in range(400):
        rng = np.random.default_rng([seed, int(100 * truth)])
        sizes = np.linspace(0, 0.95, 40)
        ladder = bl.Ladder("author", sizes, world_numbers(sizes, rng, 0.08))
        read = bl.estimate(ladder, world_numbers(np.array([truth]), rng, 0.08)[0])
        held.append(read.low - 1e-9 <= truth <= read.high + 1e-9)
    print(f"size {truth}: held in {np.mean(held):.1%} of 400")
    ends = truth in (0.0, 0.95)  # beyond an end of the range nothing can be missed
    assert 0.92 <= np.mean(held) <= (1.0 if ends else 0.98)


def test_a_short_ladder_says_so():
    with pytest.raises(SurfacedError, match="8 or more"):
        bl.estimate(bl.Ladder("author", np.linspace(0, 0.9, 5), np.zeros((5, 2))), np.zeros(2))


def test_workspaces_of_old_tests_go_and_their_records_stay(bench):
    begun = [bench.blind_test.start(0.3, "author", seed) for seed in range(files.MOST_WORKSPACES + 1)]
    left = {p.name for p in (bench.session.store.home / "workspaces").glob("blind-*")}
    assert len(left) == files.MOST_WORKSPACES
    assert begun[-1].workspace in left
    assert len(bench.blind_test.tests()) == files.MOST_WORKSPACES + 1
    assert bench.blind_test.reveal(begun[0].id).matches
    with pytest.raises((NotReadyError, OptionError)):
        Workbench(bench.session.store.home).data.card(begun[0].workspace)


def test_the_commands_start_and_reveal(bench):
    ended = surfaced("blind-start", "--size", "0.5", "--seed", 4, "--json")
    assert "Commitment" in ended.err
    begun = ended.json
    truth = surfaced("blind-reveal", "--id", begun["id"], "--json").json
    assert truth["true_size"] == 0.5
    assert truth["matches"]
    assert "no size" in surfaced("blind-start", "--size", "large").complaint
    assert "no blind test" in surfaced("blind-reveal", "--id", "12345678").complaint


def test_the_chart_shows_the_truth_only_once_it_is_known(bench):
    begun = bench.blind_test.start(0.345, "author", 2)
    closed = blind_chart(begun)
    opened = blind_chart(begun, bench.blind_test.reveal(begun.id), theme="dark")
    assert [shape.x0 for shape in closed.layout.shapes] == [0]
    assert [shape.x0 for shape in opened.layout.shapes] == [0, 0.345]
    assert not closed.layout.annotations
    assert opened.layout.annotations[0].text == "planted 0.345"


def test_the_page_plants_seals_and_reveals(bench, monkeypatch):
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from pages.frame import jobs

    def now(key, title, task):
        tasks.run(task, bench, no_progress)
        job = jobs.Job(key, title, tasks.Process(task, state="done"))
        jobs._jobs()[key] = job
        return job

    monkeypatch.setattr(jobs, "start", now)
    st.cache_resource.clear()
    app = AppTest.from_string("from pages.blind_test import page\npage.page()\n", default_timeout=60).run()
    assert not app.exception
    assert "No blind test" in app.info[0].value
    app.radio(key="blind-how").set_value("I set it").run()
    app.slider(key="blind-size").set_value(0.62)
    app.button(key="blind-seal").click().run()
    assert not app.exception
    assert app.radio(key="blind-how").value == "Draw one for me"
    assert not app.slider, "the sealed size stands on no widget"
    begun = bench.blind_test.tests()[0]
    assert begun.commitment in [code.value for code in app.code]
    assert not app.success
    app.button(key=f"reveal-{begun.id}").click().run()
    assert not app.exception
    assert "0.620" in "".join(str(e.value).replace("\\", "") for e in [*app.success, *app.error])
    st.cache_resource.clear()
