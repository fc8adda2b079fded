"""A guardrail on a slider: bars move towards the target while the price in quality counts up.

Then one person's list, with what moved what.
"""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from core.texts import command, joined
from explain.charts.audits import before_after, tradeoff_curve
from explain.format.words import column_words
from explain.results.guardrail import Guarded, GuardedPlace
from explain.workbench.tasks import Task
from pages.frame import address, jobs, pickers, queries, widgets, wishes
from pages.frame.selection import Selection
from pages.frame.text import count, plain

_KEPT: Final = 48
NEEDS_GROUPS: Final = ("mmr", "xquad", "calibrated", "creator-cap", "minimum-exposure")


@st.cache_data(max_entries=_KEPT, show_spinner="Placing everybody's items under the rule …")
def _guarded(
    home: str, base: tuple[str, str, str], rule: str, by: str, cohort: str | None, k: int, heldout: bool, at: int | None
) -> Guarded:
    return queries.workbench().rules.apply(base[0], base[1], [rule], k=k, by=by, cohort=cohort, heldout=heldout, at=at)


@st.cache_data(max_entries=_KEPT, show_spinner=False)
def _list(
    home: str, base: tuple[str, str, str], rule: str, user: str, k: int, at: int | None
) -> tuple[GuardedPlace, ...]:
    return queries.workbench().rules.guarded_list(base[0], base[1], [rule], user=user, k=k, at=at)


def section(selection: Selection, by: str, groups: list[str], people: list[str]) -> None:
    """The rule, its strength, bars before and after, price, and who of a list was moved."""
    st.header("What if a rule stood in the way?")
    rules = {r.name: r for r in queries.workbench().rules.known()}
    left, middle, right = st.columns([2, 2, 3], gap="medium")
    with left:
        name = wishes.one_of("rule", list(rules), "minimum-exposure")
        pickers.choose("Guardrail", list(rules), "rule", name, lambda n: str(rules[n].title))
    chosen = rules[name]
    with middle:
        group = "*"
        if name == "minimum-exposure":
            group = wishes.one_of("guarded", ["*", *groups], "*")
            pickers.choose("For", ["*", *groups], "guarded", group, lambda g: "every group" if g == "*" else g)
    steps = [str(s) for s in chosen.strengths]
    with right:
        strength = wishes.one_of("strength", steps, steps[3])
        st.session_state["strength-slider"] = strength
        st.select_slider(
            f"{chosen.strength.capitalize()}",
            steps,
            key="strength-slider",
            on_change=address.take,
            args=("strength", "strength-slider"),
        )
    st.caption(plain(f"{chosen.what} Source: {chosen.source}.", 400))
    rule = rule_text(name, by, group, chosen.strength, strength)
    known = _heldout_ready(selection)
    cohort = wishes.one_of("priced", people, people[0]) if people else None
    reranked = _guarded(queries.home(), selection.base, rule, by, cohort, selection.k, known, selection.at)
    st.write(plain(price(reranked), 500))
    for note in reranked.notes:
        st.info(plain(note, 400))
    widgets.chart(
        before_after(reranked, theme=widgets.theme()),
        "guard-bars",
        f"Exposure ratio by {column_words(by)} before and after the rule",
    )
    widgets.table(
        by_group(reranked),
        f"guardrail-{name}-{by}-{strength}",
        "Every group before and after",
    )
    st.subheader("Gain and price, cohort by cohort")
    if people:
        pickers.choose("Cohorts of people by", people, "priced", cohort, column_words)
    if known:
        texts = [rule_text(name, by, group, chosen.strength, s) for s in steps]
        curve = [
            _guarded(queries.home(), selection.base, text, by, cohort, selection.k, True, selection.at)
            for text in texts
        ]
        followed = reranked.gains[0].group if reranked.gains else ""
        widgets.chart(
            tradeoff_curve(curve, steps, steps.index(strength), theme=widgets.theme()),
            "guard-curve",
            f"What {followed} gains in each cohort's lists, and what that cohort pays in nDCG, a point a strength",
        )
    else:
        name_, model, _ = selection.base
        jobs.panel(
            f"guard-{name_}-{model}-{selection.k}",
            "Measure the price in quality",
            f"Fitting {queries.models()[model].title} to the training part",
            Task("rules.apply", {"workspace": name_, "model": model, "rules": [rule], "k": selection.k}),
            command("guardrail", "--workspace", name_, "--model", model, "--rule", rule, "-k", str(selection.k)),
        )
    widgets.table(
        pd.DataFrame(by_cohort(reranked)),
        f"guardrail-cohorts-{name}-{cohort}-{strength}",
        "Every cohort: gain and price",
    )
    if selection.user is not None:
        _one_list(selection, rule)


