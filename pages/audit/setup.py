"""A new audit: what is compared and what counts as fair are fixed and logged before anything is measured."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from core.errors import SurfacedError
from core.texts import command
from explain.format.words import BROWSING, column_words
from explain.results.plan import Plan
from explain.workbench.tasks import Task
from pages.frame import address, jobs, queries
from pages.frame.selection import K_MOST, Selection
from pages.frame.text import plain

TARGETS: Final = {
    "catalogue": "Catalogue: every item alike",
    "relevance": "Relevance: what people were found to like (held out)",
    "policy": "Policy: shares that you write down",
}
MOST_GROUPS: Final = 60


def _browsing(label: str) -> str:
    name, meaning = BROWSING[label]
    return f"{name[0].upper()}{name[1:]}: {meaning}"


def page(selection: Selection) -> None:
    bench = queries.workbench()
    usual = bench.audits.usual_plan(selection.name, selection.model, k=selection.k)
    try:
        plan, name, role = _form(selection, usual)
        checked = bench.audits.check(selection.name, plan)
    except SurfacedError as error:
        st.error(plain(error, 600))
        return
    if not name.strip():
        st.info("Say who you are: the plan goes to the decision log under your name.")
        return
    # not of the plan: a click right after typing must find its button
    key = f"audit-run-{selection.name}-{selection.model}"
    if jobs.is_done(key) and _is_newest(selection, checked):
        st.success("Done. It is the newest one under Past audits.")
        if st.button("Read it", key="read-audit"):
            address.put("view", "read")
            address.put("audit", None)
            st.rerun()
    st.caption(
        "The thresholds above are written to the log before anything is measured. Quality for "
        "people needs a refit on the training part: "
        "seconds to a few minutes."
    )
    jobs.panel(
        key,
        "Fix the plan and run",
        f"Auditing the lists of {queries.models()[selection.model].title}",
        Task("audits.run", {"workspace": selection.name, "plan": plan.as_json(), "actor": name, "role": role}),
        command(
            "run-audit",
            "--workspace",
            selection.name,
            "--model",
            selection.model,
            "--plan",
            "plan.json",
            "--actor",
            name,
            "--role",
            role,
        ),
    )
    st.download_button(
        "This plan (plan.json)",
        json.dumps(checked.as_json(), ensure_ascii=False, indent=1),
        "plan.json",
        "application/json",
        key="plan-file",
        on_click="ignore",
        help="The same audit from a shell, or another day",
    )


def _is_newest(selection: Selection, plan: Plan) -> bool:
    """Whether the newest audit is of this very plan."""
    bench = queries.workbench()
    past = bench.records.listed(selection.name)
    if not past or not past[0].intact:
        return False
    newest = bench.records.load(selection.name, past[0].id).plan.as_json()
    return all(newest.get(name) == value for name, value in plan.as_json().items())


def _words(column: str) -> str:
    """The name of a column in words. Pills read markup, so it goes through the one escape."""
    return plain(column_words(column), 60)


def _columns(label: str, offered: Sequence[str], usual: Sequence[str], key: str) -> list[str]:
    """Pills: the tags of a multiselect have too little contrast in the dark theme."""
    return list(st.pills(label, offered, selection_mode="multi", default=usual, key=key, format_func=_words))


def _policy(selection: Selection, columns: list[str]) -> dict[str, dict[str, float]]:
    """A table to write a policy into, filled with the catalogue's own shares.

    Returns {column: {group: share}}, scaled to add up to 1
    """
    few = {
        by: shares for by in columns if 0 < len(shares := _catalogue(queries.home(), selection.name, by)) <= MOST_GROUPS
    }
    if not few:
        st.info(f"A policy needs a column of items with at most {MOST_GROUPS} groups: choose one under “Items by”.")
        return {}
    by = st.selectbox("Policy for", list(few), key="plan-policy-by")
    start = pd.DataFrame({"group": list(few[by]), "share": [round(100 * share, 2) for share in few[by].values()]})
    kept = st.data_editor(
        start,
        hide_index=True,
        width="stretch",
        disabled=["group"],
        key=f"plan-policy-{selection.name}-{by}",
        column_config={
            "share": st.column_config.NumberColumn("share of attention due (%)", min_value=0.0, required=True)
        },
    )
    due = {str(group): float(share) for group, share in zip(kept["group"], kept["share"].fillna(0.0), strict=True)}
    total = sum(due.values())
    st.caption(
        f"They add up to {total:g}; each counts as its part of that. It starts as the share of the "
        "catalogue. Other columns are compared "
        "with the catalogue. Say why these shares under “Why this target”."
    )
    return {by: {group: share / total for group, share in due.items()} if total > 0 else due}


@st.cache_data(max_entries=64, show_spinner=False)
def _catalogue(home: str, workspace: str, by: str) -> dict[str, float]:
    return queries.workbench().exposure.catalogue_shares(workspace, by)


def _form(selection: Selection, usual: Plan) -> tuple[Plan, str, str]:
    """The plan as the widgets say it, and who asks."""
    columns = queries.workbench().exposure.columns(selection.name)
    st.subheader("What is compared")
    items = _columns("Items by", columns.get("item", []), usual.item_columns, "plan-items")
    people = _columns("People by", columns.get("user", []), usual.user_columns, "plan-people")
    crossed = usual.intersections[0] if usual.intersections else ()
    cross = _columns("One intersection of people (up to three columns)", columns.get("user", []), crossed, "plan-cross")
    one, two, three = st.columns([1, 2, 2], gap="medium")
    k = one.number_input(
        "Length of the lists (k)", 1, min(K_MOST, selection.workspace.n_items or 100), selection.k, key="plan-k"
    )
    target = two.selectbox("Target of exposure", list(TARGETS), format_func=lambda t: TARGETS[t], key="plan-target")
    browsing = three.selectbox("How people read a list", list(BROWSING), format_func=_browsing, key="plan-browsing")
    written = _policy(selection, list(items)) if target == "policy" else target
    st.subheader("What counts as fair")
    one, two, three, four = st.columns(4)
    low = one.number_input("Exposure ratio from", 0.0, 1.0, 0.8, 0.05, key="plan-low")
    high = two.number_input("Exposure ratio to", 1.0, 10.0, 1.25, 0.05, key="plan-high")
    most_gap = three.number_input(
        "Largest gap of nDCG",
        0.001,
        0.5,
        float(usual.thresholds.max_gap),
        0.001,
        format="%.3f",
        key="plan-gap",
        help=(
            "Between the best and the worst group. It starts at a fifth of what the model reaches, "
            "where that was measured: four fifths of the best."
        ),
    )
    least = queries.workbench().data.smallest_group()
    min_n = four.number_input(
        "Smallest group shown",
        least,
        max(1000, least),
        least,
        key="plan-min",
        help=(
            "Of people. Smaller groups stay hidden, and with them others that would give them "
            "away. Who runs the installation sets the least."
        ),
    )
    with st.expander("Purpose, owner, surface, reason: they stand in the report, and a reader will ask", expanded=True):
        purpose = st.text_area("Purpose of the audit", max_chars=2000, key="plan-purpose")
        owner = st.text_input("Owner of the recommender", max_chars=200, key="plan-owner")
        surface = st.text_input("Surface (where the lists are shown)", max_chars=200, key="plan-surface")
        reason = st.text_area("Why this target", max_chars=2000, key="plan-reason")
    st.subheader("Who asks")
    left, right = st.columns(2, gap="medium")
    name = left.text_input("Your name", max_chars=80, key="plan-name")
    role = right.text_input("Your role", max_chars=80, key="plan-role")
    plan = replace(
        usual,
        k=int(k),
        item_columns=tuple(items),
        user_columns=tuple(people),
        intersections=(tuple(cross),) if len(cross) > 1 else (),
        target=written,
        browsing=browsing,
        target_reason=reason,
        purpose=purpose,
        owner=owner,
        surface=surface,
        thresholds=replace(usual.thresholds, ratio_low=low, ratio_high=high, max_gap=most_gap, min_n=int(min_n)),
    )
    return plan, name, role
