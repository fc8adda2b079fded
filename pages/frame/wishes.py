"""What the visitor asks for, made into what can be had: an item that exists, an offered choice, ids of the data.

What cannot be had becomes a notice; the rest of the wish counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import SurfacedError, shown
from core.texts import parted
from explain.results.workspace import WorkspaceInfo
from pages.frame import address, queries


def one_of(key: str, options: Sequence[str], default: str) -> str:
    """A wish with a fixed set of answers. Anything else becomes the default, with a notice."""
    wish = address.wish(key)
    if wish is not None and wish not in options:
        address.notice(
            f"{shown(wish)} is not a choice for {key}: {', '.join([o for o in options if o][:8])}. "
            + (f"{default} is shown instead." if default else "It was left out.")
        )
        wish = None
    value = wish or default
    address.settle(key, value)
    return value


def existing_item(workspace: WorkspaceInfo, key: str) -> str | None:
    """The id of one item, if the workspace has it."""
    wish = address.wish(key)
    if wish is None:
        return None
    try:
        return queries.item(workspace.name, wish).item
    except SurfacedError as error:
        address.notice(f"{error} It was left out.")
        return None


def items(workspace: WorkspaceInfo, key: str, fate: str) -> list[str]:
    """The ids of a wish that the workspace has, each once; one notice tells of all others.

    fate: what became of those
    """
    picked: dict[str, None] = {}
    unknown: list[tuple[str, str]] = []
    for raw in parted(address.wish(key) or ""):
        try:
            picked[queries.item(workspace.name, raw).item] = None
        except SurfacedError as error:
            unknown.append((raw, str(error)))
    if len(unknown) == 1:
        address.notice(f"{unknown[0][1]} It was {fate}.")
    elif unknown:
        named = ", ".join(shown(raw, 20) for raw, _ in unknown[:5]) + (" …" if len(unknown) > 5 else "")
        address.notice(f"{len(unknown):,} ids are no items of {workspace.title}: {named}. They were {fate}.")
    return list(picked)
