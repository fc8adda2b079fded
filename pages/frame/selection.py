"""Where the visitor is: a valid workspace, model, person (or own titles), item and k, whatever the address says.

What was asked for and does not exist becomes a notice and the nearest thing that does. The pages ask nothing of an
address themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.errors import SurfacedError, shown
from core.texts import joined
from explain.format.dates import minute_in_words, seconds_of
from explain.results.lists import Example
from explain.results.workspace import SnapshotInfo, WorkspaceInfo
from pages.frame import address, queries, wishes

K_DEFAULT: Final = 10
K_MOST: Final = 100
TITLES: Final = "titles"
MOST_TITLES: Final = 20
Owner = tuple[str | None, tuple[str, ...] | None, int | None]  # person, or titles that stand for one; the moment
_Whose = tuple[str | None, tuple[str, ...] | None]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Everything that a page needs to ask.

    `user` or `history` (raw item ids) is set, never both; neither while titles are being picked.
    at    the moment that is shown, seconds UTC; None: the end of the data
    span  when the first event was and the moment just after the last; None for data without times
    """

    workspace: WorkspaceInfo
    fitted: tuple[SnapshotInfo, ...]
    snapshot: SnapshotInfo
    user: str | None
    history: tuple[str, ...] | None
    item: str | None
    k: int
    at: int | None = None
    span: tuple[int, int] | None = None

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
    def owner(self) -> Owner:
        """Whose list a question is about, and when: a person's id, or the titles that stand for one; the moment."""
        return self.user, self.history, self.at

    @property
    def own_titles(self) -> bool:
        return self.user is None

    @property
    def asks_for_id(self) -> bool:
        """Whether a person is wanted whose id is still to be typed.

        Where people are not listed, none is shown unasked.
        """
        return self.user is None and address.wish("who") == "person"


def chosen_workspace() -> WorkspaceInfo | None:
    """The workspace that was asked for, if it is ready; else the first one that is; None if none is."""
    known = {w.name: w for w in queries.workspaces()}
    wish = address.wish("workspace")
    ready = [w for w in known.values() if w.ready]
    default = _first_choice(ready)
    if wish in known and known[wish].ready:
        default = known[wish]
    elif wish in known and default:
        command = queries.workbench().data.prepare_command(wish)
        address.notice(f"{known[wish].title} is not ready yet: type {command}. {default.title} is shown instead.")
    elif wish is not None and default:
        address.notice(f"There is no workspace {shown(wish)}. {default.title} is shown instead.")
    if default:
        address.settle("workspace", default.name)
    return default


def _first_choice(ready: list[WorkspaceInfo]) -> WorkspaceInfo | None:
    """Real data before simulated data: the first thing that a newcomer sees should be true."""
    return next((w for w in ready if w.opens_first), ready[0] if ready else None)


def _chosen_snapshot(workspace: WorkspaceInfo) -> SnapshotInfo | None:
    """The newest fit of the model that was asked for; else the first that is fitted; None if none is."""
    fitted = {s.model: s for s in queries.fitted(workspace.name)}
    wish = address.wish("model")
    first = next(iter(fitted.values()), None)
    if wish in fitted:
        first = fitted[wish]
    elif wish is not None and first:
        models = queries.models()
        title = models[first.model].title
        if wish in models:
            address.notice(
                f"{models[wish].title} is not fitted to {workspace.title} yet: do it on the page Models. "
                f"{title} is shown instead."
            )
        else:
            address.notice(f"There is no model {shown(wish)}. {title} is shown instead.")
    if first:
        address.settle("model", first.model)
    return first


def selected(*, loaded: bool = True) -> Selection | None:
    """All of it, or None where no workspace or no model is ready.

    loaded: the model is in memory when the page goes on
    """
    workspace = chosen_workspace()
    model = _chosen_snapshot(workspace) if workspace else None
    if workspace is None or model is None:
        return None
    if loaded:
        queries.warm(queries.home(), workspace.name, model.model, model.snapshot)
    k = _length(workspace)
    user, history = _owner(workspace)
    item = wishes.existing_item(workspace, "item")
    if item is None and user is not None:
        first = newcomers_example(workspace)
        item = first.item if first and first.user == user else None
    address.settle("item", item)
    span = queries.span(workspace.name, model.snapshot)
    return Selection(
        workspace=workspace,
        fitted=queries.fitted(workspace.name),
        snapshot=model,
        user=user,
        history=history,
        item=item,
        k=k,
        at=_moment(span),
        span=span,
    )