def by_group(reranked: Guarded) -> pd.DataFrame:
    """A row a group of items: its exposure ratio with interval, before and after."""
    words = {
        "group": "group",
        "n": "items",
        "before": "before",
        "before_low": "before, low",
        "before_high": "before, high",
        "after": "after",
        "low": "after, low",
        "high": "after, high",
    }
    return pd.DataFrame([g.as_json() for g in reranked.groups], columns=list(words)).rename(columns=words)


def by_cohort(reranked: Guarded) -> list[dict[str, object]]:
    """A row a cohort: the followed group's exposure ratio in its lists and its held-out nDCG, before and after.

    n stands beside each, for they differ.
    """
    paid = {c.cohort: c for c in reranked.costs}
    rows: list[dict[str, object]] = []
    for gain in reranked.gains:
        row = {
            "cohort": gain.cohort,
            "people": gain.n,
            f"ratio of {gain.group} before": gain.before,
            "after": gain.after,
            "after, low": gain.low,
            "after, high": gain.high,
        }
        if (cost := paid.get(gain.cohort)) is not None:
            row |= {
                "people with held-out events": cost.n,
                f"nDCG@{reranked.k} before": cost.before,
                "nDCG change": cost.change,
                "change, low": cost.low,
                "change, high": cost.high,
            }
        rows.append(row)
    return rows


def rule_text(name: str, by: str, group: str, option: str, strength: str) -> str:
    """The rule as the command line takes it."""
    options = [f"by={by}"] if name in NEEDS_GROUPS else []
    options += [f"group={group}"] if name == "minimum-exposure" else []
    return f"{name}:{joined([*options, f'{option}={strength}'])}"


def price(reranked: Guarded) -> str:
    """What it costs, in words."""
    moved = (
        f"{count(reranked.n_moved)} places of {count(reranked.n_lists)} lists hold another item; "
        f"{count(reranked.n_entered)} items came from beyond the first {reranked.k}."
    )
    if not reranked.costs:
        return (
            f"{moved} Of the attention-weighted scores {reranked.score_kept:.1%} is kept; the "
            "price in quality is not measured yet."
        )
    paid = reranked.costs[0]
    interval = "" if paid.low is None or paid.high is None else f" (95 % {paid.low:+.4f} to {paid.high:+.4f})"
    return (
        f"nDCG@{reranked.k} on held-out events {paid.before:.4f} to {paid.after:.4f}: "
        f"{paid.change:+.4f}{interval}, {count(paid.n)} people. {moved}"
    )


def _heldout_ready(selection: Selection) -> bool:
    """Whether the refit that the price needs was made by this server."""
    return jobs.is_done(
        f"guard-{selection.name}-{selection.model}-{selection.k}"
    ) or queries.workbench().evaluate.has_refit(selection.name, selection.model)


def _one_list(selection: Selection, rule: str) -> None:
    assert selection.user is not None
    placed = _list(queries.home(), selection.base, rule, selection.user, selection.k, selection.at)
    st.subheader(f"The list of {plain(queries.person(selection.name, selection.user).label, 60)} under the rule")
    moved = [p for p in placed if p.sentence]
    st.caption(f"{count(len(moved))} of {count(len(placed))} stand elsewhere than their score alone would put them.")
    rows: list[dict[str, object]] = [
        {"rank": p.rank, "was": p.was, "title": p.label, "score": p.score, "moved by": p.sentence.replace("*", "")}
        for p in placed
    ]
    widgets.table(pd.DataFrame(rows), f"guarded-{selection.user}", "The list with each item's place before and after")
    for p in [p for p in moved if p.rank < p.was][:5]:
        widgets.link("why", f"Why {plain(p.label, 60)}?", item=p.item, guard=rule)
