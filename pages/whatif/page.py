"""A history edited, and what it does to the list: two lists side by side, moved items marked with what moved them."""

from __future__ import annotations

from typing import Final, cast

import pandas as pd
import streamlit as st

from core.errors import OptionError
from core.texts import command, joined, parted
from explain.charts.changes import two_lists
from explain.format.numbers import amount
from explain.results.whatif import Kind, WhatIf
from explain.workbench.tasks import Task
from pages.frame import address, jobs, pickers, queries, widgets, wishes
from pages.frame.selection import K_MOST, Selection
from pages.frame.text import count, counted, lead, plain
from pages.whatif import queries as whatif_queries

KINDS: Final = {"delete": "Delete", "mask": "Mask", "retrain": "Learn again"}
MEANING: Final = {
    "delete": (
        "As if it had never happened: the graph is edited and every message is passed again with "
        "the new degrees; what was learnt stays."
    ),
    "mask": "The messages of the removed items are dropped; degrees and everything else stay. Removals only.",
    "retrain": (
        "The model is fitted again to the edited data, as if it had never seen what you changed. As slow as a fit."
    ),
}
TIMES: Final = (0.0, 0.5, 1.0, 2.0, 5.0)
HALF: Final = {
    "": "No decay",
    "7": "Half after a week",
    "30": "Half after 30 days",
    "180": "Half after 180 days",
    "365": "Half after a year",
}
MOST_ADDED: Final = 20
_COLUMNS: Final = {  # pixels; what moved an item is read on three lines
    "rank": st.column_config.NumberColumn(width=50),
    "before": st.column_config.TextColumn(width=90),
    "title": st.column_config.TextColumn(width=190),
    "moved by": st.column_config.TextColumn(width=340),
}


def page() -> None:
    st.title("What if?")
    selection = widgets.place()
    with st.sidebar:
        if selection.own_titles:
            st.caption(f"For {len(selection.history or ())} titles of your own")
        else:
            pickers.person("Person", selection.workspace, selection.user)
        pickers.length(min(K_MOST, selection.workspace.n_items or K_MOST), selection.k)
    had = _history(selection)
    remove, add = _known(selection, "remove", had, inside=True), _known(selection, "add", had, inside=False)
    kind = cast(Kind, wishes.one_of("kind", list(KINDS), "delete"))
    address.settle("kind", kind if kind != "delete" else None)
    weights, half = _weights(selection), _half()
    widgets.notices()
    if selection.own_titles and not selection.history:
        st.info("Pick at least one title of your own first, or a person.")
        widgets.link("recommendations", "Pick titles")
        return
    back = wishes.one_of("may_return", ["", "yes"], "")
    address.settle("may_return", back or None)
    _editor(selection, had, remove, add, kind, weights, back=bool(back))
    if not (remove or add or weights or half):
        lead("Take something out of the history, or put something in: the list changes at once.")
    found = _answer(selection, remove, add, weights, half, kind, may_return=bool(back))
    if found is None:
        return
    if (weights or half) and not found.reads_weights:
        st.caption(
            "This model reads what is in a history, not how much or how long ago: weights and "
            "decay change nothing here."
        )
    if found.after:
        _lists(selection, found)
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
    return {entry.item: entry.label for entry in queries.person(selection.name, selection.user).history}


def _known(selection: Selection, key: str, had: dict[str, str], *, inside: bool) -> tuple[str, ...]:
    """Ids of an address that can be removed (inside the history) or added (outside it)."""
    known = wishes.items(selection.workspace, key, "left out")
    picked = [found for found in known if (found in had) == inside]
    if beside := len(known) - len(picked):
        where = "not in the history" if inside else "in the history already"
        address.notice(f"{beside} of the {len(known)} items to {key} cannot be: {where}. The rest counts.")
    if not inside and len(picked) > MOST_ADDED:
        address.notice(f"Of the {len(picked)} items to add the first {MOST_ADDED} count.")
    kept = tuple(picked if inside else picked[:MOST_ADDED])
    address.settle(key, joined(kept))
    return kept


