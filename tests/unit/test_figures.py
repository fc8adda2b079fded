"""Figures say what the result says: amounts add up, both directions show, and no title becomes markup."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from math import fsum

import networkx as nx
import plotly.graph_objects as go
import pytest

from core.errors import OptionError
from explain.charts.bars import MetricBar, exposure_bars, flow_svg, metric_bars, path_digraph, path_network, waterfall
from explain.charts.flow_layout import bundle_key, pixels_per_amount
from explain.charts.flow_style import KINDS
from explain.format.numbers import amount, share
from explain.format.text import clean, plotly_text, wrap
from explain.results.audit import AuditReport, AuditRow, ItemOverall
from explain.results.explanation import Bundle, Explanation, FlowNode, Part

ATTACK = "<img src=x onerror=alert(1)>"
SVG = "{http://www.w3.org/2000/svg}"


def picture(*, n_films: int = 12, title: str = "Film", jump: bool = False) -> Explanation:
    """Person → films → people of each film, and all films → one crowd against → item. Flow is conserved by
    construction.
    """
    person, target, crowd = "0|person|7", "3|target|50", "2|people|broad"
    nodes, bundles, parts = [], [], []
    for i in range(n_films):
        gain, loss = 1.0 / (i + 1), 0.2 / (i + 1)
        film, people = f"1|history|{i}", f"2|people|{i}"
        nodes.append(FlowNode(film, 1, "history", str(i), f"{title} {i}", gain, loss))
        nodes.append(FlowNode(people, 2, "people", str(i), f"{100 - i} people who watched both", gain, 0.0, 100 - i))
        bundles.append(Bundle(person, film, "watched", 0, gain, loss, 1, "watched"))
        bundles.append(Bundle(film, people, "seen by", 1, gain, 0.0, 100, "seen by", solid=not jump))
        bundles.append(Bundle(film, crowd, "seen by", 1, 0.0, loss, 900, "broad taste"))
        bundles.append(Bundle(people, target, "seen", 2, gain, 0.0, 100, "seen"))
        parts.append(Part("history", str(i), f"{title} {i}", gain - loss))
    total_for, total_against = fsum(b.value_for for b in bundles[::4]), fsum(b.value_against for b in bundles[::4])
    nodes.append(FlowNode(crowd, 2, "people", "broad", "people of broad taste", 0.0, total_against, 800))
    bundles.append(Bundle(crowd, target, "seen", 2, 0.0, total_against, 9000, "broad taste"))
    nodes.append(FlowNode(person, 0, "person", "7", "person 7", total_for, total_against))
    nodes.append(FlowNode(target, 3, "target", "50", title, total_for, total_against))
    score = total_for - total_against
    return Explanation(
        snapshot="s",
        model="path",
        workspace="w",
        user="7",
        item="50",
        label=title,
        state="ok",
        score=score,
        unit="points",
        parts=tuple(parts),
        completeness_error=0.0,
        path_share=1.0,
        gross_net=1.5,
        paths=(),
        n_paths=1,
        coverage=1.0,
        residual=0.0,
        nodes=tuple(nodes),
        bundles=tuple(bundles),
        sentence="Because.",
    )


def nothing() -> Explanation:
    return replace(picture(), state="no_path", nodes=(), bundles=(), parts=(), score=0.0)


def report(**changes: object) -> AuditReport:
    rows = (
        AuditRow(group="Drama", n=800, value=1.02, low=0.95, high=1.1, verdict="pass", reason=""),
        AuditRow(group="<b>Noir</b>", n=24, value=0.4, low=0.2, high=0.6, verdict="fail", reason="too little"),
        AuditRow(group="Western", n=20, value=0.9, low=0.5, high=1.5, verdict="insufficient evidence", reason="wide"),
        AuditRow(group="Fantasy", n=0, value=None, low=None, high=None, verdict="not estimable", reason="no members"),
    )
    base = AuditReport(
        workspace="w",
        model="path",
        snapshot="s",
        by="genre",
        side="item",
        k=20,
        metric="exposure ratio",
        browsing="rbp",
        target="catalogue",
        threshold={"low": 0.8, "high": 1.25},
        rows=rows,
        overall=ItemOverall(),
    )
    return replace(base, **changes)


# The graph and vis-network's data


def test_digraph_conserves_the_flow_of_every_inner_node() -> None:
    graph = path_digraph(picture())
    for key, data in graph.nodes(data=True):
        if data["kind"] in ("person", "target"):
            continue
        for amounts in ("value_for", "value_against"):
            flow_in = fsum(d[amounts] for _, _, d in graph.in_edges(key, data=True))
            flow_out = fsum(d[amounts] for _, _, d in graph.out_edges(key, data=True))
            assert flow_in == pytest.approx(flow_out, abs=1e-12) == pytest.approx(data[amounts], abs=1e-12)


def test_digraph_survives_graphml(tmp_path) -> None:
    graph = path_digraph(picture(title=f"\x00\x1b{ATTACK}"))
    nx.write_graphml(graph, tmp_path / "picture.graphml")
    back = nx.read_graphml(tmp_path / "picture.graphml", force_multigraph=True)
    assert dict(back.nodes(data=True)) == dict(graph.nodes(data=True))
    assert back.number_of_edges() == graph.number_of_edges()


def test_network_has_a_node_each_and_an_edge_each_direction_that_carries_something() -> None:
    explanation = picture()
    data = path_network(explanation, theme="light")
    assert {n["id"] for n in data["nodes"]} == {n.key for n in explanation.nodes}
    assert len(data["edges"]) == sum((b.value_for > 0) + (b.value_against > 0) for b in explanation.bundles)
    for edge in data["edges"]:
        relation, _ = data["bundles"][int(edge["id"][:-1])]
        assert f"{edge['from']}→{edge['to']}|{relation}" in {bundle_key(b) for b in explanation.bundles}


def test_network_widths_follow_the_amounts() -> None:
    data = path_network(picture(), theme="light")
    by_id = {e["id"]: e for e in data["edges"]}
    order = sorted(picture().bundles, key=bundle_key)
    largest = max(max(b.value_for, b.value_against) for b in order)
    for i, b in enumerate(order):
        for sign, value in (("+", b.value_for), ("-", b.value_against)):
            if value:
                assert by_id[f"{i}{sign}"]["width"] == pytest.approx(0.6 + 5.4 * value / largest, abs=0.0051)


def test_directions_and_jumps_differ_by_pattern_and_not_by_colour_alone() -> None:
    data = path_network(picture(jump=True), theme="light")
    order = sorted(picture(jump=True).bundles, key=bundle_key)
    patterns: dict[tuple[str, bool], set[str]] = {}
    for e in data["edges"]:
        patterns.setdefault((e["id"][-1], order[int(e["id"][:-1])].solid), set()).add(
            str(e["dashes"][::2]) if "dashes" in e else "None"  # strokes; gaps grow with the width
        )
        assert all(gap - e["width"] >= 3 for gap in e.get("dashes", [])[1::2]), "round ends leave a gap open"
    assert patterns[("+", True)] == {"None"}
    assert all(len(p) == 1 for p in patterns.values())
    assert len({next(iter(p)) for p in patterns.values()}) == len(patterns) == 3
    shapes_and_colours = [(s.shape, s.colour) for s in KINDS.values()]
    assert len(set(shapes_and_colours)) == len(shapes_and_colours)


def test_two_directions_of_a_bundle_lie_side_by_side() -> None:
    data = path_network(picture(n_films=1), theme="light")
    pair = {e["id"][-1]: e for e in data["edges"] if e["from"] == "0|person|7"}
    assert pair["-"]["shift"] - pair["+"]["shift"] >= (pair["+"]["width"] + pair["-"]["width"]) / 2


def test_network_is_identical_for_shuffled_input_and_still() -> None:
    explanation = picture()
    shuffled = replace(explanation, nodes=explanation.nodes[::-1], bundles=explanation.bundles[::-1])
    data = path_network(explanation, theme="dark")
    assert json.dumps(data) == json.dumps(path_network(shuffled, theme="dark"))
    assert data["options"]["physics"] == {"enabled": False}
    assert data["options"]["nodes"]["fixed"] is True
    assert data["options"]["edges"]["smooth"]["roundness"] == 0.55


@pytest.mark.parametrize("title", ["Short", "W" * 10_000, "\u202e" + "長い題名" * 3000])
def test_network_of_sixty_nodes_fits_the_bar_of_50_kb(title: str) -> None:
    data = path_network(picture(n_films=28, title=title), theme="light")
    assert len(data["nodes"]) == 59
    assert len(json.dumps(data).encode()) <= 50_000


def test_network_labels_are_short_plain_text_without_html_titles() -> None:
    data = path_network(picture(title=ATTACK * 40), theme="light")
    assert not any("title" in thing for thing in (*data["nodes"], *data["edges"]))
    for node in data["nodes"]:
        lines = node["label"].split("\n")
        assert len(lines) <= 2
        assert all(len(line) <= 22 for line in lines)
    assert data["options"]["nodes"]["font"]["multi"] is False  # vis-network would read markup in labels otherwise


def test_only_what_is_in_the_picture_can_be_selected() -> None:
    explanation = picture()
    edge = bundle_key(explanation.bundles[0])
    assert path_network(explanation, theme="light", selected=edge)["selected"] == edge
    assert path_network(explanation, theme="light", selected="1|history|0")["selected"] == "1|history|0"
    assert path_network(explanation, theme="light", selected="9|item|none")["selected"] is None


def test_empty_picture_says_so() -> None:
    data = path_network(nothing(), theme="light")
    assert (data["nodes"], data["edges"]) == ([], [])
    assert data["title"] == "No path leads to Film: there is nothing to draw."
    assert ET.fromstring(flow_svg(nothing(), theme="light")).find(f"{SVG}title").text == data["title"]


def test_unknown_theme_and_kind_are_refused_with_what_exists() -> None:
    with pytest.raises(OptionError, match=r"Theme 'sepia' does not exist. Choose one of: light, dark"):
        path_network(picture(), theme="sepia")
    odd = replace(picture(), nodes=(*picture().nodes, FlowNode("3|ghost|1", 3, "ghost", "1", "boo", 0.0, 0.0)))
    with pytest.raises(OptionError, match="Node kind 'ghost' has no look"):
        path_network(odd, theme="light")


# The stand-alone SVG


def bands(svg: str) -> list[ET.Element]:
    return [p for p in ET.fromstring(svg).iter(f"{SVG}path") if "band" in p.get("class", "")]


def test_svg_band_widths_at_the_item_add_up_to_its_score() -> None:
    explanation = picture()
    into = {b.source for b in explanation.bundles if b.target == "3|target|50"}
    scale = pixels_per_amount(explanation.nodes)
    order = sorted(bands(flow_svg(explanation, theme="light")), key=lambda p: float(p.get("data-width")))
    expected = sorted(v * scale for b in explanation.bundles for v in (b.value_for, b.value_against) if v)
    assert [float(p.get("data-width")) for p in order] == pytest.approx(expected, abs=1e-3)
    last = [b for b in explanation.bundles if b.source in into and b.target == "3|target|50"]
    assert fsum(b.value_for - b.value_against for b in last) == pytest.approx(explanation.score)


def test_svg_tells_directions_and_jumps_apart_without_colour() -> None:
    drawn = bands(flow_svg(picture(jump=True), theme="light"))
    against = [p for p in drawn if p.get("class") == "band against"]
    pros = [p for p in drawn if p.get("class") == "band for"]
    assert against
    assert all(p.get("fill").startswith("url(#") for p in against)
    assert {bool(p.get("stroke-dasharray")) for p in pros} == {True, False}


@pytest.mark.parametrize(
    "title",
    [
        ATTACK,
        "x" * 10_000,
        "\u202egnp.exe\u2066",
        "a\x00b\x1f\x7f\ud800",
        '"><script>alert(1)</script>',
        "]]>&amp;<!--",
        "",
    ],
)
def test_svg_with_a_hostile_title_is_sound_xml_without_foreign_elements(title: str) -> None:
    text = flow_svg(picture(title=title), theme="dark", href=lambda key: "?node=" + str(len(key)))
    text.encode("utf-8")
    names = {element.tag.removeprefix(SVG) for element in ET.fromstring(text).iter()}
    assert names <= {"svg", "title", "desc", "defs", "pattern", "rect", "path", "g", "a", "text", "tspan"}
    assert len(text) < 200_000
    assert not set("\u202e\u2066\x00\x1f\x7f") & set(text)


def test_svg_labels_show_the_markup_as_text() -> None:
    labels = [
        "".join(t.itertext()) for t in ET.fromstring(flow_svg(picture(title=ATTACK), theme="light")).iter(f"{SVG}text")
    ]
    assert any("onerror=alert(1)>" in label for label in labels)


def test_svg_has_role_title_description_and_links_only_if_asked() -> None:
    plain = ET.fromstring(flow_svg(picture(), theme="light"))
    assert plain.get("role") == "img"
    named = {plain.find(f"{SVG}title").get("id"), plain.find(f"{SVG}desc").get("id")}
    assert set(plain.get("aria-labelledby").split()) == named
    assert not list(plain.iter(f"{SVG}a"))
    linked = ET.fromstring(flow_svg(picture(n_films=2), theme="light", href=lambda key: f"?node={key}&x='\""))
    links = list(linked.iter(f"{SVG}a"))
    assert len(links) == 7  # two films, three groups of people, person, item
    assert {a.get("tabindex") for a in links} == {"0"}
    assert "?node=0|person|7&x='\"" in {a.get("href") for a in links}


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "java\nscript:alert(1)"]
)
def test_svg_refuses_links_that_run_something(link: str) -> None:
    with pytest.raises(OptionError, match="cannot stand in a picture"):
        flow_svg(picture(), theme="light", href=lambda key: link)


def test_svg_is_identical_for_shuffled_input() -> None:
    explanation = picture()
    shuffled = replace(explanation, nodes=explanation.nodes[::-1], bundles=explanation.bundles[::-1])
    assert flow_svg(explanation, theme="light") == flow_svg(shuffled, theme="light")


# Charts


def test_waterfall_bars_add_up_to_the_score() -> None:
    explanation = picture(n_films=28)
    bars = waterfall(explanation, top=12).data[0]
    assert len(bars.x) == 14  # 12 singly, "16 further", the score
    assert fsum(bars.x[:-1]) == pytest.approx(explanation.score) == pytest.approx(bars.x[-1])
    assert list(bars.measure) == ["relative"] * 13 + ["absolute"]
    assert bars.x[12] == pytest.approx(fsum(sorted((p.value for p in explanation.parts), reverse=True)[12:]))


def test_waterfall_names_largest_part_first_and_counts_the_rest() -> None:
    figure = waterfall(picture(n_films=5), top=2)
    assert list(figure.layout.yaxis.ticktext) == ["Film 0", "Film 1", "3 further", "Score"]
    assert waterfall(picture(n_films=3), top=2).layout.yaxis.ticktext[2] == "Film 2"  # one further part is shown itself


def test_waterfall_keeps_parts_of_the_same_title_apart_and_shows_negative_ones() -> None:
    explanation = replace(
        picture(n_films=1), parts=(Part("a", "1", "Same", 2.0), Part("a", "2", "Same", -1.5)), score=0.5
    )
    bars = waterfall(explanation).data[0]
    assert list(bars.y) == [0, 1, 2]
    assert list(bars.text) == ["+2", "−1.5", "0.5"]


def test_waterfall_has_no_bar_for_parts_that_give_nothing() -> None:
    explanation = replace(
        picture(n_films=1), parts=(Part("base", "b", "Base", 2.0), Part("history", "2", "Nil", 0.0)), score=2.0
    )
    assert list(waterfall(explanation).layout.yaxis.ticktext) == ["Base", "Score"]


def texts(figure: go.Figure) -> str:
    return json.dumps(figure.to_dict(), default=str, ensure_ascii=False)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_escape_titles_and_leave_the_background_clear(theme: str) -> None:
    attack = '<a href="javascript:alert(1)">x</a>'
    hostile = picture(title=attack, n_films=2)
    figures = [
        waterfall(hostile, theme=theme),
        exposure_bars(
            report(
                rows=(
                    AuditRow(group=attack, n=1, value=None, low=None, high=None, verdict=attack, reason=attack),
                    AuditRow(group=attack, n=1, value=1.0, low=0.9, high=1.1, verdict=attack, reason=attack),
                )
            ),
            theme=theme,
        ),
        metric_bars([MetricBar(attack, 0.5)], metric=attack, theme=theme),
    ]
    for figure in figures:
        assert "<a" not in texts(figure)
        assert "&lt;a" in texts(figure)
        assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
        assert figure.layout.font.color == {"light": "#0E1620", "dark": "#E8EDF2"}[theme]


def test_waterfall_without_parts_shows_the_score_alone_and_refuses_a_top_of_zero() -> None:
    assert list(waterfall(nothing()).layout.yaxis.ticktext) == ["Score"]
    with pytest.raises(OptionError, match="top as 1 or more"):
        waterfall(picture(), top=0)


def test_exposure_points_carry_value_interval_verdict_and_band() -> None:
    figure = exposure_bars(report())
    by_name = {trace.name: trace for trace in figure.data}
    failed = by_name["fail"]
    assert (failed.x, failed.y) == ((0.4,), (1.0,))
    assert failed.error_x.array[0] == pytest.approx(0.2)
    assert failed.error_x.arrayminus[0] == pytest.approx(0.2)
    looks = [(t.marker.symbol, t.marker.color) for t in figure.data]
    assert len({symbol for symbol, _ in looks}) == len({colour for _, colour in looks}) == 4
    band, line = figure.layout.shapes
    assert (band.x0, band.x1, line.x0) == (0.8, 1.25, 1)


def test_group_without_a_value_says_why_and_gets_no_point() -> None:
    figure = exposure_bars(report())
    assert [a.text for a in figure.layout.annotations] == ["not estimable: no members"]
    assert next(t for t in figure.data if t.name == "not estimable").x == (None,)


def test_each_cohort_s_band_reaches_the_allowed_gap_below_those_it_is_compared_with() -> None:
    rows = (
        AuditRow(
            group="F", n=9, value=0.30, low=0.2, high=0.4, verdict="pass", reason="", reference=0.34, n_reference=40
        ),
        AuditRow(
            group="M", n=9, value=0.34, low=0.3, high=0.4, verdict="pass", reason="", reference=0.30, n_reference=40
        ),
        AuditRow(group="unknown", n=9, value=0.34, low=0.3, high=0.4, verdict="not estimable", reason=""),
    )
    figure = exposure_bars(report(side="user", metric="nDCG@20", threshold={"gap": 0.05}, rows=rows))
    assert [(s.x0, s.x1, s.y0) for s in figure.layout.shapes] == [
        pytest.approx((0.29, 0.34, -0.45)),
        pytest.approx((0.25, 0.30, 0.55)),
    ]
    assert figure.layout.xaxis.title.text == "nDCG@20"


def test_best_model_is_starred_and_a_missing_interval_has_no_error_bar() -> None:
    figure = metric_bars([MetricBar("path", 0.349, 0.34, 0.36), MetricBar("popular", 0.19)], metric="Recall@20")
    assert [a.text for a in figure.layout.annotations] == ["0.349 ★", "0.19"]
    assert figure.data[0].error_x.array[1] is None
    low = metric_bars([MetricBar("a", 2.0), MetricBar("b", 1.0)], metric="seconds", best="low")
    assert [a.text for a in low.layout.annotations] == ["2", "1 ★"]
    with pytest.raises(OptionError, match="high, low"):
        metric_bars([], metric="m", best="middle")


# Texts


def test_wrap_keeps_words_breaks_long_ones_and_counts_wide_characters_twice() -> None:
    assert wrap("The Usual Suspects (1995)") == "The Usual Suspects\n(1995)"
    assert wrap("One Flew Over the Cuckoo's Nest and then some") == "One Flew Over the\nCuckoo's Nest and the…"
    assert wrap("x" * 50) == "x" * 22 + "\n" + "x" * 21 + "…"
    assert wrap("長" * 12) == "長" * 11 + "\n長"
    assert wrap("x" * 22) == "x" * 22


def test_clean_drops_what_misleads_and_keeps_what_spells() -> None:
    assert clean("a\u202eb\x00c\n\td\ud800") == "abc d"
    assert clean("می\u200cخواهم") == "می\u200cخواهم"
    assert clean(" \u200b ") == "(no title)"
    assert len(clean("y" * 10_000, 50)) == 50


def test_amounts_and_shares_are_signed_readably() -> None:
    assert [amount(v) for v in (0.0, 0.01234, -1234.5, 3e-7)] == ["0", "+0.0123", "−1,234", "+3.00e-7"]
    assert amount(2.5, signed=False) == "2.5"
    assert [share(0.5, 2.0), share(-0.01, 1.0), share(1.0, 0.0)] == ["25 %", "−1.0 %", ""]
    assert plotly_text("$x$ <b>&") == "\u200b$x$ &lt;b&gt;&amp;"
