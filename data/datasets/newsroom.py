"""The built-in newsroom as a workspace: simulated on the spot, always the same, nothing fetched.

What is in it and what is planted stands in `data.simulation`; this file only offers it under a name.
"""

from __future__ import annotations

from pathlib import Path

from core.progress import Progress
from data.datasets.base import register
from data.simulation.config import NewsroomConfig, newsroom_card
from data.simulation.simulator import simulate_newsroom
from data.tables import Tables

CONFIG = NewsroomConfig()
SEED = 0


class Newsroom:
    """The data set `newsroom`."""

    name = "newsroom"
    title = "Newsroom"
    summary = newsroom_card(CONFIG).summary
    licence = newsroom_card(CONFIG).licence
    command = "make demo"
    order = 0
    default_split = newsroom_card(CONFIG).default_split
    in_demo = True
    lists_people = True
    opens_first = False

    def load(self, cache: Path, progress: Progress) -> Tables:
        """The tables of the default newsroom; `cache` stays untouched. CancelledError if `progress` raises it."""
        tables = simulate_newsroom(CONFIG, seed=SEED, progress=progress)
        progress(1.0, "Newsroom is simulated")
        return tables


register(Newsroom())
