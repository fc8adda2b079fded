"""The whole contract of a model: every promise, from what all others rely on to what readers see."""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import ContractError
from tests.contract.promises import blindness, edges, features, fitting, histories, parts, scores, words
from tests.contract.promises.base import PROMISES, Promise, Subject

CONTRACT: dict[str, Promise] = {
    name: check
    for part in (scores, fitting, parts, histories, edges, features, words, blindness)
    for name, check in PROMISES.items()
    if check.__module__ == part.__name__
}


def broken(subject: Subject) -> Iterator[ContractError]:
    """Every promise that the model breaks, in the order of the contract."""
    for check in CONTRACT.values():
        try:
            check(subject)
        except ContractError as error:
            yield error


def check(subject: Subject) -> None:
    """Raises the ContractError of the first promise that the model breaks."""
    for error in broken(subject):
        raise error
