"""A workspace's own words stand wherever it is known, numbers in tables are numbers, and a command can be typed as
shown.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import command_line
from explain.charts.flow_network import path_network
from explain.charts.flow_style import DASHES, LINES
from explain.charts.flow_svg import flow_svg
from explain.results.explanation import Explanation
from explain.workbench.workbench import Workbench
from pages.frame.text import metric
from pages.models import parameters
from pages.why import parts as why_parts
from pages.why import picture as why_picture
from tests.unit.test_figures import picture


@pytest.fixture
def explanation(home: Path) -> Explanation:
    bench = Workbench(home)
    example = bench.explain.example("newsroom")
    return bench.explain.why("newsroom", "path", example.item, user=example.user)


def test_relations_are_told_in_the_words_of_the_data(home: Path, explanation: Explanation) -> None:
    bench = Workbench(home)
    words = bench.models.relation_words("newsroom")
    assert words["same_context"] == "read in the same reading session"
    assert words["same_creator"] == "same author"
    frame = why_parts.parts_frame(explanation.parts, explanation.score, words)
    keys = {key for part in explanation.parts for key, value in part.relations.items() if value}
    assert {words[key] for key in keys} <= set(frame.columns)
    assert frame["% of the score"].sum() == pytest.approx(100, rel=1e-6)
    learnt = parameters.relations_frame({"same_context": {"weight": -0.5}, "same_topic": {"weight": 1.5}}, words)
    assert learnt["relation"].tolist() == ["read in the same reading session", "same topic"]
    assert learnt["% of weights"].tolist() == [25.0, 75.0]


def test_single_paths_have_shares_that_can_be_summed(explanation: Explanation) -> None:
    frame = why_picture.path_frame(explanation.paths, explanation.score)
    assert frame["% of the score"].sum() == pytest.approx(
        100 * sum(p.value for p in explanation.paths) / explanation.score
    )


def test_the_first_hop_says_what_it_is_and_not_twice_where_it_leads(explanation: Explanation) -> None:
    frame = why_picture.bundle_frame(explanation)
    first = frame[frame["hop"] == frame["hop"].min()]
    assert len(first)
    assert not (first["to"] == first["link"]).any()


def test_evidence_and_history_tell_of_an_event_in_the_same_words(home: Path, explanation: Explanation) -> None:
    bench = Workbench(home)
    how = {entry.item: entry.how for entry in bench.data.person("newsroom", explanation.user).history}
    nodes = [n for n in explanation.nodes if n.kind == "history" and n.merged == 1 and "," not in how[n.id]]
    for node in nodes[:5]:
        facts = bench.explain.evidence("newsroom", "path", explanation.item, node.key, user=explanation.user).facts
        assert any(fact.startswith(f"{how[node.id]} on ") for fact in facts), (how[node.id], facts)
        assert not any("weight" in fact for fact in facts)
    assert nodes


def test_numbers_of_a_mixture_s_members_say_whose_they_are() -> None:
    frame = parameters.general_frame(
        {"weights": {"ials": 0.25}, "alone": "", "members": {"ials": {"dim": 64}}}, {"dim": "length"}
    )
    assert frame["parameter"].tolist() == ["weights · ials", "alone", "members · ials · dim"]
    assert frame["value"].tolist() == ["0.25", "none", "64"]
    assert frame["what it does"].tolist() == ["", "", "length"]


@pytest.mark.parametrize(
    ("learnt", "live", "spanned", "said"),
    [
        (
            {"relations": {"a": {"reach_life": 7_200.0, "weight": 1.0}}, "fresh_life": None},
            True,
            86_400.0,
            "1 half-life.",
        ),
        ({"relations": {"a": {"reach_life": 7_200.0}}, "history_life": 9.0}, True, 86_400.0, "2 half-lives."),
        ({"relations": {"a": {"weight": 1.0}}}, True, 86_400.0, "no half-life raised"),
        ({"relations": {"a": {"weight": 1.0}}}, False, 86_400.0, "half-lives are tried where lists are of now"),
        ({"relations": {"a": {"weight": 1.0}}}, False, 9e7, "no relation here leads to the same week a year before"),
        ({"relations": {"a": {"weight": 1.0}}}, False, 3e7, "needs two years"),
        ({}, False, None, "have no times"),
    ],
)
def test_whether_time_is_in_the_edges_is_said(
    learnt: dict[str, object], live: bool, spanned: float | None, said: str
) -> None:
    assert said in parameters.time_sentence(learnt, live=live, spanned=spanned)


def test_parameters_and_measures_are_read_by_people() -> None:
    frame = parameters.general_frame({"weight_mean": 3.529861234, "dim": 64}, {"dim": "length of a vector"})
    assert frame["parameter"].tolist() == ["weight mean", "dim"]
    assert frame["value"].tolist() == ["3.53", "64"]
    assert frame["what it does"].tolist() == ["", "length of a vector"]
    assert [metric(m) for m in ("validation_ndcg@20", "recall@10", "loss")] == ["nDCG@20", "Recall@10", "Loss"]


@pytest.mark.parametrize("jump", [False, True])
def test_the_legend_names_a_line_as_it_looks(jump: bool) -> None:
    edges = [e for e in path_network(picture(jump=jump), theme="light")["legend"] if e["what"] == "edge"]
    patterns = {"unbroken": 0, "dotted": 2, "dashed": 2, "dash and dot": 4}
    assert edges
    for edge in edges:
        assert len(edge["dashes"]) == patterns[edge["name"].partition(":")[0]]
    assert set(LINES) == set(DASHES)


def test_the_legend_names_kinds_in_the_words_of_the_data(explanation: Explanation, home: Path) -> None:
    words = Workbench(home).models.kind_words("newsroom")
    assert words == {"topic": "topic", "creator": "author", "context": "reading session"}
    drawn = {node.kind for node in explanation.nodes} & set(words)
    assert drawn
    hostile = words | dict.fromkeys(drawn, "<b>genre</b>")
    legend = {entry["name"] for entry in path_network(explanation, theme="light", kinds=words)["legend"]}
    assert {words[kind] for kind in drawn} <= legend
    svg = flow_svg(explanation, theme="light", kinds=hostile)
    assert "&lt;b&gt;genre&lt;/b&gt;</text>" in svg
    assert "<b>" not in svg


def test_a_command_names_the_interpreter_that_has_the_packages(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()
    assert command_line(str(tmp_path / ".venv"), tmp_path) == ".venv/bin/python cli.py"
    for elsewhere in ("/usr", str(tmp_path), str(tmp_path / "other" / ".venv")):
        assert command_line(elsewhere, tmp_path) == "python cli.py"
