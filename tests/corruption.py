"""Corrupted folders, plans and files, made from a seed, and what becomes of them: run as a process of its own.

`python -m tests.corruption KIND FIRST LAST` reads one corrupted input for each seed and prints one JSON line: how many
were read, how many were refused with a sentence, what failed otherwise (with its seed), and the most memory that was
held.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import SurfacedError

LONGEST_S = 20  # for one input: nothing may wait for ever
NASTY_CELLS = (
    "1e308",
    "-1",
    "nan",
    "inf",
    "-inf",
    "0",
    "9" * 400,
    "1e400",
    "0x10",
    "1_000",
    "٣",
    "\x1b[31mred",
    "\x00",
    "\u202eevil",
    "=1+1",
    '"',
    '""',
    "'",
    ",",
    ";",
    "\t",
    "\\",
    '\\"',
    "a" * 200_000,
    " ",
    "\u00a0",
    "None",
    "TRUE",
    "2026-13-45",
    "2026-02-30T25:61",
    "1700000000000",
    "0001-01-01",
    "9999-12-31",
    "é",
    "e\u0301",
    "🧪",
    "-0",
    "1e-320",
    "2026-03-01 12:30+99:99",
    "../../etc/passwd",
    "<script>",
    "1,5",
)
NASTY_JSON = (
    '"x"',
    "-1",
    "1e400",
    "9" * 400,
    "-" + "9" * 400,
    "NaN",
    "Infinity",
    "null",
    "true",
    "[]",
    "{}",
    '"\\ud800"',
    "1.5",
    '""',
    "[1]",
    '{"a": 1}',
    "[" * 60_000 + "]" * 60_000,
    '"' + "y" * 100_000 + '"',
    "0",
    "1e-320",
    '["path"]',
    '{"rest": {}}',
    "18446744073709551616",
    '"\\u0000"',
    "4294967296",
)


def tables(rng: random.Random) -> dict[str, pd.DataFrame]:
    """A small shop that can be prepared."""
    users, items = [f"u{n}" for n in range(12)], [f"i{n}" for n in range(9)]
    pairs = [(u, i) for u in users for i in rng.sample(items, 4)]
    return {
        "events": pd.DataFrame(
            {
                "user": [u for u, _ in pairs],
                "item": [i for _, i in pairs],
                "event": [rng.choice(("view", "buy")) for _ in pairs],
                "value": [rng.choice((1.0, 2.5)) for _ in pairs],
                "time": [1_700_000_000 + 3_600 * n for n in range(len(pairs))],
                "context": [rng.choice(("b1", "b2", None)) for _ in pairs],
            }
        ),
        "users": pd.DataFrame(
            {
                "user": users,
                "label": [f"Person {u}" for u in users],
                "age": [20 + 3 * n for n in range(12)],
                "plan": ["a", "b"] * 6,
            }
        ),
        "items": pd.DataFrame(
            {
                "item": items,
                "label": [f"Thing {i}" for i in items],
                "published": ["2026-01-0" + str(n % 9 + 1) for n in range(9)],
                "price": [1.5 * n for n in range(9)],
            }
        ),
        "topics": pd.DataFrame({"item": items, "topic": [f"t{n % 3}" for n in range(9)], "weight": 1.0}),
        "creators": pd.DataFrame({"item": items, "creator": [f"c{n % 4}" for n in range(9)]}),
    }


CARD = {
    "title": "Shop",
    "event_weights": {"view": 1, "buy": 3},
    "positives": ["buy"],
    "licence": "CC0",
    "default_split": "last",
}


def write_folder(rng: random.Random, folder: Path) -> None:
    """A shop with a fault, seldom none or two: more would hide what one of them does."""
    faults = rng.choices(
        ("columns", "types", "card", "bytes", "cell", "kind", "name"),
        (1, 3, 3, 3, 5, 1, 1),
        k=rng.choice((0, 1, 1, 1, 1, 1, 1, 2)),
    )
    frames = {name: frame for name, frame in tables(rng).items() if name == "events" or rng.random() < 0.8}
    odd = rng.choice(sorted(frames))
    for name, frame in frames.items():
        if name == odd and "columns" in faults:
            _changed_columns(rng, frame)
        if (name == odd and "types" in faults) or rng.random() < 0.3:
            table = (
                _changed_types(rng, frame)
                if name == odd and "types" in faults
                else pa.Table.from_pandas(frame.loc[:, ~frame.columns.duplicated()])
            )
            pq.write_table(table, folder / f"{name}.parquet")
        else:
            frame.to_csv(folder / f"{name}.csv", index=False, sep=rng.choice((",", ",", ";", "\t")))
    if "card" in faults or rng.random() < 0.7:
        text = json.dumps(CARD)
        (folder / "card.json").write_text(
            _changed_json(rng, text) if "card" in faults else text, encoding="utf-8", errors="surrogatepass"
        )
    spoil = {"bytes": _bytes, "cell": _cell, "kind": _kind, "name": _name}
    for fault in faults:
        if fault in spoil:
            spoil[fault](rng, rng.choice(sorted(p for p in folder.iterdir() if p.is_file()) or [folder / "events.csv"]))


def _changed_columns(rng: random.Random, frame: pd.DataFrame) -> None:
    column = rng.choice(list(frame.columns))
    what = rng.random()
    if what < 0.4:
        frame.pop(column)
    elif what < 0.7:
        frame.columns = [
            rng.choice((c.upper(), "", f" {c}", "![x](y)", "label")) if c == column else c for c in frame.columns
        ]
    else:
        frame[column] = rng.choice(NASTY_CELLS)


def _changed_types(rng: random.Random, frame: pd.DataFrame) -> pa.Table:
    """The table as Parquet knows it, with a column of a type that tables do not have, or other people's notes in its
    schema.
    """
    if frame.columns.duplicated().any():
        frame = frame.loc[:, ~frame.columns.duplicated()]
    table = pa.Table.from_pandas(frame, preserve_index=rng.random() < 0.3)
    n, place = len(frame), rng.randrange(table.num_columns)
    if rng.random() < 0.6:
        odd: list[Callable[[], pa.Array]] = [
            lambda: pa.array([b"\xff\x00"] * n),
            lambda: pa.array([b"x"] * n, pa.large_binary()),
            lambda: pa.array([[("a", 1)]] * n, pa.map_(pa.string(), pa.int64())),
            lambda: pa.array([["a", "b"]] * n),
            lambda: pa.array([{"a": 1}] * n),
            lambda: pa.array([[{"a": [1]}]] * n),
            lambda: pa.nulls(n),
            lambda: pa.array([10**30] * n, pa.decimal128(38, 2)),
            lambda: pa.array([2**42] * n, pa.timestamp("s")),
            lambda: pa.array([2**62] * n, pa.timestamp("ns", tz="Asia/Tokyo")),
            lambda: pa.array([-(2**31)] * n, pa.date32()),
            lambda: pa.array([1] * n, pa.time64("us")),
            lambda: pa.array([2**62] * n, pa.duration("s")),
            lambda: pa.array([2**64 - 1] * n, pa.uint64()),
            lambda: pa.array([float("nan")] * n),
            lambda: pa.array([float("inf")] * n, pa.float32()),
            lambda: pa.array(["a"] * n).dictionary_encode(),
            lambda: pa.array([None, *["b"] * (n - 1)]).dictionary_encode(),
            lambda: pa.array([True] * n),
            lambda: pa.array([b"ab"] * n, pa.binary(2)),
            lambda: pa.array([[1, 2]] * n, pa.list_(pa.int64(), 2)),
            lambda: pa.array(np.zeros(n, dtype=np.float16)),
        ]
        table = table.set_column(place, table.column_names[place], rng.choice(odd)())
    if rng.random() < 0.4:
        notes = rng.choice(
            (
                b"{}",
                b"[]",
                b"not json",
                b'{"index_columns": ["nowhere"], "columns": [], "column_indexes": []}',
                b'{"index_columns": 5}',
                b"\xff",
            )
        )
        table = table.replace_schema_metadata({b"pandas": notes})
    if rng.random() < 0.1:
        table = table.rename_columns(["user"] * table.num_columns)
    return table


def _bytes(rng: random.Random, file: Path) -> None:
    data = bytearray(file.read_bytes())
    for _ in range(rng.choice((1, 1, 4, 40))):
        at = rng.randrange(len(data) + 1)
        what = rng.randrange(7)
        if what == 0 and data:
            data[min(at, len(data) - 1)] = rng.randrange(256)
        elif what == 1:
            del data[at:]
        elif what == 2:
            data[at:at] = rng.randbytes(rng.choice((1, 8, 300)))
        elif what == 3:
            data[at:at] = rng.choice(
                (b"\x00", b'"', b"\r", b"\n\n\n", b"\xff\xfe", b"\xed\xa0\x80", b",,,,", b"\x1b]0;x\x07", b"\\")
            )
        elif what == 4:
            del data[at : at + rng.randrange(1, 60)]
        elif what == 5:
            data[at:at] = data[: rng.randrange(1, 200)]
        else:
            data = bytearray(
                bytes(data).decode("latin-1").encode(rng.choice(("utf-16", "utf-32", "utf-8-sig", "utf-8")))
            )
    file.write_bytes(data)


def _cell(rng: random.Random, file: Path) -> None:
    if file.suffix != ".csv":
        return _bytes(rng, file)
    lines = file.read_bytes().split(b"\n")
    at = rng.randrange(len(lines))
    cells = lines[at].split(b",")
    cells[rng.randrange(len(cells))] = rng.choice(NASTY_CELLS).encode("utf-8", errors="replace")
    lines[at] = b",".join(cells)
    file.write_bytes(b"\n".join(lines))
    return None


def _kind(rng: random.Random, file: Path) -> None:
    """Something else under the file's name."""
    file.unlink()
    what = rng.randrange(6)
    if what == 0:
        os.mkfifo(file)
    elif what == 1:
        file.mkdir()
    elif what == 2:
        file.symlink_to("nowhere")
    elif what == 3:
        file.symlink_to(file.name)
    elif what == 4:
        file.symlink_to("/dev/zero")
    else:
        file.touch()


