"""An item over all people and a list as a whole: what is said, of whom nothing is said, and charts
that hide nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from explain.charts.changes import audience_bars, list_heat, source_bars
from explain.charts.flow_style import palette
from explain.explanation.evidence import attributes_of
from explain.results.item_view import MIN_AUDIENCE, CohortShare, ListView, ScoreSource
from explain.workbench.workbench import Workbench
from explain.workspace.audience import merged
from pages.person.page import whole_frame


def cohort(group: str, n: int, of: int = 100) -> CohortShare:
    return CohortShare("age", group, n, n / of, 1 / 7)


def test_a_time_is_told_as_a_date_and_a_group_is_not_told_twice(home: Path) -> None:
    bench = Workbench()
    item = bench.explain.example("newsroom").item
    card = bench.data.item("newsroom", item)
    raw = (
        bench.session.workspace("newsroom")
        .graph.items.attributes["published"]
        .iloc[bench.session.workspace("newsroom").graph.items.index(item)]
    )
    assert card.attributes["published"] == datetime.fromtimestamp(int(raw), UTC).date().isoformat()
    assert card.groups["author"]
    assert "author" not in card.attributes
    assert "summary" in card.attributes, "what no group says stays"


def test_dates_as_text_and_times_that_no_calendar_has_are_told_as_they_are() -> None:
    import pandas as pd

    assert attributes_of(pd.DataFrame({"published": ["2024-02-01"]}), 0) == {"published": "2024-02-01"}
    assert attributes_of(pd.DataFrame({"published": [10**17]}), 0) == {"published": str(10**17)}
    assert attributes_of(pd.DataFrame({"words": [1770807961]}), 0) == {"words": "1770807961"}


@pytest.mark.parametrize("seed", range(40))
def test_no_row_stands_for_few_people_and_none_can_be_told_from_the_rest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    own = [cohort(f"g{n}", int(size)) for n, size in enumerate(rng.integers(0, 25, rng.integers(1, 9)))]
    merged_rows = merged(own)
    whole = sum(c.n for c in own)
    if whole < MIN_AUDIENCE:
        assert merged_rows == []
        return
    assert all(c.n >= MIN_AUDIENCE for c in merged_rows)
    assert sum(c.n for c in merged_rows) == whole
    assert sum(c.share for c in merged_rows) == pytest.approx(whole / 100)
    assert sum(c.share_of_all for c in merged_rows) == pytest.approx(len(own) / 7)
    if all(c.n >= MIN_AUDIENCE for c in own):
        assert merged_rows == own


def test_groups_together_are_named() -> None:
    merged_rows = merged([cohort("young", 3), cohort("old", 40), cohort("unknown", 8), cohort("middle", 30)])
    assert [c.group for c in merged_rows] == ["old", "middle", "2 groups together: young, unknown"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_values_stand_apart_from_bars_marks_and_names(theme: str) -> None:
    shares = (1.544, -0.76, 0.191, 0.024)
    figure = source_bars([ScoreSource(str(n), f"relation {n}", s, 3) for n, s in enumerate(shares)], theme=theme)
    assert [a.text for a in figure.layout.annotations] == ["154.4", "−76.0", "19.1", "2.4"]
    assert all(a.xref == "paper" and a.x == 1 and a.xshift <= figure.layout.margin.r for a in figure.layout.annotations)
    assert figure.data[0].text is None
    low, high = figure.layout.xaxis.range
    assert low < -76
    assert high > 154.4
    assert figure.layout.xaxis.gridcolor == palette(theme).grid


def test_marks_of_everybody_lie_inside_the_chart() -> None:
    cohorts = [CohortShare("age", "a", 20, 0.4, 0.9), CohortShare("age", "b", 30, 0.6, 0.1)]
    figure = audience_bars(cohorts)
    marks = next(t for t in figure.data if t.type == "scatter")
    low, high = figure.layout.xaxis.range
    assert all(low <= x <= high for x in marks.x)


def a_list(n: int, n_history: int = 3) -> ListView:
    amounts = tuple(tuple(float(row - column) for column in range(n)) for row in range(n_history))
    ids = tuple(map(str, range(n)))
    rows = tuple(f"h{row}" for row in range(n_history))
    return ListView(
        ids,
        ids,
        rows,
        rows,
        amounts,
        (0.5,) * n,
        tuple(sum(a[c] for a in amounts) + 0.5 for c in range(n)),
        n_further=2,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_whole_list_is_drawn_in_the_hues_for_and_against(theme: str) -> None:
    figure = list_heat(a_list(10), theme=theme)
    scale, inks = figure.data[0].colorscale, palette(theme)
    assert (scale[0][1], scale[-1][1], figure.data[0].zmid) == (inks.cons, inks.pros, 0)
    assert figure.layout.xaxis.automargin, "the title of the axis takes room of its own"


@pytest.mark.parametrize("n", [1, 10, 22, 100])
def test_places_of_a_long_list_do_not_run_into_each_other(n: int) -> None:
    figure = list_heat(a_list(n))
    assert list(figure.data[0].x) == [str(place) for place in range(1, n + 1)]
    assert (figure.layout.xaxis.type, figure.layout.xaxis.tickvals) == ("category", None), (
        "plotly thins names out itself"
    )


def test_the_table_of_a_whole_list_adds_up_to_its_scores() -> None:
    view = a_list(4)
    frame = whole_frame(view)
    np.testing.assert_allclose(frame.drop(columns="history item").sum(), view.scores)
    assert frame["history item"].iloc[-1].startswith("2 further history items")
