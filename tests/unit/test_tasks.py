"""Long work in a process of its own: what it finds is there for the server, and it ends when it shall."""

from __future__ import annotations

import ast
import inspect
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
from operator import attrgetter
from pathlib import Path

import pytest

from core.errors import OptionError, UnknownIdError
from core.models import base
from core.progress import no_progress
from explain.storage import log_file
from explain.workbench.question import Whom
from explain.workbench.tasks import Process, Task, run
from explain.workbench.workbench import Workbench

ROOT = Path(__file__).resolve().parents[2]
LONG_S = 120


@pytest.fixture
def own_home(newsroom_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that a test may fit in."""
    home = Path(shutil.copytree(newsroom_home, tmp_path / "home"))
    monkeypatch.setenv("SURFACED_HOME", str(home))
    return home


def test_what_the_process_stored_is_there_for_the_server(own_home: Path) -> None:
    bench = Workbench(own_home)
    before = next(s for s in bench.models.fitted("newsroom") if s.model == "popularity")
    process = Process(Task("models.fit", {"workspace": "newsroom", "model": "popularity", "seed": 7})).start()
    assert process.wait(LONG_S) == "done", process.message
    after = next(s for s in bench.models.fitted("newsroom") if s.model == "popularity")
    assert (before.seed, after.seed) == (0, 7)
    assert process.fraction == 1.0


def test_a_cancelled_fit_is_gone_and_leaves_nothing(own_home: Path) -> None:
    snapshots = Workbench(own_home).session.store.snapshots("newsroom")
    before = sorted(p.name for p in snapshots.iterdir())
    process = Process(Task("models.fit", {"workspace": "newsroom", "model": "lightgcn", "seed": 3})).start()
    until = threading.Event()
    while process.fraction == 0.0 and process.state == "running":
        until.wait(0.05)
    process.cancel()
    assert process.state == "cancelled"
    assert "not stored" in process.message
    child = process._child
    assert child is not None
    assert child.wait(10) is not None
    assert sorted(p.name for p in snapshots.iterdir() if not p.name.startswith(".")) == before


def test_work_that_fails_keeps_its_sentence(own_home: Path) -> None:
    process = Process(Task("models.fit", {"workspace": "newsroom", "model": "no-such-model"})).start()
    assert process.wait(LONG_S) == "failed"
    with pytest.raises(OptionError) as caught:
        base.get_model("no-such-model")
    assert process.message == str(caught.value)


def test_the_process_ends_with_the_server_that_asked(own_home: Path) -> None:
    command = [sys.executable, "-m", "explain.workbench.tasks"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        child.stdin.write(Task("models.fit", {"workspace": "newsroom", "model": "lightgcn", "seed": 5}).as_line())
        child.stdin.close()
        assert child.stdout is not None
        said = [json.loads(line) for line in child.stdout]
    assert not any(line.get("state") == "done" for line in said)


@pytest.mark.parametrize(
    "method", ["session._stored_refit", "data.card", "no_such.work", "data.no_such_work", "data", "fit", "__init__"]
)
def test_only_long_work_of_the_workbench_can_be_asked_for(method: str) -> None:
    with pytest.raises(OptionError, match="no long work"):
        run(Task(method), Workbench(), no_progress)


def test_what_the_work_raises_comes_through(own_home: Path) -> None:
    task = Task("whatif.compare", {"workspace": "newsroom", "model": "path", "user": "nobody", "kind": "retrain"})
    with pytest.raises(UnknownIdError):
        run(task, Workbench(own_home), no_progress)


def test_a_failure_is_logged_with_its_places_and_nothing_of_anybody(own_home: Path) -> None:
    asked = {"workspace": "newsroom", "model": "path", "user": "secret-person", "kind": "retrain"}
    process = Process(Task("whatif.compare", asked)).start()
    assert process.wait(LONG_S) == "failed"
    assert "secret-person" in process.message
    text = (own_home / "logs" / "jobs.log").read_text()
    assert "explain.workbench.tasks whatif.compare failed" in text
    assert re.search(r"explain/workbench/whatif\.py:\d+ in compare", text)
    assert text.rstrip().endswith("UnknownIdError")
    assert "secret-person" not in text


def test_the_log_of_failures_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "MAX_BYTES", 2_000)
    log_file.log_failures(tmp_path)
    logger = logging.getLogger("explain.for_tests")
    for _ in range(200):
        logger.warning("something failed")
    monkeypatch.setattr(logging.getLogger("explain"), "handlers", [])
    sizes = [file.stat().st_size for file in (tmp_path / "logs").iterdir()]
    assert len(sizes) == 1 + log_file.KEPT
    assert max(sizes) <= 2_000


def test_a_model_learnt_again_by_one_process_is_not_learnt_by_the_next(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Workbench(own_home)
    user = bench.explain.example("newsroom").user
    first = bench.data.person("newsroom", user).history[0].item
    asked = {"workspace": "newsroom", "model": "item-knn", "user": user, "remove": [first], "kind": "retrain"}
    process = Process(Task("whatif.compare", asked)).start()
    assert process.wait(LONG_S) == "done", process.message
    monkeypatch.setattr(type(base.get_model("item-knn")), "fit", None, raising=False)
    monkeypatch.setattr("explain.workbench.whatif.get_model", lambda name: pytest.fail(f"{name} is learnt once more"))
    comparison = bench.whatif.compare(**asked)  # type: ignore[arg-type]
    assert first not in {row.item for row in comparison.before}


def test_every_task_of_the_pages_fits_a_method_of_the_workbench(tmp_path: Path) -> None:
    calls = []
    for file in sorted((ROOT / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Task":
                name, arguments = node.args
                assert isinstance(name, ast.Constant)
                assert isinstance(arguments, ast.Dict)
                keys = {key.value for key in arguments.keys if isinstance(key, ast.Constant)}
                calls.append((str(name.value), keys))
    measured = {"evaluate.measure", "evaluate.cold_of_many", "faithfulness.measure", "whatif.compare", "blind_test.run"}
    audited = {"exposure.audit", "audits.run", "over_time.audit", "rules.apply"}
    assert {name for name, _ in calls} == {"models.fit", *measured, *audited}
    bench = Workbench(tmp_path)
    for name, keys in calls:
        method = attrgetter(name)(bench)
        parameters = set(inspect.signature(method).parameters)
        if "whom" in parameters:
            parameters |= set(Whom.__annotations__)
        assert keys | {"progress"} <= parameters, name


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of open files to raise")
def test_a_server_started_with_256_open_files_raises_its_limit() -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    code = (
        "import resource; hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]; "
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)); "
        "from pages.frame.server import raise_open_files; print(raise_open_files())"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, env=os.environ)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(65_536, hard)
    assert process.stdout.strip() == str(wanted), process.stderr
