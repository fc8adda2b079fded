"""The command that measures accuracy, of one model or of several beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from commands import plain_text
from commands.command_line import (
    JsonOption,
    KOption,
    SeedOption,
    SplitOption,
    WorkspaceOption,
    app,
    print_answer,
    progress_bar,
    say,
)
from commands.several import with_each
from core.errors import OptionError
from core.files import JsonObject
from explain.format.numbers import difference
from explain.workbench.workbench import Workbench

FIELDS: Final = ("split", "k", "seed", "n_users", "metrics", "path_share", "gross_net", "seconds", "n_cold_users")


@app.command()
def evaluate(
    workspace: WorkspaceOption,
    model: Annotated[str | None, typer.Option("--model", "-m", help="The name of a model (see `models`).")] = None,
    models: Annotated[
        str | None, typer.Option("--models", help="all, or names with commas: one after another.")
    ] = None,
    split: SplitOption = None,
    k: KOption = None,
    seed: SeedOption = 0,
    refresh: Annotated[
        int | None, typer.Option("--refresh", help="Of the split live: seconds from one moment to the next; 3600.")
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option("--test", help="A folder of events that the fitted model is measured on, in place of a split."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Refit on a training part and measure on the rest."""
    if (model is None) == (models is None):
        raise OptionError("Name the model (--model path), or several (--models all).")
    if test is not None:
        if split not in (None, "given") or refresh is not None or models is not None or seed:
            raise OptionError(
                "--test measures one fitted model on a folder of events: leave --split, --refresh, --seed and --models "
                "out."
            )
        assert model is not None
        _evaluate_on(workspace, model, test, k, as_json)
        return
    if models is not None:
        _evaluate_several(workspace, models, Measured(split, k, seed, refresh), as_json)
        return
    assert model is not None
    result = _measured(Workbench(), workspace, model, Measured(split, k, seed, refresh))
    print_answer(result, as_json, lambda: plain_text.pairs(result | result.pop("metrics")))


def _evaluate_on(workspace: str, model: str, folder: Path, k: int | None, as_json: bool) -> None:
    with progress_bar(f"Measuring {model} on {folder.name}") as progress:
        report, left_out = Workbench().evaluate.measure_on(workspace, model, folder, k=k, progress=progress)
    for sentence in left_out:
        say(f"note: {sentence}")
    result = {field: getattr(report, field) for field in FIELDS}
    print_answer(result, as_json, lambda: plain_text.pairs(result | result.pop("metrics")))


class Measured(NamedTuple):
    """How to measure."""

    split: str | None
    k: int | None
    seed: int
    refresh: int | None


def _measured(bench: Workbench, workspace: str, model: str, how: Measured) -> JsonObject:
    with progress_bar(f"Measuring {model} on {workspace}") as progress:
        report = bench.evaluate.measure(workspace, model, **how._asdict(), progress=progress)
    return {f: getattr(report, f) for f in FIELDS} | ({} if report.live is None else asdict(report.live))


def _evaluate_several(workspace: str, models: str, how: Measured, as_json: bool) -> None:
    """One after another; what cannot be measured is told and left out; then the most accurate one against each other,
    person by person.
    """
    bench = Workbench()
    known = [info.name for info in bench.models.known()]
    results, left_out = with_each(models, known, lambda name: _measured(bench, workspace, name, how))
    first = max(results, key=lambda name: results[name]["metrics"][f"ndcg@{results[name]['k']}"]["value"], default=None)
    split, k, seed, _ = how
    paired = {
        name: {metric: asdict(gap) for metric, gap in gaps.items()}
        for name in results
        if first is not None and name != first
        for gaps in [bench.evaluate.paired(workspace, first, name, split=split, k=k, seed=seed)]
    }
    answer = {"models": results, "best": first, "best_minus": paired, "left_out": left_out}
    print_answer(answer, as_json, lambda: plain_text.table(_rows(results, paired), _COLUMNS))


_COLUMNS = ("model", "recall", "ndcg", "best_minus_ndcg", "path_share", "gross_net", "seconds")


def _rows(results: Mapping[str, JsonObject], paired: Mapping[str, JsonObject]) -> list[JsonObject]:
    rows = []
    for name, result in results.items():
        k, gap = result["k"], paired.get(name, {}).get(f"ndcg@{result['k']}")
        rows.append(
            {
                "model": name,
                "recall": result["metrics"][f"recall@{k}"]["value"],
                "ndcg": result["metrics"][f"ndcg@{k}"]["value"],
                "best_minus_ndcg": "" if gap is None else difference(gap["value"], gap["low"], gap["high"]),
                **{column: result[column] for column in _COLUMNS[-3:]},
            }
        )
    return rows