def _weights(selection: Selection) -> tuple[tuple[str, float], ...]:
    """Multipliers other than 1 by kind of event: "like=2,share=0.5"."""
    kinds, found = queries.workbench().event_kinds(selection.name), {}
    for text in parted(address.wish("weights") or ""):
        name, _, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if name in kinds and value in TIMES:
            found[name] = value
        else:
            address.notice(f"“{text[:40]}” is no weight that can be set here. It was left out.")
    kept = {name: value for name, value in found.items() if value != 1.0}
    address.settle("weights", joined(f"{name}={value:g}" for name, value in kept.items()))
    return tuple(kept.items())


def _half() -> float | None:
    asked = wishes.one_of("half", list(HALF), "")
    return float(asked) if asked else None


def _editor(
    selection: Selection,
    had: dict[str, str],
    remove: tuple[str, ...],
    add: tuple[str, ...],
    kind: Kind,
    weights: tuple[tuple[str, float], ...],
    *,
    back: bool,
) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        pickers.several(f"Take out ({len(had)} in the history)", had, "remove", remove, "Pick titles of the history")
        if remove:
            pickers.switch(
                "What is taken out may come back",
                "may_return",
                back,
                "Off: the person has seen it, so it is in no list and no rank. On: it is a candidate again.",
            )
        if kind != "mask":
            pickers.add_title("Put in", selection.workspace, add, MOST_ADDED, "add", tuple(had))
            for raw in add:
                rest = joined(other for other in add if other != raw)
                label = f"{plain(queries.item(selection.name, raw).label, 60)} ✕"
                st.button(
                    label, key=f"added-{raw}", help="Leave it out again", on_click=address.put, args=("add", rest)
                )
    with right:
        pickers.segments("What a change means", KINDS, "kind", kind)
        st.caption(MEANING[kind])
        if kind != "mask" and not selection.own_titles:
            _reweigh(selection, weights)
        st.button("Reset", on_click=_reset, help="Back to the history as it is")


def _reweigh(selection: Selection, weights: tuple[tuple[str, float], ...]) -> None:
    with st.expander("Weights and decay", expanded=bool(weights) or bool(address.wish("half"))):
        st.caption("Of this person's own events. The model's parameters stay.")
        pickers.choose("Older events weigh less", list(HALF), "half", address.wish("half") or "", lambda h: HALF[h])
        now = dict(weights)
        for name, stated in queries.workbench().event_kinds(selection.name).items():
            widget = f"times-{name}"
            st.session_state[widget] = now.get(name, 1.0)
            st.select_slider(
                f"{plain(name)} (stated weight {stated:g})",
                TIMES,
                key=widget,
                format_func=lambda x: f"× {x:g}",
                on_change=_take_weight,
                args=(name, widget, weights),
            )


def _take_weight(name: str, widget: str, weights: tuple[tuple[str, float], ...]) -> None:
    new = dict(weights) | {name: float(st.session_state[widget])}
    address.put("weights", joined(f"{n}={v:g}" for n, v in new.items() if v != 1.0))


def _reset() -> None:
    for key in ("remove", "add", "weights", "half", "kind", "may_return"):
        address.put(key, None)


def _answer(
    selection: Selection,
    remove: tuple[str, ...],
    add: tuple[str, ...],
    weights: tuple[tuple[str, float], ...],
    half: float | None,
    kind: Kind,
    *,
    may_return: bool,
) -> WhatIf | None:
    if kind == "mask":
        add, weights, half = (), (), None
    asked = {"remove": remove, "add": add, "weights": weights, "half_life": half}
    try:
        if kind == "retrain" and any(asked.values()):
            return _learnt_again(selection, remove, add, weights, half, may_return=may_return)
        return whatif_queries.whatif(
            selection,
            remove=remove,
            add=add,
            weights=weights,
            half_life=half,
            kind="delete" if kind == "retrain" else kind,
            may_return=may_return,
        )
    except OptionError as error:
        widgets.problem(error)
        return None


