"""What a metric of an audit says: one value with its interval, or the reason why there is none, and what it was
measured on.
"""

from __future__ import annotations

from dataclasses import dataclass

NO_INTERVAL = "No interval: too few people, or it is not defined in every draw of them."
NO_RELEVANCE = 'This needs held-out relevance: audit against the target "relevance".'


@dataclass(frozen=True)
class Basis:
    """What a figure was measured on.

    lists     whose lists: "served", or those of a "refit" on the training part
    target    what they are compared with: "catalogue", "relevance", "policy", or "held-out events"
    browsing  label of the browsing model in which places were read
    resample  what the interval resamples
    """

    lists: str
    target: str
    browsing: str
    resample: str = "people"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One value. by, group: what it is about, "" for all; n: people (or items) behind it; reason: why there is no
    value.

    low, high   95 % interval; both None where there is none
    suppressed  few people stand behind it, or it is hidden for the sake of such a group; then it has no n either
    """

    name: str
    value: float | None
    basis: Basis
    by: str = ""
    group: str = ""
    low: float | None = None
    high: float | None = None
    n: int | None = 0
    reason: str = ""
    suppressed: bool = False
