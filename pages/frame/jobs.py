"""Long work beside the pages: it runs in a process of its own, shows where it stands, and can be cancelled.

Jobs belong to the server, not to a visitor: two people who ask for the same fit share it, and it goes on when a page is
left. One runs at a time; the machine has few cores.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from explain.workbench.tasks import Process, Task
from pages.frame import widgets
from pages.frame.text import plain

_POLL_S = 0.5


@dataclass(frozen=True)
class Job:
    """One piece of work and what it is called."""

    key: str
    title: str
    process: Process

    @property
    def state(self) -> str:
        return self.process.state

    @property
    def message(self) -> str:
        return self.process.message


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, Job]:
    return {}


def is_done(key: str) -> bool:
    """Whether this work has ended well since the server started."""
    job = _jobs().get(key)
    return job is not None and job.state == "done"


def running() -> Job | None:
    return next((job for job in list(_jobs().values()) if job.state == "running"), None)


def start(key: str, title: str, task: Task) -> Job:
    """Begin the work, unless something runs already: then that job is returned."""
    busy = running()
    if busy is not None:
        return busy
    job = Job(key, title, Process(task).start())
    _jobs()[key] = job
    return job


def panel(key: str, label: str, title: str, task: Task, command: str) -> None:
    """A button that starts the work, its progress bar with Cancel, how it ended, and the command that does the same."""
    job = _jobs().get(key)
    if job is not None and job.state == "running":
        st.fragment(_watch, run_every=_POLL_S)(job)
        return
    busy = running()
    if st.button(label, key=f"start-{key}", disabled=busy is not None):
        start(key, title, task)
        st.rerun()
    if busy is not None:
        st.caption(f"Waits for other work: {plain(busy.title)}.")
    if job is not None and job.state == "cancelled":
        st.info(plain(job.message, 300))
    elif job is not None and job.state == "failed":
        st.error(plain(job.message, 600))
    st.caption("The same from a shell:")
    widgets.command(command)


def _watch(job: Job) -> None:
    """The running job; when it has ended, the whole page is drawn anew."""
    if job.state != "running":
        st.rerun(scope="app")
    st.progress(job.process.fraction, f"{plain(job.title)}: {plain(job.process.doing)}")
    if st.button("Cancel", key=f"cancel-{job.key}"):
        job.process.cancel()
        st.rerun(scope="app")
