"""What is said of a change: of what kind a smallest set is, out of which list, one thing or several,
with a real minus.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from commands.plain_text import what_if_text
from explain.charts.changes import two_lists
from explain.counterfactual import sentences
from explain.counterfactual.changes import Flip
from explain.format.names import Names
from explain.format.numbers import plural
from explain.format.text import clean
from explain.results.whatif import Before, Mover, Placed, WhatIf
from pages.whatif.lists import after_frame

NAMES = cast(Names, SimpleNamespace(quoted=lambda item: f"“film {item}”"))


def flip(changed: tuple[int, ...], minimal: bool) -> Flip:
    return Flip(True, changed, True, 99, 3, 14, minimal)


def test_a_smallest_set_is_said_to_be_one_of_its_kind() -> None:
    text = sentences.flip(NAMES, 7, flip((1, 2), True), 10, True)
    assert "out of the first 10" in text
    assert "a smallest set of its kind" in text
    assert "“film 7” stays in the first 10" in text
    assert "stays outside the first 10" in sentences.flip(NAMES, 7, flip((1, 2), True), 10, False)


@pytest.mark.parametrize(("changed", "minimal"), [((1,), True), ((1, 2), False)])
def test_nothing_is_said_of_a_set_that_is_not_known_to_be_small(changed: tuple[int, ...], minimal: bool) -> None:
    assert "smallest" not in sentences.flip(NAMES, 7, flip(changed, minimal), 10, True)


def test_one_thing_and_several() -> None:
    assert [plural(n, "rival") for n in (0, 1, 2, 1200)] == ["0 rivals", "1 rival", "2 rivals", "1,200 rivals"]


def changed(title: str) -> WhatIf:
    movers = (Mover("9", "Gone", -0.25), Mover("8", "More", 0.5))
    after = (Placed("9", title, 1, 2.0, None, movers), Placed("1", "Other", 2, 1.0, 1, movers))
    before = (Before("1", "Other", 1, 1.0, 2), Before("2", "Third", 2, 0.5, 3))
    return WhatIf("s", "path", "w", "7", "delete", ("9",), (), before, after, True)


def test_an_item_that_was_taken_out_comes_back_and_nothing_looks_broken() -> None:
    frame = after_frame(changed("Gone"))
    assert frame["before"].tolist() == ["back: you took it out", "▼ from 1"]
    assert frame["moved by"][0] == "Gone −0.25; More +0.5"
    assert "Gone −0.25" in what_if_text(changed("Gone"))
    assert "taken out" in what_if_text(changed("Gone"))


def test_a_title_of_ordinary_length_stands_whole_in_the_chart() -> None:
    title = "Star Trek: First Contact (1996)"
    figure: Any = two_lists(changed(title))
    assert clean(title) in [a.text.replace("<br>", " ").removeprefix("1. ") for a in figure.layout.annotations]