def _name(rng: random.Random, file: Path) -> None:
    file.rename(
        file.with_name(
            rng.choice(
                (
                    file.name.upper(),
                    f"{file.name}.gz",
                    f"{file.stem}.CSV",
                    f"{file.stem} (1).csv",
                    file.stem,
                    f"{file.name}~",
                )
            )
        )
    )


def _changed_json(rng: random.Random, text: str) -> str:
    """JSON in which an entry is something else, which has an entry more, or which is none."""
    what = rng.random()
    if what < 0.25:
        return text
    if what < 0.8:
        content = json.loads(text)
        _planted(rng, content)
        return json.dumps(content).replace('"PLANTED"', rng.choice(NASTY_JSON))
    cut = rng.randrange(len(text))
    return rng.choice(
        (text[:cut], text[:cut] + rng.choice(NASTY_JSON) + text[cut:], "", "\ufeff" + text, text * 2, "[" * 100_000)
    )


def _planted(rng: random.Random, content: Any) -> None:
    """One entry, at any depth, becomes the word PLANTED."""
    while True:
        keys: list[Any] = list(content) if isinstance(content, dict) else list(range(len(content)))
        if not keys or (isinstance(content, dict) and rng.random() < 0.1):
            content.update({"new": "PLANTED"}) if isinstance(content, dict) else content.append("PLANTED")
            return
        key = rng.choice(keys)
        if isinstance(content[key], (dict, list)) and rng.random() < 0.6:
            content = content[key]
        else:
            content[key] = "PLANTED"
            return


