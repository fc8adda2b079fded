"""A Streamlit server of a checkout, and sessions that speak its websocket messages: a visitor without a browser."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

START_S: Final = 60.0
ANSWER_S: Final = 120.0


@dataclass
class Visit:
    """One session. `buttons`: key of a button → (widget id, fragment id), as the last run drew them."""

    socket: Any
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)
    n_exceptions: int = 0

    async def ask(self, page: str, query: dict[str, str], click: str = "") -> float:
        """Rerun a page, with a button pressed where one is named. Seconds until its script has ended."""
        message = BackMsg()
        message.rerun_script.query_string = urlencode(query)
        message.rerun_script.page_name = page
        if click:
            widget, fragment = self.buttons[click]
            message.rerun_script.fragment_id = fragment
            state = message.rerun_script.widget_states.widgets.add()
            state.id, state.trigger_value = widget, True
        self.buttons = {}
        started = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(await asyncio.wait_for(self.socket.recv(), ANSWER_S))
            kind = answer.WhichOneof("type")
            if kind == "delta":
                self._seen(answer)
            elif kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return time.perf_counter() - started

    def _seen(self, answer: ForwardMsg) -> None:
        element = answer.delta.new_element
        if element.WhichOneof("type") == "button":
            self.buttons[element.button.id.split("-", 2)[-1]] = (element.button.id, answer.delta.fragment_id)
        elif element.WhichOneof("type") == "exception":
            self.n_exceptions += 1


@contextmanager
def server(checkout: Path, home: Path) -> Iterator[int]:
    """A server of this checkout on a free port, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "SURFACED_HOME": str(home.resolve())}
    with subprocess.Popen(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            until = time.monotonic() + START_S
            while True:
                try:
                    urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=5).close()
                    break
                except OSError:
                    if time.monotonic() > until or process.poll() is not None:
                        raise
                    time.sleep(0.2)
            yield port
        finally:
            process.terminate()


class connected:
    """A session with the server, closed at the end of the block."""

    def __init__(self, port: int) -> None:
        self.url = f"ws://localhost:{port}/_stcore/stream"

    async def __aenter__(self) -> Visit:
        self.socket = await websockets.connect(self.url, subprotocols=["streamlit"], max_size=None)  # type: ignore[list-item]
        return Visit(self.socket)

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
