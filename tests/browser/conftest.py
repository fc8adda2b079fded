"""The real app in Debian's Chromium: one server and one browser for all tests here, a fresh context for each.

`view` opens pages in both themes, wide and at 390 px, and fails at its end on what no page may do: raise in the
browser, write to its error console, call another host, warn or raise in the server's log.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.conftest import find_chromium

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S, SETTLE_TIMEOUT_MS = 60, 60_000
QUIET_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
IN_LOG = re.compile(r"^.*(?:deprecat|warning|traceback|exception|error).*$", re.IGNORECASE | re.MULTILINE)
# Streamlit's client asks /why/_stcore/… before /_stcore/…, to find out where the app is mounted: a 404 that it expects.
BASE_PATH_PROBE = re.compile(r"/\w+/_stcore/(health|host-config)$")
SETTLED = """() => {
    const idle = document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
        && !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]');
    if (!idle) { window.__idleSince = null; return false; }
    window.__idleSince = window.__idleSince ?? performance.now();
    return performance.now() - window.__idleSince > 300;
}"""

# What fades in or out has half its contrast on the way; a spinner that never ends is not waited for.
AT_REST = """() => document.getAnimations().every(
    a => a.playState !== 'running' || a.effect.getComputedTiming().endTime === Infinity)"""

Theme = Literal["light", "dark"]
WIDTHS, HEIGHT = (1280, 390), 900


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them in one worker, so that there is one server; skipped where there is no Chromium."""
    folder = Path(__file__).parent
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            if find_chromium() is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on PATH"))


@dataclass(frozen=True)
class App:
    """The running app: its address, and all that it has logged."""

    url: str
    log: Path

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@dataclass
class View:
    """One visitor: a fresh browser context in one theme and width, and what went wrong in it."""

    app: App
    context: BrowserContext
    page: Page
    theme: Theme
    width: int
    problems: list[str] = field(default_factory=list)

    def open(self, path: str = "", query: str = "") -> Page:
        """Open a page of the app (its URL path, a query without '?') and wait until it has settled."""
        self.page.goto(f"{self.app.url}/{path}" + (f"?{query}" if query else ""))
        settled(self.page)
        return self.page

    def widths(self) -> Iterator[int]:
        """The page as it was opened, then once the window was made narrow."""
        yield self.width
        for other in set(WIDTHS) - {self.width}:
            self.page.set_viewport_size({"width": other, "height": HEIGHT})
            settled(self.page)
            yield other

    def watch(self, page: Page) -> None:
        """Note what no page may do; also for pages that a test opens itself in this context."""
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("console", self._note_console)
        page.on("websocket", lambda socket: self._check_host(socket.url))

    def _note_console(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        if message.type == "error" and not BASE_PATH_PROBE.search(where):
            self.problems.append(f"console: {message.text} ({where[:200]})")

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != self.app.host:
            self.problems.append(f"request to another host: {url[:200]}")


@pytest.fixture(scope="package")
def app(newsroom_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One server over the small Newsroom, until the last browser test is over."""
    with serving(newsroom_home, tmp_path_factory.mktemp("app") / "server.log") as served:
        yield served


@contextmanager
def serving(home: Path, log_file: Path) -> Iterator[App]:
    """`streamlit run app.py` on a free port with `home` as SURFACED_HOME; stopped as Ctrl-C does it."""
    port = free_port()
    served = App(f"http://localhost:{port}", log_file)
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    environment = {**os.environ, "SURFACED_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with log_file.open("wb") as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_until_healthy(served, server)
            yield served
        finally:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(served: App, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers. Fails with its log if it ends or stays silent."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{served.url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"The app did not start (exit {server.poll()}). Its log:\n{served.logged()}")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=list(QUIET_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(params=["light", "dark"])
def view(
    request: pytest.FixtureRequest, app: App, browser: Browser, looks: Callable[[Theme, int], BrowserContext]
) -> Iterator[View]:
    """A visitor in each theme, who comes with a wide window (`widths` makes it narrow). Fails at its end if a page, the
    console, the network or the log complained.
    """
    theme: Theme = request.param
    with visiting(app, browser, theme, WIDTHS[0], context=looks(theme, WIDTHS[0])) as visitor:
        yield visitor


@pytest.fixture(scope="package")
def looks(browser: Browser) -> Iterator[Callable[[Theme, int], BrowserContext]]:
    """A context for each theme that tests of looks share, so that the app's own files are read once."""
    known: dict[tuple[Theme, int], BrowserContext] = {}

    def context_of(theme: Theme, width: int) -> BrowserContext:
        if (theme, width) not in known:
            known[theme, width] = new_context(browser, theme, width)
        return known[theme, width]

    yield context_of
    for context in known.values():
        context.close()


def new_context(browser: Browser, theme: Theme, width: int) -> BrowserContext:
    """Cookies, storage and cache of its own, in one theme and width."""
    return browser.new_context(color_scheme=theme, viewport={"width": width, "height": HEIGHT}, reduced_motion="reduce")


@pytest.fixture
def wide_view(app: App, browser: Browser) -> Iterator[View]:
    """One visitor, light and 1280 px wide, for what does not depend on the looks."""
    with visiting(app, browser, "light", 1280) as visitor:
        yield visitor


@contextmanager
def visiting(
    app: App, browser: Browser, theme: Theme, width: int, *, context: BrowserContext | None = None
) -> Iterator[View]:
    """Open a page, in a context of its own unless one is given, and hand out the view; then check that nothing
    complained.
    """
    log_start = len(app.logged())
    own = new_context(browser, theme, width) if context is None else context
    visitor = View(app, own, own.new_page(), theme, width)
    visitor.watch(visitor.page)
    visitor.page.on("request", lambda request: visitor._check_host(request.url))
    try:
        yield visitor
    finally:
        if context is None:
            own.close()
        else:
            visitor.page.close()
    logged = [f"server log: {line.strip()}" for line in IN_LOG.findall(app.logged()[log_start:])]
    assert visitor.problems + logged == []


def settled(page: Page) -> None:
    """Wait until the script has run to its end and nothing is loading, for 300 ms on end."""
    page.wait_for_function(SETTLED, timeout=SETTLE_TIMEOUT_MS)


def axe(page: Page) -> list[str]:
    """Serious and critical faults that axe-core finds once nothing fades any more, each with its first places."""
    page.wait_for_function(AT_REST, timeout=SETTLE_TIMEOUT_MS)
    violations = Axe().run(page).response["violations"]
    return [
        f"{v['id']} ({v['impact']}): {v['help']} at {'; '.join(str(n['target']) for n in v['nodes'][:3])}"
        for v in violations
        if v["impact"] in {"serious", "critical"}
    ]