@contextmanager
def _in_time() -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError(f"not done in {LONGEST_S} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def folders(scratch: Path) -> Callable[[random.Random, Path], object]:
    """What is read is stored, fitted and listed too: a table that passes must not end a later command."""
    from data.formats.folder import tables_from_folder
    from data.validation import validate
    from explain.workbench.workbench import Workbench

    def read(rng: random.Random, place: Path) -> object:
        folder = place / "in"
        folder.mkdir()
        write_folder(rng, folder)
        if rng.random() < 0.7:
            return validate(tables_from_folder(folder, "shop"))
        bench = Workbench(place / "home")
        bench.data.prepare("shop", folder=folder)
        bench.models.fit("shop", "popularity")
        return bench.explain.recommend_all("shop", "popularity", place / "all.parquet", k=1)

    return read


def plans(scratch: Path) -> Callable[[random.Random, Path], object]:
    from commands import audits, rules
    from explain.fairness.plan import plan_from_json
    from explain.fairness.plan_check import check_plan
    from explain.workbench.workbench import Workbench

    bench = _shop(scratch)
    usual = json.dumps(bench.audits.usual_plan("shop", "path").as_json() | {"draws": 100})
    graph = Workbench(scratch / "home").session.workspace("shop").graph

    def read(rng: random.Random, place: Path) -> object:
        file = place / "plan.json"
        file.write_text(_changed_json(rng, usual), encoding="utf-8", errors="surrogatepass")
        if rng.random() < 0.2:
            rng.choice((_bytes, _kind))(rng, file)
        if rng.random() < 0.1:
            return rules.read_rules(file)
        plan = check_plan(plan_from_json(audits.read_plan(file)), graph)
        n_before = len(bench.records.log("shop"))
        if rng.random() < 0.03 and plan.draws <= 200:
            return bench.audits.run("shop", plan, actor="A", role="auditor")
        assert len(bench.records.log("shop")) == n_before
        return plan

    return read


def stored(scratch: Path) -> Callable[[random.Random, Path], object]:
    """Reports, lists of pairs, models, results, notes, backups: files that are read back."""
    from commands import explain
    from explain.records.backup import restore
    from explain.records.report import json_text
    from explain.workbench.workbench import Workbench

    bench = _shop(scratch)
    audit = bench.audits.run(
        "shop", replace(bench.audits.usual_plan("shop", "path"), draws=100), actor="A", role="auditor"
    )
    bench.evaluate.measure("shop", "path")
    bench.notes.add("shop", "path", "i1", author="Ann", note="too old", user="u1")
    texts = {
        "html": bench.records.export("shop", audit.id, form="html", actor="A"),
        "json": json_text(bench.records.export("shop", audit.id, form="json", actor="A")),
    }
    home = scratch / "home"
    bench.data.backup(scratch / "all.zip")
    pairs = b"user,item\nu1,i1\nu2,i3\n"
    inside = sorted(p for p in home.rglob("*") if p.is_file() and not p.is_symlink() and p.name != ".preparing")

    def read(rng: random.Random, place: Path) -> object:
        what = rng.randrange(5)
        if what == 0:
            form = rng.choice(("json", "html"))
            return bench.records.verify_report(_spoilt(rng, place / f"report.{form}", texts[form].encode()))
        if what == 1:
            return explain.read_pairs(_spoilt(rng, place / "pairs.csv", pairs))
        if what == 2:
            return restore(place / "state", _spoilt(rng, place / "all.zip", (scratch / "all.zip").read_bytes()))
        other = Path(shutil.copytree(home, place / "home", symlinks=True))
        victim = other / rng.choice(inside).relative_to(home)
        rng.choice((_bytes, _bytes, _kind))(rng, victim)
        spoilt = Workbench(other)
        return _everything(spoilt)

    return read


def _everything(bench: Any) -> int:
    """What pages and commands read of a state folder, each by itself: whatever one refuses, the others go on. How many
    went.
    """
    user = "u1"
    asked: list[Callable[[], object]] = [
        bench.data.workspaces,
        lambda: bench.models.fitted("shop"),
        lambda: bench.explain.recommend("shop", "path", user=user, k=3),
        lambda: bench.explain.why("shop", "path", "i1", user=user),
        lambda: bench.evaluate.stored("shop", "path"),
        lambda: bench.notes.listed("shop"),
        lambda: bench.records.listed("shop"),
        lambda: [bench.records.load("shop", a.id) for a in bench.records.listed("shop")],
        lambda: bench.records.log("shop"),
        lambda: bench.records.verify_log("shop"),
        lambda: bench.exposure.stored("shop", "path", "plan"),
    ]
    went = 0
    for ask in asked:
        try:
            ask()
            went += 1
        except SurfacedError:
            continue
    return went


def _spoilt(rng: random.Random, file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    rng.choice((_bytes, _bytes, _bytes, _kind))(rng, file)
    return file


def _shop(scratch: Path) -> Any:
    from explain.workbench.workbench import Workbench

    folder = scratch / "in"
    folder.mkdir()
    for name, frame in tables(random.Random(0)).items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "card.json").write_text(json.dumps(CARD))
    bench = Workbench(scratch / "home")
    bench.data.prepare("shop", folder=folder)
    bench.models.fit("shop", "path")
    return bench


KINDS: dict[str, Callable[[Path], Callable[[random.Random, Path], object]]] = {
    "folders": folders,
    "plans": plans,
    "stored": stored,
}


def main(kind: str, first: int, last: int) -> dict[str, Any]:
    read, refused, failed = 0, 0, []
    warnings.simplefilter("error", RuntimeWarning)  # a number that overflowed on its way is a fault too
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        ask = KINDS[kind](scratch)
        for seed in range(first, last):
            place = scratch / f"case-{seed}"
            place.mkdir()
            try:
                with _in_time():
                    ask(random.Random(f"{kind} {seed}"), place)
                read += 1
            except SurfacedError as error:
                refused += 1
                if not str(error).strip().endswith((".", "?")) or not str(error).replace("\n", " ").isprintable():
                    failed.append(f"{kind} {seed}: no sentence: {str(error)[:200]}")
            except BaseException as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                failed.append(
                    f"{kind} {seed}: {type(error).__name__} {str(error)[:160]} at {where.filename}:{where.lineno}"
                )
            finally:
                shutil.rmtree(place, ignore_errors=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"read": read, "refused": refused, "failed": failed, "peak_bytes": peak}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
