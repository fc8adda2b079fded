"""How long visitors wait while somebody fits a model: reruns of Why, Recommendations and What if over the real
websocket.

A server is started on a copy of the state folder; 1, 10 and 25 visitors click every two seconds, first on a quiet
server, then while one visitor's fit of LightGCN (MovieLens-100K) runs. The same is done with another checkout where one
is named (`--checkout`), so that figures of before and after come from one command on one machine. Rerun: from the click
to the end of the script; cancel: from the click until the page offers the fit again. Streamlit's own messages are
spoken, no browser.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.measure import percentiles, say
from benchmarks.record import Report, at_most
from benchmarks.visitors import Visit, connected, server
from core.errors import NotReadyError

ROOT: Final = Path(__file__).resolve().parents[1]
WORKSPACE, MODEL, FITTED = "movielens-100k", "path", "lightgcn"
VISITORS: Final = (1, 10, 25)
THINK_S, STAGE_S = 2.0, 30.0
SLOWER_AT_MOST, CANCEL_AT_MOST_S = 1.3, 1.0

Click = tuple[str, dict[str, str]]


def run(home: Path | None, seed: int, checkout: Path | None = None) -> Report:
    """Both checkouts, one after the other. Raises NotReadyError where MovieLens and its path model are not ready."""
    state = home if home is not None else Path(os.environ.get("SURFACED_HOME", ".surfaced"))
    clicks = some_clicks(state, seed)
    figures: dict[str, Any] = {"think_s": THINK_S, "stage_s": STAGE_S}
    for name, folder in (("here", ROOT), *((("before", checkout),) if checkout else ())):
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / "home"
            shutil.copytree(state, copy, ignore=shutil.ignore_patterns("downloads", f"{FITTED}-*"))
            with server(folder, copy) as port:
                figures[name] = asyncio.run(stages(port, clicks, seed))
    measured = figures["here"]
    bars = [
        at_most(
            f"{n} visitors: a rerun beside a fit ÷ on a quiet server (p50)",
            measured[f"{n}_visitors"]["ratio_p50"],
            SLOWER_AT_MOST,
        )
        for n in VISITORS
    ]
    bars.append(
        at_most("a cancelled fit, seconds until the page offers it again", measured["cancel_s"], CANCEL_AT_MOST_S)
    )
    return Report("load", figures, tuple(bars), ("Server and visitors share this machine's cores.",))


def some_clicks(home: Path, seed: int) -> list[Click]:
    """A walk through the pages for 40 people drawn at random: each has a list, a reason, and a title taken out."""
    from explain.workbench.workbench import Workbench

    bench, rng = Workbench(home), np.random.default_rng(seed)
    if MODEL not in {s.model for s in bench.models.fitted(WORKSPACE)}:
        raise NotReadyError(f"{WORKSPACE} has no {MODEL} model. Type `make demo` first.", "make demo")
    clicks: list[Click] = []
    for user in rng.choice(np.arange(1, 944), 40, replace=False).tolist():
        base = {"workspace": WORKSPACE, "model": MODEL, "user": str(user)}
        item = bench.explain.recommend(WORKSPACE, MODEL, user=str(user), k=1).items[0].item
        gone = bench.data.person(WORKSPACE, str(user)).history[0].item
        clicks += [("recommendations", base), ("why", {**base, "item": item}), ("whatif", {**base, "remove": gone})]
    return clicks


async def stages(port: int, clicks: Sequence[Click], seed: int) -> dict[str, Any]:
    """Every number of visitors, quiet and beside a fit; then a fit is cancelled."""
    figures: dict[str, Any] = {}
    async with connected(port) as first:  # graph, model and answers are there for all stages alike
        for page, query in clicks:
            await first.ask(page, query)
    for n in VISITORS:
        quiet = await visitors(port, clicks, n, STAGE_S, seed)
        async with connected(port) as fitter:
            await begin_fit(fitter)
            beside = await visitors(port, clicks, n, STAGE_S, seed)
            figures["cancel_s"] = await cancel(fitter)
        ratio = beside["p50_ms"] / quiet["p50_ms"], beside["p95_ms"] / quiet["p95_ms"]
        figures[f"{n}_visitors"] = {
            "quiet": quiet,
            "beside_a_fit": beside,
            "ratio_p50": ratio[0],
            "ratio_p95": ratio[1],
        }
        say(
            f"  {n} visitors: quiet {quiet['p50_ms']:.0f} / {quiet['p95_ms']:.0f} ms, beside a fit "
            f"{beside['p50_ms']:.0f} / {beside['p95_ms']:.0f} ms"
        )
    return figures


async def visitors(port: int, clicks: Sequence[Click], n: int, seconds: float, seed: int) -> dict[str, float]:
    """n sessions for so many seconds: percentiles of their reruns, and how many raised."""
    times: list[float] = []
    wrong = await asyncio.gather(
        *(visitor(port, clicks, seconds, np.random.default_rng([seed, v]), times) for v in range(n))
    )
    return percentiles([1e3 * t for t in times]) | {"n_exceptions": sum(wrong)}


async def visitor(
    port: int, clicks: Sequence[Click], seconds: float, rng: np.random.Generator, times: list[float]
) -> int:
    """Somebody who walks on from a place of their own; comes within the first two seconds, and leaves."""
    await asyncio.sleep(THINK_S * rng.random())
    async with connected(port) as visit:
        place, until = int(rng.integers(len(clicks))), time.monotonic() + seconds
        while time.monotonic() < until:
            page, query = clicks[place % len(clicks)]
            times.append(await visit.ask(page, query))
            place += 1
            await asyncio.sleep(THINK_S)
        return visit.n_exceptions


async def begin_fit(visit: Visit) -> None:
    page = {"workspace": WORKSPACE, "model": MODEL}
    await visit.ask("models", page)
    await visit.ask("models", page, click=f"start-fit-{WORKSPACE}-{FITTED}")
    if f"cancel-fit-{WORKSPACE}-{FITTED}" not in visit.buttons:
        await visit.ask("models", page)


async def cancel(visit: Visit) -> float:
    """Seconds from the press of Cancel until the page offers the fit again; a fit that had ended counts as none."""
    page = {"workspace": WORKSPACE, "model": MODEL}
    await visit.ask("models", page)
    if f"cancel-fit-{WORKSPACE}-{FITTED}" not in visit.buttons:
        raise RuntimeError("the fit had ended before it was cancelled: the stage was too long for this machine")
    started = time.perf_counter()
    await visit.ask("models", page, click=f"cancel-fit-{WORKSPACE}-{FITTED}")
    while f"start-fit-{WORKSPACE}-{FITTED}" not in visit.buttons:
        await visit.ask("models", page)
    return time.perf_counter() - started