def _learnt_again(
    selection: Selection,
    remove: tuple[str, ...],
    add: tuple[str, ...],
    weights: tuple[tuple[str, float], ...],
    half: float | None,
    *,
    may_return: bool,
) -> WhatIf | None:
    """A fit beside the page; its answer when it has ended."""
    key = f"retrain-{selection.base}-{selection.user}-{remove}-{add}-{weights}-{half}-{may_return}"

    work = Task(
        "whatif",
        {
            "workspace": selection.name,
            "model": selection.model,
            "user": selection.user,
            "history": selection.history,
            "remove": remove,
            "add": add,
            "weights": dict(weights),
            "half_life_days": half,
            "k": selection.k,
            "kind": "retrain",
            "snapshot": selection.base[2],
            "may_return": may_return,
        },
    )
    if jobs.is_done(key):
        return whatif_queries.whatif(
            selection, remove=remove, add=add, weights=weights, half_life=half, kind="retrain", may_return=may_return
        )
    options = [word for raw in remove for word in ("--remove", raw)] + [word for raw in add for word in ("--add", raw)]
    options += [word for name, times in weights for word in ("--weight", f"{name}={times:g}")]
    options += ["--half-life", f"{half:g}"] if half else []
    options += ["--may-return"] if may_return else []
    jobs.panel(
        key,
        "Learn again",
        "Learning from the edited data",
        work,
        command(
            "whatif",
            "--workspace",
            selection.name,
            "--model",
            selection.model,
            "--user",
            str(selection.user),
            *options,
            "--kind",
            "retrain",
        ),
    )
    return None


def _lists(selection: Selection, found: WhatIf) -> None:
    moved = [a for a in found.after if a.was_rank != a.rank]
    fresh = [a for a in found.after if a.was_rank is None or a.was_rank > len(found.before)]
    st.header("Before and after")
    if not moved:
        st.markdown(f"The first {count(len(found.after))} stay as they are.")
    else:
        st.markdown(
            f"**{len(moved)} of {counted(len(found.after), 'place')}** {'changes' if len(moved) == 1 else 'change'}; "
            f"{len(fresh)} {'is' if len(fresh) == 1 else 'are'} new to the list."
        )
    widgets.chart(
        two_lists(found, theme=widgets.theme()),
        "two-lists",
        "The list before and after, with a line for each item in both",
    )
    if found.removed and not found.may_return:
        st.caption("What was taken out stays out: the person has seen it. A switch above lets it come back.")
    frame = after_frame(found)
    widgets.table(
        frame,
        f"whatif-{selection.model}-{selection.user or 'own-titles'}",
        "The list after the change: place, place before, what moved it",
        _COLUMNS,
        what="the list after",
        row_height=60 if moved else None,
    )
    gone = [b for b in found.before if b.now_rank is None or b.now_rank > len(found.after)]
    if gone:
        rows = [(b.rank, b.label, "in the history now" if b.now_rank is None else str(b.now_rank)) for b in gone]
        st.subheader("No longer in the list")
        widgets.rows(pd.DataFrame(rows, columns=["was", "title", "now"]), "What fell out of the list")
    if moved:
        with st.expander("Open an item of the new list"):
            for entry in found.after:
                widgets.link("item", f"{entry.rank}. {plain(entry.label, 90)}", item=entry.item)


def after_frame(found: WhatIf) -> pd.DataFrame:
    """One row a listed item: place, place before, title, score, and the history items whose amounts changed most."""

    def was(rank: int | None, now: int) -> str:
        if rank is None:
            return "back: you took it out"
        return "same" if rank == now else f"{'▲' if rank > now else '▼'} from {rank}"

    rows = [
        (
            a.rank,
            was(a.was_rank, a.rank),
            a.label,
            a.score,
            "; ".join(f"{m.label} {amount(m.change)}" for m in a.moved_by),
        )
        for a in found.after
    ]
    return pd.DataFrame(rows, columns=["rank", "before", "title", "score", "moved by"])


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
