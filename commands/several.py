"""One thing done with several models, one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from commands.command_line import say
from core.errors import DataError, ModelError, OptionError

Result = TypeVar("Result")
ALL = "all"


def with_each(
    models: str, known: Sequence[str], work: Callable[[str], Result]
) -> tuple[dict[str, Result], dict[str, str]]:
    """What `work` gives by model, and why others were left out: with `all` those that cannot be had on these data.

    models  all, or names with commas
    Raises  OptionError where none is named, and what `work` raises of a model that was named.
    """
    names = known if models == ALL else [name for name in models.split(",") if name]
    if not names:
        raise OptionError(f"Name the models ({known[0]},{known[1]}), or all of them ({ALL}).")
    results, left_out = dict[str, Result](), dict[str, str]()
    for name in dict.fromkeys(names):
        try:
            results[name] = work(name)
        except (DataError, ModelError) as error:
            if models != ALL:
                raise
            left_out[name] = str(error)
            say(f"{name} is left out: {error}")
    return results, left_out
