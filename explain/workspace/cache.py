"""What was computed and may be asked for again: bounded, and safe where several visitors ask at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Cache:
    """Entries by kind, those kept that were used last. Two threads that ask for one entry make it once.

    limits  kind → the most entries that are kept of it
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = dict(limits)
        self._entries: dict[str, OrderedDict[Hashable, Any]] = {kind: OrderedDict() for kind in limits}
        self._making: dict[tuple[str, Hashable], threading.RLock] = {}
        self._lock = threading.Lock()

    def get(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """The entry; made first where it is not there. What `make` raises is raised, and nothing is kept."""
        while True:
            with self._lock:
                if (known := self._known(kind, key)) is not None:
                    return cast(T, known[0])
                turn = self._making.setdefault((kind, key), threading.RLock())
            with turn:
                with self._lock:
                    if (known := self._known(kind, key)) is not None:
                        return cast(T, known[0])
                    if self._making.get((kind, key)) is not turn:
                        continue  # whoever held the turn failed or was pushed out meanwhile: queue anew
                try:
                    value = make()
                    self.put(kind, key, value)
                    return value
                finally:
                    with self._lock:
                        self._making.pop((kind, key), None)

    def put(self, kind: str, key: Hashable, value: object) -> None:
        """Keep an entry in the place of what was there."""
        with self._lock:
            entries = self._entries[kind]
            entries[key] = value
            entries.move_to_end(key)
            while len(entries) > self._limits[kind]:
                entries.popitem(last=False)

    def peek(self, kind: str, key: Hashable) -> Any:
        """The entry, None where it is not there; nothing is made."""
        with self._lock:
            known = self._known(kind, key)
        return None if known is None else known[0]

    def clear(self, kind: str) -> None:
        """Forget all entries of a kind."""
        with self._lock:
            self._entries[kind].clear()

    def _known(self, kind: str, key: Hashable) -> tuple[Any] | None:
        entries = self._entries[kind]
        if key not in entries:
            return None
        entries.move_to_end(key)
        return (entries[key],)
