"""A history edited, and what it does to the list: two lists side by side, moved items marked with what moved them."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.errors import OptionError
from core.texts import command
from explain.results.whatif import WhatIf
from explain.workbench.tasks import Task
from pages.frame import address, jobs, moments, pickers, queries, widgets
from pages.frame.selection import K_MOST, Selection
from pages.frame.text import lead
from pages.whatif import change as changes
from pages.whatif import editor, lists
from pages.whatif import queries as whatif_queries
from pages.whatif.change import Change


def page() -> None:
    st.title("What if?")
    selection = widgets.shared_selection()
    with st.sidebar:
        if selection.own_titles:
            st.caption(f"For {len(selection.history or ())} titles of your own")
        else:
            pickers.person("Person", selection.workspace, selection.user)
        pickers.length(min(K_MOST, selection.workspace.n_items or K_MOST), selection.k)
    had = _history(selection)
    change = changes.change_of_address(selection, had)
    widgets.notices()
    moments.slider(selection)
    if selection.own_titles and not selection.history:
        st.info("Pick at least one title of your own first, or a person.")
        widgets.link("recommendations", "Pick titles")
        return
    change = replace(change, may_return=changes.may_return())
    editor.section(selection, had, change)
    if change.is_empty:
        lead("Take something out of the history, or put something in: the list changes at once.")
    result = _answer(selection, change)
    if result is None:
        return
    if (change.weights or change.half_life) and not result.reads_weights:
        st.caption(
            "This model reads what is in a history, not how much or how long ago: weights and "
            "decay change nothing here."
        )
    if result.after:
        lists.section(selection, result)
    else:
        st.info(
            "Nothing left to recommend from: no item has a score without any history. Put "
            "something in, or take less out."
        )
    st.caption("This address opens what you see in any browser that reaches this server:")
    widgets.command(address.permalink("whatif"))


def _history(selection: Selection) -> dict[str, str]:
    """Item id → title of what the person has, newest first."""
    if selection.history is not None:
        return {raw: queries.item(selection.name, raw).label for raw in selection.history}
    if selection.user is None:
        return {}
    return {entry.item: entry.label for entry in queries.person(selection.name, selection.user, selection.at).history}


def _answer(selection: Selection, change: Change) -> WhatIf | None:
    if change.kind == "mask":
        change = replace(change, add=(), weights=(), half_life=None)
    try:
        if change.kind != "retrain":
            return whatif_queries.whatif(selection, change)
        if change.is_empty:
            return whatif_queries.whatif(selection, replace(change, kind="delete"))
        return _learnt_again(selection, change)
    except OptionError as error:
        widgets.problem(error)
        return None


def _learnt_again(selection: Selection, change: Change) -> WhatIf | None:
    """A fit beside the page; its answer when it has ended."""
    key = f"retrain-{selection.base}-{selection.owner}-{change}"
    if jobs.is_done(key):
        return whatif_queries.whatif(selection, change)
    work = Task(
        "whatif.compare",
        {
            "workspace": selection.name,
            "model": selection.model,
            "user": selection.user,
            "history": selection.history,
            "remove": change.remove,
            "add": change.add,
            "weights": dict(change.weights),
            "half_life_days": change.half_life,
            "k": selection.k,
            "kind": "retrain",
            "snapshot": selection.base[2],
            "may_return": change.may_return,
            "at": selection.at,
        },
    )
    jobs.panel(key, "Learn again", "Learning from the edited data", work, _command(selection, change))
    return None


def _command(selection: Selection, change: Change) -> str:
    """What does the same from a shell."""
    options = [word for raw in change.remove for word in ("--remove", raw)]
    options += [word for raw in change.add for word in ("--add", raw)]
    options += [word for name, times in change.weights for word in ("--weight", f"{name}={times:g}")]
    options += ["--half-life", f"{change.half_life:g}"] if change.half_life else []
    options += ["--may-return"] if change.may_return else []
    options += ["--at", str(selection.at)] if selection.at is not None else []
    base = ("--workspace", selection.name, "--model", selection.model, "--user", str(selection.user))
    return command("whatif", *base, *options, "--kind", "retrain")


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