def newcomers_example(workspace: WorkspaceInfo) -> Example | None:
    """The pair that a newcomer is shown.

    There is none before an exact model is fitted, nor where people are not listed.
    """
    if not workspace.show_people:
        return None
    known, first = queries.models(), next(iter(queries.fitted(workspace.name)), None)
    shown_first = first is not None and known[first.model].exact and not known[first.model].floor
    return queries.example(workspace.name, first.snapshot) if first and shown_first else None


def first_person(workspace: WorkspaceInfo) -> str:
    """The person who is shown where nobody was asked for; the workspace lists its people."""
    first = newcomers_example(workspace)
    return first.user if first else next(iter(queries.names(workspace, "user", "", 1)))


def _length(workspace: WorkspaceInfo) -> int:
    """k, the length of a list: 1 to 100, and no more than there are items."""
    most = min(K_MOST, workspace.n_items or K_MOST)
    wish = address.wish("k")
    k = min(K_DEFAULT, most)
    if wish is not None:
        try:
            k = int(wish)
        except ValueError:
            address.notice(
                f"k is the length of a list, a whole number from 1 to {most}, and not {shown(wish)}. It is {k} now."
            )
        if not 1 <= k <= most:
            nearest = max(1, min(most, k))
            address.notice(f"A list of {shown(wish)} cannot be shown: k goes from 1 to {most}. It is {nearest} now.")
            k = nearest
    address.settle("k", str(k))
    return k


def _moment(span: tuple[int, int] | None) -> int | None:
    """The moment that was asked for, if the data have it; the end of the data is told as None."""
    wish, moment = address.wish("moment"), None
    if wish is not None and span is None:
        address.notice("These data have no times, so there is no moment to go back to. All of them are shown.")
    elif wish is not None and span is not None:
        try:
            moment = seconds_of(wish)
            if not span[0] <= moment <= span[1]:
                address.notice(
                    f"These data go from {minute_in_words(span[0])} to {minute_in_words(span[1])}; "
                    f"{shown(wish)} lies outside. The nearest end is shown."
                )
                moment = max(span[0], min(span[1], moment))
        except SurfacedError as error:
            address.notice(f"{error} The end of the data is shown.")
    if span is None or moment is None or moment >= span[1]:
        address.settle("moment", None)
        return None
    address.settle("moment", str(moment))
    return moment


def _owner(workspace: WorkspaceInfo) -> _Whose:
    if address.wish("who") == TITLES or (address.wish("history") and not address.wish("user")):
        address.settle("who", TITLES)
        return None, _own_titles(workspace)
    if (wish := address.wish("who")) not in (None, "person"):
        address.notice(f"A list is for a person or for titles of your own, not for {shown(wish)}.")
    asked_user = address.wish("user")
    if not workspace.show_people:
        return _by_id(workspace, asked_user)
    user = first_person(workspace)
    if asked_user is not None:
        try:
            user = queries.person(workspace.name, asked_user).user
        except SurfacedError as error:
            address.notice(f"{error} Person {user} is shown instead.")
    address.settle("user", user)
    return user, None


def _by_id(workspace: WorkspaceInfo, wish: str | None) -> _Whose:
    """The person whose id was given; nobody else is shown."""
    if wish is not None:
        try:
            user = queries.person(workspace.name, wish).user
            address.settle("user", user)
            return user, None
        except SurfacedError as error:
            address.notice(str(error))
    if address.wish("who") == "person":
        address.settle("who", "person")
        return None, None
    address.settle("who", TITLES)
    return None, _own_titles(workspace)


def _own_titles(workspace: WorkspaceInfo) -> tuple[str, ...] | None:
    picked = wishes.items(workspace, "history", "left out of your titles")
    if len(picked) > MOST_TITLES:
        address.notice(f"Of your {len(picked)} titles the first {MOST_TITLES} count.")
    history = tuple(picked[:MOST_TITLES])
    address.settle("history", joined(history))
    return history or None
