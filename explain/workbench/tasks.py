"""Long work in a process of its own: a fit or an audit takes no turn from the visitors of the pages, and can be ended
at once.

A task is a public method of the workbench with plain arguments. `Process` starts `python -m explain.workbench.tasks`
with the task as one line of JSON on its stdin, and reads lines of progress and how it ended from its stdout. What the
work finds is stored by the workbench, whole or not at all; pages read it from there. The process ends with the server:
when its stdin closes.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Literal

from core.errors import CancelledError, OptionError, SurfacedError, shown
from core.files import JsonObject
from explain.storage.log_file import log_failures

logger = logging.getLogger("explain.workbench.tasks")  # also where the module is the program
State = Literal["running", "done", "cancelled", "failed"]
ROOT: Final = Path(__file__).resolve().parents[2]
GRACE_S: Final = 0.5  # to clean up after a cancel, before it is killed
SECONDS_BETWEEN_LINES: Final = 0.2
NICER: Final = 19  # the pages go first where both want the processor


@dataclass(frozen=True)
class Task:
    """A method of a service of the workbench ("models.fit") that takes `progress`, and its arguments; these must go
    through JSON as they are.
    """

    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def as_line(self) -> str:
        return json.dumps({"method": self.method, "arguments": dict(self.arguments)}) + "\n"


@dataclass
class Process:
    """A task that runs. `fraction` 0..1 and `doing` are where it stands, `message` why it ended; read
    from any thread.
    """

    task: Task
    fraction: float = 0.0
    doing: str = "starting"
    state: State = "running"
    message: str = ""
    _child: subprocess.Popen[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> Process:
        """Begin; a thread of this process follows what it says."""
        child = subprocess.Popen(
            [sys.executable, "-m", "explain.workbench.tasks"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=_environment(),
            start_new_session=True,
        )
        self._child = child
        assert child.stdin is not None
        with suppress(BrokenPipeError):  # it died at once: how is told when its stdout ends
            child.stdin.write(self.task.as_line())
            child.stdin.flush()
        threading.Thread(target=self._follow, args=(child,), name=f"task {self.task.method}", daemon=True).start()
        return self

    def cancel(self) -> None:
        """End it: asked first, killed half a second later. What it had stored stays; what it was
        writing is not there.
        """
        with self._lock:
            if self.state != "running":
                return
            self.state, self.message = "cancelled", f"Stopped while {self.doing}. What was not finished is not stored."
        child = self._child
        if child is not None and child.poll() is None:
            child.terminate()
            threading.Timer(GRACE_S, child.kill).start()

    def wait(self, timeout_s: float) -> State:
        """How it stands after at most this long."""
        until = time.monotonic() + timeout_s
        while self.state == "running" and time.monotonic() < until:
            time.sleep(0.02)
        return self.state

    def _follow(self, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        state: State | None = None
        message = ""
        for said in _lines(child.stdout):
            if "fraction" in said:
                self.fraction, self.doing = float(said["fraction"]), str(said["doing"])
            elif "state" in said:
                state, message = said["state"], str(said["message"])
        status = child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        with self._lock:
            if self.state != "running":
                return
            if state is None:
                state, message = "failed", f"It ended without a word (status {status}); the server's log has more."
            if state == "done":
                self.fraction = 1.0
            self.message, self.state = message, state


def _environment() -> dict[str, str]:
    """One thread of linear algebra: the other cores serve the pages."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def _lines(out: IO[str]) -> Iterator[JsonObject]:
    """What the process says; a line that is no such line (a library's print) is passed over."""
    for line in out:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            yield said


def run(task: Task, bench: object, progress: Callable[[float, str], None]) -> None:
    """Do the work here. Raises OptionError where the workbench has no such long work, and what the work raises."""
    method: Any = bench
    for name in task.method.split("."):
        method = None if name.startswith("_") else getattr(method, name, None)
    if not callable(method) or "progress" not in inspect.signature(method).parameters:
        raise OptionError(f"There is no long work called {shown(task.method)}.")
    method(**task.arguments, progress=progress)


def main() -> int:
    """The process itself. Its own stdout is for lines of progress alone: what libraries print goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGTERM, _stop)
    if hasattr(os, "nice"):
        os.nice(NICER)
    content = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    said_at = 0.0

    def say(**content: object) -> None:
        out.write(json.dumps(content) + "\n")
        out.flush()

    def progress(fraction: float, doing: str) -> None:
        nonlocal said_at
        now = time.monotonic()
        if now - said_at >= SECONDS_BETWEEN_LINES:
            said_at = now
            say(fraction=min(max(fraction, 0.0), 1.0), doing=doing)

    from explain.workbench.workbench import Workbench

    bench = Workbench()
    log_failures(bench.session.home)
    task = Task(content["method"], content["arguments"])
    try:
        run(task, bench, progress)
    except CancelledError as error:
        say(state="cancelled", message=str(error))
    except SurfacedError as error:
        logger.warning("%s failed", task.method, exc_info=True)
        say(state="failed", message=str(error))
    except Exception as error:
        logger.error("%s failed unexpectedly", task.method, exc_info=True)
        say(state="failed", message=f"It ended with an unexpected {type(error).__name__}; the server's log has more.")
        raise
    else:
        say(state="done", message="")
    return 0


def _stop(*_: object) -> None:
    raise CancelledError("Stopped. What was not finished is not stored.")


def _end_with_the_server() -> None:
    """stdin closes when the server that asked has gone: nobody waits for the work any more."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
