"""Plant a bias of a size of your own in a newsroom, let the audit estimate it blindly, then break the seal."""

from __future__ import annotations

from typing import Final

import pandas as pd
import streamlit as st

from core.errors import SurfacedError
from core.texts import command
from explain.charts.attribution import blind_chart
from explain.format.numbers import seconds
from explain.format.words import column_words
from explain.results.blind_test import AuditedGroup, BlindResult, BlindTestEntry, Revealed
from explain.workbench.tasks import Task
from pages.frame import jobs, queries, widgets
from pages.frame.text import count, lead, percent, plain

KINDS: Final = {
    "author": "New authors are shown less",
    "cohort": "Readers in the North are served worse",
}
MEANING: Final = {
    "author": (
        "Size: how much less likely an article by a new author is to be shown in each draw among "
        "co-readers or as trending."
    ),
    "cohort": "Size: the part of their personal reading that readers in the North lose to the editors' push list.",
}
OWN, DRAWN = "I set it", "Draw one for me"
_CHOSEN: Final = "blind-test"
_REFUSED: Final = "blind-refused"


def page() -> None:
    st.title("Blind test")
    lead("Would an audit find a bias that nobody told it of? Plant one, seal its size, and see.")
    _begin()
    if refused := st.session_state.pop(_REFUSED, None):
        st.error(plain(refused, 400))
    tests = queries.workbench().blind_test.tests()
    if not tests:
        st.info("No blind test was made here yet. Choose what to plant above and seal it.")
        return
    _chosen_test(tests)
    _tally(tests)


def _begin() -> None:
    """What to plant and how much. Sealing it makes it the test that is shown; from then on nothing says its size."""
    chosen = st.session_state.get(_CHOSEN)
    sealed = any(entry.id == chosen and not entry.revealed for entry in queries.workbench().blind_test.tests())
    with st.expander("Plant another bias" if sealed else "Plant a bias", expanded=not sealed):
        left, right = st.columns(2, gap="large")
        with left:
            kind = st.radio("What is planted", list(KINDS), key="blind-kind", format_func=lambda name: KINDS[name])
        with right:
            how = st.radio("How large", [DRAWN, OWN], key="blind-how")
            if how == OWN:
                st.slider("Size", 0.0, 0.95, 0.5, 0.01, key="blind-size")
        st.caption(
            f"{MEANING[kind]} A newsroom of 800 readers and 600 articles is simulated with it. The "
            "size is written apart; what is shown is "
            "a SHA-256 commitment to it. The audit reads the newsroom alone, without the causes of events."
        )
        st.button("Seal and start", key="blind-seal", disabled=jobs.running() is not None, on_click=_seal)


def _seal() -> None:
    """Seal what the form says, and clear the form: a size that somebody set stands nowhere on the page."""
    kind, how = st.session_state["blind-kind"], st.session_state["blind-how"]
    size = float(st.session_state["blind-size"]) if how == OWN else None
    try:
        sealed = queries.workbench().blind_test.seal(size, kind)
    except SurfacedError as error:
        st.session_state[_REFUSED] = str(error)
        return
    for key in ("blind-size", "blind-how"):
        st.session_state.pop(key, None)
    st.session_state[_CHOSEN] = sealed.id
    _start(sealed.id)


def _start(test: str) -> None:
    jobs.start(f"blind-{test}", f"Blind test {test}", _work(test))


def _work(test: str) -> Task:
    return Task("blind_test.run", {"test": test})


def _chosen_test(tests: tuple[BlindTestEntry, ...]) -> None:
    """The chosen test: its commitment, its audit or the button that runs it, and what was sealed."""
    entries = {entry.id: entry for entry in tests}
    if st.session_state.get(_CHOSEN) not in entries:
        st.session_state[_CHOSEN] = tests[0].id
    st.header("The audit's word")
    chosen = st.selectbox(
        "Test",
        list(entries),
        key=_CHOSEN,
        format_func=lambda test: f"{test} · {KINDS[entries[test].kind]} · {entries[test].created[:10]}",
    )
    entry, result = entries[chosen], queries.workbench().blind_test.result(chosen)
    st.caption("Commitment to the sealed size (SHA-256), made before the audit began:")
    widgets.command(entry.commitment)
    if result is None:
        st.info(
            "The audit has not spoken yet. The first test of a kind takes about a minute or two, "
            "because forty newsrooms of known "
            "sizes are simulated to compare with; later ones take seconds."
        )
        jobs.panel(
            f"blind-{chosen}",
            "Run the audit",
            f"Blind test {chosen}",
            _work(chosen),
            command("blind-start", "--size", "draw"),
        )
        return
    truth = queries.workbench().blind_test.reveal(chosen) if entry.revealed else None
    _answer(result, truth)
    if truth is None and st.button("Reveal", key=f"reveal-{chosen}"):
        try:
            queries.workbench().blind_test.reveal(chosen)
        except SurfacedError as error:
            widgets.problem(error)
        else:
            st.rerun()


def _answer(result: BlindResult, truth: Revealed | None) -> None:
    lead(result.sentence)
    if truth is not None:
        _truth(truth)
    widgets.tiles(
        [
            ("Estimate", f"{result.size:.2f}", f"95 % interval {result.low:.2f} to {result.high:.2f}"),
            *(
                (ratio.name.capitalize(), f"{ratio.ratio:.2f}", f"{ratio.meaning}; 1 is alike")
                for ratio in result.numbers
            ),
            (
                "Worlds compared with",
                count(result.n_ladder),
                f"of known sizes; this test took {seconds(result.seconds)}",
            ),
        ]
    )
    widgets.chart(
        blind_chart(result, truth, theme=widgets.theme()),
        f"blind-{result.id}-{truth is not None}",
        (
            "What the audit measures over the size of the planted bias: worlds of known size with "
            "their band, and this world's interval."
        ),
    )
    st.caption(plain(result.formula, 400))
    st.subheader("The ordinary audit of the same newsroom")
    widgets.table(
        audit_frame(result.audit),
        f"blind-{result.id}",
        f"The audit by {column_words(result.audit.by)} of the group that is looked at",
    )
    st.caption(
        f"The newsroom stays as workspace {plain(result.workspace)} for a while, so that it "
        "can be looked into on every page."
    )


def audit_frame(audit: AuditedGroup) -> pd.DataFrame:
    """One row: the group, its number of members, and the metric with its interval and verdict."""
    names = ("group", "n", "value", "low", "high", "verdict", "reason")
    frame = pd.DataFrame([{name: getattr(audit, name) for name in names}])
    return frame.rename(columns={"value": audit.metric})


def _truth(truth: Revealed) -> None:
    (st.success if truth.held and truth.matches else st.error)(plain(truth.sentence, 400))
    with st.expander("Check the commitment yourself"):
        st.caption("The SHA-256 of this text is the commitment:")
        widgets.command(f"printf '%s' '{truth.committed_text}' | sha256sum")
        st.caption("Recomputed here:")
        widgets.command(truth.recomputed)


def _tally(tests: tuple[BlindTestEntry, ...]) -> None:
    """How often the interval held what was planted, over all tests that were revealed here."""
    held = [bool(entry.held) for entry in tests if entry.revealed]
    if held:
        st.caption(
            f"Of {count(len(held))} revealed here the interval held {count(sum(held))} "
            f"({percent(sum(held) / len(held))}); it should hold 95 % in the long run."
        )


if __name__ == "__main__":  # Streamlit runs a page as a script; tests import it
    page()
