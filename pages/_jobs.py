"""Long work beside the pages: it runs in a thread, shows where it stands, and can be cancelled.

Jobs belong to the server, not to a visitor: two people who ask for the same fit share it, and it goes on when a page is
left. One runs at a time; the machine has few cores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st

from core.errors import CancelledError, SurfacedError
from pages import _parts
from pages._text import plain

Progress = Callable[[float, str], None]
_POLL_S = 0.5


@dataclass
class Job:
    """One piece of work. `fraction` 0..1 and `doing` come from its thread; `message` is why it ended."""

    key: str
    title: str
    fraction: float = 0.0
    doing: str = "starting"
    state: Literal["running", "done", "cancelled", "failed"] = "running"
    message: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def progress(self, fraction: float, doing: str) -> None:
        """Callback of the work: notes where it stands, and raises CancelledError once somebody asked for it."""
        self.fraction, self.doing = min(max(fraction, 0.0), 1.0), doing
        if self.stop.is_set():
            raise CancelledError(f"Stopped while {doing}. Nothing was stored.")

    def run(self, work: Callable[[Progress], object]) -> None:
        try:
            work(self.progress)
            self.state = "done"
        except CancelledError as error:
            self.state, self.message = "cancelled", str(error)
        except SurfacedError as error:
            self.state, self.message = "failed", str(error)
        except Exception as error:
            self.state, self.message = (
                "failed",
                f"It ended with an unexpected {type(error).__name__}; the server's log has more.",
            )
            raise


@st.cache_resource(show_spinner=False)
def _jobs() -> dict[str, Job]:
    return {}


def is_done(key: str) -> bool:
    """Whether this work has ended well since the server started."""
    job = _jobs().get(key)
    return job is not None and job.state == "done"


def running() -> Job | None:
    return next((job for job in list(_jobs().values()) if job.state == "running"), None)


def start(key: str, title: str, work: Callable[[Progress], object]) -> Job:
    """Begin the work, unless something runs already: then that job is returned."""
    busy = running()
    if busy is not None:
        return busy
    job = Job(key, title)
    _jobs()[key] = job
    threading.Thread(target=job.run, args=(work,), name=f"job {key}", daemon=True).start()
    return job


def panel(key: str, label: str, title: str, work: Callable[[Progress], object], command: str) -> None:
    """A button that starts the work, its progress bar with Cancel while it runs, how it ended, and the command that does the same."""
    job = _jobs().get(key)
    if job is not None and job.state == "running":
        st.fragment(_watch, run_every=_POLL_S)(job)
        return
    busy = running()
    if st.button(label, key=f"start-{key}", disabled=busy is not None):
        start(key, title, work)
        st.rerun()
    if busy is not None:
        st.caption(f"Waits for other work: {plain(busy.title)}.")
    if job is not None and job.state == "cancelled":
        st.info(plain(job.message, 300))
    elif job is not None and job.state == "failed":
        st.error(plain(job.message, 600))
    st.caption("The same from a shell:")
    _parts.command(command)


def _watch(job: Job) -> None:
    """The running job; when it has ended, the whole page is drawn anew."""
    if job.state != "running":
        st.rerun(scope="app")
    st.progress(job.fraction, f"{plain(job.title)}: {plain(job.doing)}")
    if job.stop.is_set():
        st.caption("Stopping …")
    elif st.button("Cancel", key=f"cancel-{job.key}"):
        job.stop.set()
        st.rerun(scope="fragment")
