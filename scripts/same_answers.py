"""Every command's answer on a state folder, written down: to compare two versions of the product.

    python scripts/same_answers.py CHECKOUT STATE OUT WORKSPACE …

copies STATE, runs the commands of CHECKOUT on the copy and writes one file a command to OUT; then `diff -r` two of
them. Times, seconds, random ids, hashes that depend on them and the version are written as words. Commands run in one
process, in the same order, so that an answer may depend on those before it (a signature on an audit).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

USERS = {"newsroom": ("r0007", "r0386"), "movielens-100k": ("723", "238"), "shop": ("c07", "c11")}
ITEM_COLUMNS = {"newsroom": "author_group", "movielens-100k": "genre", "shop": "popularity"}
USER_COLUMNS = {"newsroom": "region", "movielens-100k": "gender", "shop": "city"}
MODELS = ("path", "item-knn", "popularity")
VOLATILE = (
    (r'"(seconds\w*|mtime|created|fixed_at|when|at|exported|recomputed)": ?[-\d.e+]+', r'"\1": 0'),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z| UTC)?", "TIME"),
    (r"\b[0-9a-f]{64}\b", "HASH"),
    (r"\baudit-[0-9a-f]{12}\b", "AUDIT"),
    (r"\b[0-9a-f]{8,16}\b", "ID"),
    (r"0\.\d+\.\d+[^ \",]*\+sources[^ \",]*|sources [0-9a-f]+", "VERSION"),
)


def main() -> int:
    checkout, state, out, *workspaces = sys.argv[1:]
    folder = Path(out).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        shutil.copytree(Path(state).resolve(), home, symlinks=True)
        os.environ |= {"SURFACED_HOME": str(home), "OMP_NUM_THREADS": "1"}
        os.chdir(checkout)
        sys.path[:0] = [str(Path(checkout).resolve())]
        sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).resolve().parent]
        import cli

        for workspace in workspaces:
            for n, (name, arguments, files) in enumerate(commands(cli, workspace, Path(scratch))):
                status, text, errors = answer(cli, arguments)
                lines = [f"$ {' '.join(arguments)}", f"exit {status}", text, errors]
                lines += [file.read_text(encoding="utf-8") for file in files if file.exists()]
                clean = constant("\n".join(lines).replace(scratch, "SCRATCH"))
                (folder / f"{workspace}-{n:03}-{name}.txt").write_text(clean, encoding="utf-8")
                print(f"{workspace} {n:03} {name} {status}", flush=True)
    return 0


def answer(cli: Any, arguments: list[str]) -> tuple[int, str, str]:
    """Exit status, stdout and the messages of one command."""
    sys.argv = ["cli.py", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = int(cli.main() or 0)
        except SystemExit as ended:
            status = int(ended.code or 0)
    errors = [line for line in re.split(r"[\r\n]+", err.getvalue()) if line and "%" not in line]
    return status, out.getvalue(), "\n".join(errors)


def json_answer(cli: Any, *arguments: str) -> Any:
    """The JSON of a command."""
    return json.loads(answer(cli, [*arguments, "--json"])[1])


def commands(cli: Any, workspace: str, scratch: Path) -> Iterator[tuple[str, list[str], list[Path]]]:
    """(name, arguments, files that it writes) of every command."""
    where = ["--workspace", workspace]
    yield "workspaces", ["workspaces", "--json"], []
    yield "models", ["models", "--json"], []
    for model in [m["name"] for m in json_answer(cli, "models")["models"]]:
        yield from of_model(cli, workspace, model, scratch)
    yield from audits(cli, workspace, scratch)
    yield "notes", ["notes", *where, "--json"], []
    yield "help", ["--help"], []


def of_model(cli: Any, workspace: str, model: str, scratch: Path) -> Iterator[tuple[str, list[str], list[Path]]]:
    users = USERS[workspace]
    base = ["--workspace", workspace, "--model", model]
    status, text, _ = answer(cli, ["recommend", *base, "--user", users[0], "--json"])
    yield f"{model}-recommend", ["recommend", *base, "--user", users[0], "--json"], []
    if status:
        return
    listed = [entry["item"] for entry in json.loads(text)["items"]]
    history = ",".join(f'"{item}"' for item in listed[:3])
    pairs = scratch / "pairs.csv"
    pairs.write_text("user,item\n" + "".join(f'{user},"{listed[1]}"\n' for user in users), encoding="utf-8")
    who = ["--user", users[0]]
    why = json_answer(cli, "why", *base, *who, "--item", listed[0])
    reason = next((p["id"] for p in why["parts"] if p["kind"] == "history"), None)
    html, record = scratch / "why.html", scratch / "why.json"
    yield f"{model}-own", ["recommend", *base, "--history", history, "--json"], []
    yield f"{model}-why", ["why", *base, *who, "--item", listed[0], "--against", listed[4], "--json"], []
    yield f"{model}-why-text", ["why", *base, *who, "--item", listed[0]], []
    yield f"{model}-why-own", ["why", *base, "--history", history, "--item", listed[5], "--json"], []
    yield f"{model}-pairs", ["why", *base, "--pairs", str(pairs), "--json"], []
    yield f"{model}-edges", ["edges", *base, *who, "--item", listed[0], "--json"], []
    yield f"{model}-item", ["item", *base, "--item", listed[0], "--json"], []
    yield f"{model}-item-text", ["item", *base, "--item", listed[0]], []
    yield f"{model}-flip", ["flip", *base, *who, "--item", listed[0], "--json"], []
    yield f"{model}-flip-in", ["flip", *base, *who, "--item", listed[-1], "-k", "3", "--json"], []
    if reason is not None:
        for kind in ("delete", "mask"):
            yield f"{model}-{kind}", ["whatif", *base, *who, "--remove", reason, "--kind", kind, "--json"], []
        yield f"{model}-add", ["whatif", *base, *who, "--remove", reason, "--add", listed[2], "--half-life", "9"], []
    yield f"{model}-export", ["export", *base, *who, "--item", listed[0], "--out", str(html)], [html]
    yield f"{model}-record", ["export", *base, *who, "--item", listed[0], "--out", str(record)], [record]
    yield f"{model}-note", ["note", *base, *who, "--item", listed[0], "--author", "A", "--text", "t", "--json"], []
    for by in (ITEM_COLUMNS[workspace], USER_COLUMNS[workspace], "popularity"):
        yield f"{model}-audit-{by}", ["audit", *base, "--by", by, "--json"], []
    yield f"{model}-weights", ["weights", *base, "--json"], []
    yield f"{model}-evaluate", ["evaluate", *base, "--json"], []
    yield f"{model}-unknown", ["why", *base, "--user", "nobody", "--item", listed[0], "--json"], []


def audits(cli: Any, workspace: str, scratch: Path) -> Iterator[tuple[str, list[str], list[Path]]]:
    where, base = ["--workspace", workspace], ["--workspace", workspace, "--model", "path"]
    column = ITEM_COLUMNS[workspace]
    rows = json_answer(cli, "audit", *base, "--by", column)["rows"]
    group = next(row["group"] for row in rows if row["group"] != "unknown")
    yield "attribute", ["attribute", *base, "--by", column, "--group", group, "--json"], []
    yield "non-profiling", ["non-profiling", *base, "--json"], []
    rule = f"minimum-exposure:by={column},group={group},share=0.8"
    for text in (rule, "popularity-penalty:weight=0.2", f"calibrated:by={column},weight=0.5"):
        yield "guardrail", ["guardrail", *base, "--rule", text, "--user", USERS[workspace][0], "--json"], []
    yield "guardrail-all", ["guardrail", *base, "--rule", rule, "--json"], []
    yield "plan", ["plan", *base, "--json"], []
    yield "run-audit", ["run-audit", *base, "--actor", "Ada", "--role", "auditor", "--json"], []
    answer(cli, ["run-audit", *base, "--actor", "Ada", "--role", "auditor"])
    newest, first = (entry["id"] for entry in json_answer(cli, "audits", *where)["audits"][:2])
    yield "sign", ["sign", *where, "--id", newest, "--name", "Ada", "--role", "auditor", "--json"], []
    yield "incident", ["incident", *where, "--text", "t", "--name", "Ada", "--role", "auditor", "--json"], []
    yield "audits", ["audits", *where, "--json"], []
    yield "compare", ["compare-audits", *where, "--id", newest, "--earlier", first, "--json"], []
    html, record, cards = scratch / "audit.html", scratch / "audit.json", scratch / "cards"
    yield "report", ["export-audit", *where, "--id", newest, "--out", str(html)], [html]
    yield "report-json", ["export-audit", *where, "--id", newest, "--out", str(record)], [record]
    yield "verify-report", ["verify-report", str(record), "--json"], []
    yield "verify-log", ["verify-log", *where, "--json"], []
    yield "log", ["log", *where, "--json"], []
    files = [cards / f"{kind}-card.{ending}" for kind in ("model", "data") for ending in ("md", "json")]
    yield "cards", ["cards", *base, "--out", str(cards)], files
    yield "faithfulness", ["faithfulness", *base, "--users", "30", "--json"], []


def constant(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, word in VOLATILE:
        text = re.sub(pattern, word, text)
    return text


if __name__ == "__main__":
    sys.exit(main())
