"""What every test stands on: an empty home, no network, and one small prepared Newsroom that is built once a run."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data.tables import SplitKind

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1", "", None}


def find_chromium() -> str | None:
    """The browser on PATH that the browser tests drive."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def build_small_newsroom(home: Path, split: SplitKind = "last") -> None:
    """Prepare the workspace `newsroom` under `home`, small, and fit one model of each kind and all floors to it,
    through the workbench.

    300 readers, 200 articles, 30 days; LightGCN is stopped after a few epochs. The example and the measurement of the
    path model (k 20, seed 0) are stored too, as `cli.py demo-data` leaves them.
    split  by which models are fitted: `last` knows no moments, `live` weighs time
    """
    from core.models import _lightgcn_training
    from core.models.base import specs
    from data.datasets import newsroom
    from data.simulation.config import NewsroomConfig
    from explain.workbench.workbench import Workbench
    from tests.models import one_of_each_kind

    bench = Workbench(home)
    floors = [spec.name for spec in specs() if spec.floor]
    models = ("path", *floors) if split == "live" else (*one_of_each_kind(), *floors)
    with pytest.MonkeyPatch.context() as patch:
        small = NewsroomConfig(n_users=300, n_items=200, n_authors=30, n_days=30, default_split=split)
        patch.setattr(newsroom, "CONFIG", small)
        patch.setattr(_lightgcn_training, "MAX_EPOCHS", 8)
        bench.data.prepare("newsroom")
        for model in dict.fromkeys(models):
            bench.models.fit("newsroom", model)
    bench.explain.example("newsroom")
    bench.evaluate.measure("newsroom", "path")


@pytest.fixture(scope="session", autouse=True)
def _apart_from_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's own state, and none reaches another host: both look as on a bare machine."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_locally(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOCAL_HOSTS:
            raise OSError(errno.ENETUNREACH, f"tests have no network (connect to {address[0]})")
        connect(self, address)

    def look_up_locally(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in LOCAL_HOSTS:
            raise socket.gaierror(socket.EAI_AGAIN, f"tests have no network (look-up of {host})")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SURFACED_HOME", str(tmp_path_factory.mktemp("empty-home")))
        patch.delenv("SURFACED_DATA", raising=False)
        patch.setattr(socket.socket, "connect", connect_locally)
        patch.setattr(socket, "getaddrinfo", look_up_locally)
        yield


@pytest.fixture(scope="session")
def newsroom_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the small Newsroom, this worker's own copy.

    The first worker that asks builds the original; it is kept in .pytest_cache for as long as core and data stay as
    they are. SURFACED_TEST_NEWSROOM names a folder that holds one already (several checkouts side by side build it
    once).
    """
    given = os.environ.get("SURFACED_TEST_NEWSROOM")
    original = Path(given) if given else _built_once("last")
    return Path(shutil.copytree(original, tmp_path_factory.mktemp("home") / "newsroom"))


@pytest.fixture(scope="session")
def living_newsroom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with models that weigh time: fitted by the split `live`."""
    return Path(shutil.copytree(_built_once("live"), tmp_path_factory.mktemp("living") / "newsroom"))


@pytest.fixture
def living_home(living_newsroom: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home with models that weigh time as SURFACED_HOME of this test and of what it starts."""
    monkeypatch.setenv("SURFACED_HOME", str(living_newsroom))
    return living_newsroom


def _built_once(split: SplitKind) -> Path:
    sources = [
        ROOT / "tests" / "conftest.py",
        *sorted((ROOT / "core").rglob("*.py")),
        *sorted((ROOT / "data").rglob("*")),
    ]
    whole = hashlib.sha256(b"".join(f.read_bytes() for f in sources if f.suffix in (".py", ".toml"))).hexdigest()[:16]
    cache = ROOT / ".pytest_cache" / f"newsroom-{split}"
    original, done = cache / whole, cache / f"{whole}.done"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            for left in cache.iterdir():
                if left.is_dir():
                    shutil.rmtree(left)
            original.mkdir()
            build_small_newsroom(original, split)
            done.touch()
    return original


@pytest.fixture
def home(newsroom_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prepared home as SURFACED_HOME of this test and of what it starts."""
    monkeypatch.setenv("SURFACED_HOME", str(newsroom_home))
    return newsroom_home


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One clear line where the browser tests could not run."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "tests/browser/" in report.nodeid]
    if skipped and find_chromium() is None:
        terminalreporter.write_line(
            f"{len(skipped)} browser tests skipped: none of {', '.join(CHROMIUM_NAMES)} is on PATH"
            " (Debian and Ubuntu: apt install chromium)."
        )
