"""Where the visitor is: a valid workspace, model, person (or own titles), item and k, whatever the address says.

What was asked for and does not exist becomes a notice and the nearest thing that does. The pages ask nothing of an
address themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.errors import SurfacedError, shown
from core.texts import joined, parted
from explain.types import Example, SnapshotInfo, WorkspaceInfo
from pages import _ask, _state

K_DEFAULT: Final = 10
K_MOST: Final = 100
TITLES: Final = "titles"
MOST_TITLES: Final = 20


@dataclass(frozen=True)
class Here:
    """Everything that a page needs to ask. `user` or `history` (raw item ids) is set, never both; neither while titles are being picked."""

    workspace: WorkspaceInfo
    fitted: tuple[SnapshotInfo, ...]
    snapshot: SnapshotInfo
    user: str | None
    history: tuple[str, ...] | None
    item: str | None
    k: int

    @property
    def name(self) -> str:
        return self.workspace.name

    @property
    def model(self) -> str:
        return self.snapshot.model

    @property
    def base(self) -> tuple[str, str, str]:
        """Workspace, model and snapshot id: what every question begins with."""
        return self.name, self.model, self.snapshot.snapshot

    @property
    def own_titles(self) -> bool:
        return self.user is None

    @property
    def asks_for_id(self) -> bool:
        """Whether a person is wanted whose id is still to be typed: where people are not listed, none is shown unasked."""
        return self.user is None and _state.wish("who") == "person"


def workspace() -> WorkspaceInfo | None:
    """The workspace that was asked for, if it is ready; else the first one that is; None if none is."""
    known = {w.name: w for w in _ask.workspaces()}
    asked = _state.wish("workspace")
    ready = [w for w in known.values() if w.ready]
    default = _first_choice(ready)
    if asked in known and known[asked].ready:
        default = known[asked]
    elif asked in known and default:
        command = _ask.workbench().prepare_command(asked)
        _state.notice(f"{known[asked].title} is not ready yet: type {command}. {default.title} is shown instead.")
    elif asked is not None and default:
        _state.notice(f"There is no workspace {shown(asked)}. {default.title} is shown instead.")
    if default:
        _state.settle("workspace", default.name)
    return default


def _first_choice(ready: list[WorkspaceInfo]) -> WorkspaceInfo | None:
    """Real data before simulated data: the first thing that a newcomer sees should be true."""
    return next((w for w in ready if w.opens_first), ready[0] if ready else None)


def snapshot(where: WorkspaceInfo) -> SnapshotInfo | None:
    """The newest fit of the model that was asked for; else the first that is fitted; None if none is."""
    fitted = {s.model: s for s in _ask.fitted(where.name)}
    asked = _state.wish("model")
    first = next(iter(fitted.values()), None)
    if asked in fitted:
        first = fitted[asked]
    elif asked is not None and first:
        models = _ask.models()
        title = models[first.model].title
        if asked in models:
            _state.notice(
                f"{models[asked].title} is not fitted to {where.title} yet: do it on the page Models. {title} is shown instead."
            )
        else:
            _state.notice(f"There is no model {shown(asked)}. {title} is shown instead.")
    if first:
        _state.settle("model", first.model)
    return first


def here(*, loaded: bool = True) -> Here | None:
    """All of it, or None where no workspace or no model is ready. loaded: the model is in memory when the page goes on."""
    where = workspace()
    model = snapshot(where) if where else None
    if where is None or model is None:
        return None
    if loaded:
        _ask.warm(_ask.home(), where.name, model.model, model.snapshot)
    k = length(where)
    user, history = _who(where)
    item = _existing_item(where, "item")
    if item is None and user is not None:
        first = example(where)
        item = first.item if first and first.user == user else None
    _state.settle("item", item)
    return Here(where, _ask.fitted(where.name), model, user, history, item, k)


def example(where: WorkspaceInfo) -> Example | None:
    """The pair that a newcomer is shown; there is none before the path model is fitted, nor where people are not listed."""
    if not where.show_people:
        return None
    path = next((s for s in _ask.fitted(where.name) if s.model == "path"), None)
    return _ask.example(where.name, path.snapshot) if path else None


def first_person(where: WorkspaceInfo) -> str:
    first = example(where)
    return first.user if first else next(iter(_ask.names(where, "user", "", 1)))


def length(where: WorkspaceInfo) -> int:
    """k, the length of a list: 1 to 100, and no more than there are items."""
    most = min(K_MOST, where.n_items or K_MOST)
    asked = _state.wish("k")
    k = min(K_DEFAULT, most)
    if asked is not None:
        try:
            k = int(asked)
        except ValueError:
            _state.notice(
                f"k is the length of a list, a whole number from 1 to {most}, and not {shown(asked)}. It is {k} now."
            )
        if not 1 <= k <= most:
            nearest = max(1, min(most, k))
            _state.notice(f"A list of {shown(asked)} cannot be shown: k goes from 1 to {most}. It is {nearest} now.")
            k = nearest
    _state.settle("k", str(k))
    return k


def _who(where: WorkspaceInfo) -> tuple[str | None, tuple[str, ...] | None]:
    if _state.wish("who") == TITLES or (_state.wish("history") and not _state.wish("user")):
        _state.settle("who", TITLES)
        return None, _own_titles(where)
    if (asked := _state.wish("who")) not in (None, "person"):
        _state.notice(f"A list is for a person or for titles of your own, not for {shown(asked)}.")
    asked_user = _state.wish("user")
    if not where.show_people:
        return _by_id(where, asked_user)
    user = first_person(where)
    if asked_user is not None:
        try:
            user = _ask.person(where.name, asked_user).user
        except SurfacedError as error:
            _state.notice(f"{error} Person {user} is shown instead.")
    _state.settle("user", user)
    return user, None


def _by_id(where: WorkspaceInfo, asked: str | None) -> tuple[str | None, tuple[str, ...] | None]:
    """The person whose id was given; nobody else is shown."""
    if asked is not None:
        try:
            user = _ask.person(where.name, asked).user
            _state.settle("user", user)
            return user, None
        except SurfacedError as error:
            _state.notice(str(error))
    if _state.wish("who") == "person":
        _state.settle("who", "person")
        return None, None
    _state.settle("who", TITLES)
    return None, _own_titles(where)


def _own_titles(where: WorkspaceInfo) -> tuple[str, ...] | None:
    picked = items(where, "history", "left out of your titles")
    if len(picked) > MOST_TITLES:
        _state.notice(f"Of your {len(picked)} titles the first {MOST_TITLES} count.")
    history = tuple(picked[:MOST_TITLES])
    _state.settle("history", joined(history))
    return history or None


def items(where: WorkspaceInfo, key: str, fate: str) -> list[str]:
    """The ids of a wish that the workspace has, each once; one notice tells of all others. fate: what became of those."""
    picked: list[str] = []
    unknown: list[str] = []
    for raw in parted(_state.wish(key) or ""):
        try:
            found = _ask.item(where.name, raw).item
        except SurfacedError as error:
            unknown.append(raw)
            if len(unknown) == 1:
                first = str(error)
            continue
        if found not in picked:
            picked.append(found)
    if len(unknown) == 1:
        _state.notice(f"{first} It was {fate}.")
    elif unknown:
        named = ", ".join(shown(raw, 20) for raw in unknown[:5]) + (" …" if len(unknown) > 5 else "")
        _state.notice(f"{len(unknown):,} ids are no items of {where.title}: {named}. They were {fate}.")
    return picked


def _existing_item(where: WorkspaceInfo, key: str) -> str | None:
    asked = _state.wish(key)
    if asked is None:
        return None
    try:
        return _ask.item(where.name, asked).item
    except SurfacedError as error:
        _state.notice(f"{error} It was left out.")
        return None


def other_item(spot: Here) -> str | None:
    """The item of "why not …?", if it exists."""
    other = _existing_item(spot.workspace, "against")
    if other is not None and other == spot.item:
        _state.notice("An item cannot be compared with itself: pick another one.")
        other = None
    _state.settle("against", other)
    return other


def one_of(key: str, options: list[str], default: str) -> str:
    """A wish with a fixed set of answers. Anything else becomes the default, with a notice."""
    asked = _state.wish(key)
    if asked is not None and asked not in options:
        _state.notice(
            f"{shown(asked)} is not a choice for {key}: {', '.join([o for o in options if o][:8])}. "
            + (f"{default} is shown instead." if default else "It was left out.")
        )
        asked = None
    value = asked or default
    _state.settle(key, value)
    return value
