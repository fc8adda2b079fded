"""The door: one session, one service a subject, each small; what is kept is bounded and safe between threads."""

from __future__ import annotations

import ast
import inspect
import threading
from dataclasses import FrozenInstanceError
from pathlib import Path
from types import FunctionType

import pytest

from core.errors import NotReadyError, OptionError, UnknownIdError
from explain.workbench.session import KEPT, Session
from explain.workbench.workbench import Workbench
from explain.workspace.cache import Cache

ROOT = Path(__file__).resolve().parents[2]
SUBJECTS = {
    "data",
    "models",
    "explain",
    "whatif",
    "evaluate",
    "exposure",
    "over_time",
    "audits",
    "rules",
    "records",
    "notes",
    "blind_test",
    "faithfulness",
}


def public_methods(thing: object) -> list[str]:
    return [
        name
        for name, value in vars(type(thing)).items()
        if isinstance(value, FunctionType) and not name.startswith("_")
    ]


def test_the_workbench_is_a_session_and_one_service_a_subject(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    assert set(vars(bench)) == {"session", *SUBJECTS}
    assert public_methods(bench) == []
    assert type(bench).__bases__ == (object,)


@pytest.mark.parametrize("subject", sorted(SUBJECTS))
def test_a_service_is_small_stands_on_the_session_and_says_what_its_methods_do(subject: str, tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    service = getattr(bench, subject)
    assert type(service).__bases__ == (object,)
    assert service.session is bench.session
    methods = public_methods(service)
    assert 3 <= len(methods) <= 12, methods
    assert all(inspect.getdoc(getattr(service, name)) for name in methods)


def test_nothing_reaches_a_private_member_of_another() -> None:
    reached = []
    for file in sorted((ROOT / "explain" / "workbench").glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            private = isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
            if private and ast.unparse(node.value) not in ("self", "cls", "os"):
                reached.append(f"{file.name}:{node.lineno} {ast.unparse(node)}")
    assert reached == []


def test_a_question_is_frozen_and_says_for_whom(home: Path) -> None:
    session = Session(home)
    user = str(session.workspace("newsroom").graph.users.ids[3])
    known = session.open("newsroom", "path", user=user)
    assert (known.user, known.known, known.position, known.edited) == (user, 3, 3, False)
    items = session.workspace("newsroom").graph.items.ids
    own = session.open("newsroom", "path", history=[str(items[0]), str(items[5])])
    assert (own.user, own.known, own.edited) == (None, None, True)
    assert own.model.history(own.position).tolist() == [0, 5]
    assert own.rank(0) is None
    with pytest.raises(FrozenInstanceError):
        known.user = "somebody else"  # type: ignore[misc]


def test_a_question_about_nobody_or_nothing_is_refused(home: Path) -> None:
    session = Session(home)
    with pytest.raises(OptionError, match="for whom"):
        session.open("newsroom", "path")
    with pytest.raises(UnknownIdError):
        session.open("newsroom", "path", user="nobody")
    with pytest.raises(NotReadyError):
        session.open("movielens-100k", "path", user="1")


def test_what_is_loaded_once_is_kept_and_can_be_forgotten(home: Path) -> None:
    session = Session(home)
    loaded = session.workspace("newsroom")
    manifest = loaded.manifest("path")
    assert session.workspace("newsroom") is loaded
    assert loaded.model(manifest) is loaded.model(manifest)
    assert loaded.lists(manifest, 5) is loaded.lists(manifest, 5)
    session.forget()
    assert session.workspace("newsroom") is not loaded


def test_the_cache_keeps_those_used_last() -> None:
    cache = Cache({"list": 2})
    cache.put("list", 1, "one")
    cache.put("list", 2, "two")
    assert cache.peek("list", 1) == "one"
    cache.put("list", 3, "three")
    assert [cache.peek("list", key) for key in (1, 2, 3)] == ["one", None, "three"]
    cache.clear("list")
    assert cache.peek("list", 1) is None
    assert all(limit > 0 for limit in KEPT.values())


def test_two_threads_make_an_entry_once_and_do_not_wait_for_other_entries() -> None:
    cache, calls, begun, go_on = Cache({"list": 4}), [], threading.Event(), threading.Event()

    def slow() -> str:
        calls.append(1)
        begun.set()
        assert go_on.wait(30)
        return "slow"

    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(cache.get("list", "a", slow))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    assert cache.get("list", "b", lambda: "quick") == "quick"
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert (answers, calls) == (["slow"] * 4, [1])


def test_what_cannot_be_made_is_not_kept_and_is_tried_again() -> None:
    cache = Cache({"list": 4})

    def fails() -> str:
        raise OptionError("not now")

    with pytest.raises(OptionError):
        cache.get("list", "a", fails)
    assert cache.get("list", "a", lambda: "now") == "now"


def test_an_entry_may_need_another_one_while_it_is_made() -> None:
    cache = Cache({"model": 2, "list": 2})
    assert cache.get("list", "a", lambda: cache.get("model", "a", lambda: "model") + "'s list") == "model's list"
