"""The layout of the flow picture: columns by hop, no overlaps, the same for the same input in any order."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from core.errors import GraphError
from explain.charts.flow_layout import bundle_key, layout, node_heights
from explain.results.explanation import Bundle, FlowNode


def node(
    hop: int, name: str, value_for: float = 1.0, value_against: float = 0.0, kind: str = "item", merged: int = 1
) -> FlowNode:
    return FlowNode(f"{hop}|{kind}|{name}", hop, kind, name, name, value_for, value_against, merged)


def bundle(source: FlowNode, target: FlowNode, value_for: float = 1.0, value_against: float = 0.0) -> Bundle:
    return Bundle(source.key, target.key, "seen", source.hop, value_for, value_against, 1, "seen")


def random_flow(seed: int, sizes: tuple[int, ...] = (1, 14, 22, 9, 1)) -> tuple[list[FlowNode], list[Bundle]]:
    """A layered graph with amounts of very different size, some against."""
    rng = random.Random(seed)
    columns = [
        [node(h, f"n{i}", 10 ** rng.uniform(-4, 1), rng.choice([0.0, 0.5])) for i in range(n)]
        for h, n in enumerate(sizes)
    ]
    bundles = {}
    for left, right in pairwise(columns):
        for a in left:
            for b in rng.sample(right, min(3, len(right))):
                bundles[a.key, b.key] = bundle(a, b, rng.random(), rng.random())
    return [n for column in columns for n in column], list(bundles.values())


@pytest.mark.parametrize("seed", range(8))
def test_shuffled_input_gives_the_identical_layout(seed: int) -> None:
    nodes, bundles = random_flow(seed)
    expected = layout(nodes, bundles)
    rng = random.Random(seed + 100)
    for _ in range(3):
        rng.shuffle(nodes)
        rng.shuffle(bundles)
        assert layout(nodes, bundles) == expected


@pytest.mark.parametrize("seed", range(8))
def test_nodes_of_a_column_keep_their_gap(seed: int) -> None:
    nodes, bundles = random_flow(seed)
    where, heights = layout(nodes, bundles, row_gap=10.0), node_heights(nodes)
    for hop in {n.hop for n in nodes}:
        column = sorted((where[n.key][1], heights[n.key]) for n in nodes if n.hop == hop)
        for (y1, h1), (y2, h2) in pairwise(column):
            assert y2 - y1 >= h1 / 2 + h2 / 2 + 10.0 - 0.02  # positions are rounded to hundredths


def test_x_is_the_hop_and_a_person_is_left() -> None:
    nodes, bundles = random_flow(1)
    where = layout(nodes, bundles, column_gap=100.0)
    assert {where[n.key][0] for n in nodes if n.hop == 3} == {300.0}
    assert [where[n.key][0] for n in nodes if n.hop == 0] == [0.0]


def test_neighbours_face_each_other_so_that_nothing_crosses() -> None:
    left = [node(0, name) for name in "abcd"]
    right = [node(1, name) for name in "wxyz"]
    bundles = [bundle(a, b) for a, b in zip(left, reversed(right), strict=True)]  # a-z, b-y, c-x, d-w
    where = layout([*left, *right], bundles)
    order_left = sorted(left, key=lambda n: where[n.key][1])
    partners = [dict(zip("abcd", "zyxw", strict=True))[n.id] for n in order_left]
    assert [n.id for n in sorted(right, key=lambda n: where[n.key][1])] == partners


def test_height_is_the_share_of_the_fullest_column_but_at_least_the_minimum() -> None:
    nodes = [node(0, "all", 3.0, 1.0), node(1, "most", 3.0), node(1, "least", 0.0, 1.0)]
    assert node_heights(nodes, min_height=60.0, full_height=200.0) == {
        "0|item|all": 200.0,  # 4 of 4
        "1|item|most": 150.0,  # 3 of 4
        "1|item|least": 60.0,  # 1 of 4 would be 50
    }


def test_the_rest_of_a_history_stands_last_though_it_carries_most() -> None:
    person, target = node(0, "me", 9.0, kind="person"), node(2, "it", 9.0, kind="target")
    films = [
        node(1, "a", 2.0, kind="history"),
        node(1, "rest", 6.0, kind="history", merged=94),
        node(1, "b", 1.0, kind="history"),
    ]
    bundles = [b for f in films for b in (bundle(person, f, f.value_for), bundle(f, target, f.value_for))]
    where = layout([person, target, *films], bundles)
    assert sorted((f.id for f in films), key=lambda i: where[f"1|history|{i}"][1]) == ["a", "b", "rest"]


def test_a_single_node_and_no_node_have_a_layout() -> None:
    only = node(4, "x", 0.0)
    assert layout([only], []) == {only.key: (0.0, 0.0)}
    assert layout([], []) == {}


def test_an_edge_may_leap_over_a_hop() -> None:
    a, b, c = node(0, "a"), node(1, "b"), node(2, "c")
    assert len(layout([a, b, c], [bundle(a, b), bundle(b, c), bundle(a, c)])) == 3


def test_invalid_pictures_are_refused_with_a_sentence() -> None:
    a, b, gone = node(0, "a"), node(1, "b"), node(1, "gone")
    cases = {
        "node of the picture is given twice": ([a, a], []),
        "edge of the picture is given twice": ([a, b], [bundle(a, b), bundle(a, b)]),
        "'1|item|gone', which it lacks": ([a, b], [bundle(a, gone)]),
        "does not lead to a later hop": ([a, b], [bundle(b, a)]),
        "negative or not a number": ([a, b], [bundle(a, b, float("nan"))]),
    }
    for words, (nodes, bundles) in cases.items():
        with pytest.raises(GraphError, match=words.replace("|", r"\|")):
            layout(nodes, bundles)


def test_bundle_key_names_both_ends_and_the_relation() -> None:
    assert bundle_key(bundle(node(0, "a"), node(1, "b"))) == "0|item|a→1|item|b|seen"
