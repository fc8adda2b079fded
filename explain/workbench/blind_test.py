"""The workbench: blind tests."""

from __future__ import annotations

from core.progress import Progress, no_progress
from explain.blind_test import audit, seal
from explain.blind_test.ladder import Setup
from explain.results.blind_test import BlindResult, BlindTestEntry, Revealed, Sealed
from explain.workbench.session import Session


class BlindTestService:
    """A bias is planted, its size sealed, and the audit run without it."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def seal(self, size: float | None, kind: str = "author", seed: int | None = None) -> Sealed:
        """Begin a blind test: the size (None: one is drawn) is sealed, its commitment returned. Raises OptionError."""
        return seal.seal(self.session.home, size, kind, seed)

    def run(self, test: str, *, setup: Setup | None = None, progress: Progress = no_progress) -> BlindResult:
        """Simulate the sealed newsroom, audit it blindly, estimate what was planted. Long; progress may cancel
        it.
        """
        return audit.run(self.session.home, test, setup=setup, progress=progress)

    def start(
        self,
        size: float | None,
        kind: str = "author",
        seed: int | None = None,
        *,
        setup: Setup | None = None,
        progress: Progress = no_progress,
    ) -> BlindResult:
        """Seal and run in one."""
        return self.run(self.seal(size, kind, seed).id, setup=setup, progress=progress)

    def reveal(self, test: str) -> Revealed:
        """Break the seal. Raises OptionError for an unknown id, or before the audit has run."""
        return seal.reveal(self.session.home, test)

    def result(self, test: str) -> BlindResult | None:
        """What the audit said, None while it has not."""
        return seal.stored_result(self.session.home, test)

    def tests(self) -> tuple[BlindTestEntry, ...]:
        """All blind tests of this home, newest first."""
        return seal.tests(self.session.home)
