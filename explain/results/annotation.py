"""What an editor said about an explanation."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from core.files import JsonObject

VERDICTS = ("good reason", "wrong reason", "good surprise", "should not surface")


@dataclass(frozen=True)
class Annotation:
    """created, withdrawn: seconds UTC; person: a user id, or "titles:" and the ids of a history; verdict: one of
    VERDICTS or "".
    """

    id: int
    created: int
    workspace: str
    snapshot: str
    model: str
    person: str
    item: str
    verdict: str
    note: str
    author: str
    withdrawn: int | None = None
    withdrawn_by: str | None = None

    def as_json(self) -> JsonObject:
        return asdict(self)
