"""What a simulated newsroom is: its size, what leads to reading, the planted biases, and the card that says so."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime

from core.errors import OptionError
from data.simulation.views import DAY_S, ORDINARY_DWELL_S, Calendar
from data.tables import DataCard, SplitKind

END = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
MIN_VIEWS = 10
AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
GENDERS = ("woman", "man", "non-binary")
REGIONS = ("North", "South", "East", "West", "Capital")
EVENT_WEIGHTS = {"view": 1.0, "like": 2.0, "share": 3.0, "comment": 3.0}


@dataclass(frozen=True)
class NewsroomConfig:
    """Size of the newsroom, what leads to reading, and the planted biases.

    mean_views       views a reader on average; the activity of readers is heavy-tailed
    topic_share … push_share   how often a view comes from that cause; they are scaled to 1 - popularity_bias
    popularity_bias  share of views that go to what is popular just now (relation `trending`); 0 = off
    cohort_bias      part of its personal reading (topics, authors, co-readers) that `cohort_region` loses to the
                     desk's push list, which knows no reader (relation `editorial_push`); 0 = off
    author_bias      how much less likely an article by a new author is to be shown to co-readers or as trending
                     (relation `co_readers`): its weight in each such draw is multiplied by 1 - author_bias; 0 = off.
                     The gap that results is larger, as what was shown less is also passed on less
    default_split    the split by which models are fitted and measured
    Raises           OptionError if a value is out of range
    """

    n_users: int = 2400
    n_items: int = 1600
    n_authors: int = 120
    n_days: int = 60
    mean_views: float = 56.0
    topic_share: float = 0.30
    author_share: float = 0.20
    co_reader_share: float = 0.30
    push_share: float = 0.08
    popularity_bias: float = 0.12
    cohort_bias: float = 0.5
    cohort_region: str = "North"
    author_bias: float = 0.5
    default_split: SplitKind = "live"

    def __post_init__(self) -> None:
        for name, low, high in (
            ("n_users", 20, 100_000),
            ("n_items", 60, 5_000),
            ("n_authors", 28, 1_000),
            ("n_days", 7, 366),
            ("mean_views", MIN_VIEWS + 1, 200),
            ("topic_share", 0.01, 1),
            ("author_share", 0, 1),
            ("co_reader_share", 0, 1),
            ("push_share", 0, 1),
            ("popularity_bias", 0, 0.9),
            ("cohort_bias", 0, 1),
            ("author_bias", 0, 0.95),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"Newsroom: {name} is {value}; it must lie between {low} and {high}.")
        if self.cohort_region not in REGIONS:
            raise OptionError(f"Newsroom: no region '{self.cohort_region}'; there are {', '.join(REGIONS)}.")

    @property
    def start(self) -> int:
        """First second of the window, UTC; it ends with the fixed `END`."""
        return END - self.n_days * DAY_S

    @property
    def calendar(self) -> Calendar:
        return Calendar(self.start, self.n_days)


def newsroom_card(config: NewsroomConfig) -> DataCard:
    """The card, with the planted sizes of this configuration in words and as one line of settings."""
    planted = ", ".join(
        f"{f.name}={getattr(config, f.name)}" for f in fields(config) if f.name.endswith(("bias", "region"))
    )
    return DataCard(
        name="newsroom",
        title="Newsroom",
        summary=(
            f"A simulated newspaper: {config.n_users} readers, {config.n_items} articles, {config.n_days} days of "
            "reading. Every event was drawn from one cause and keeps it, so that explanations and audits can be "
            f"checked against the truth. Planted: {planted}."
        ),
        licence="CC0 (synthetic)",
        citation="Surfaced, built-in newsroom simulator.",
        event_weights=dict(EVENT_WEIGHTS),
        positives=tuple(EVENT_WEIGHTS),
        kind_titles={"topic": "topic", "creator": "author", "context": "reading session"},
        event_verbs={"view": "read", "like": "liked", "share": "shared", "comment": "commented on"},
        item_noun="article",
        person_noun="reader",
        default_split=config.default_split,
        attribute_notes={
            "age_band": "Age of the reader in bands; tilts which topics are liked. About 6 % unknown.",
            "gender": "As stated by the reader; no effect on reading is planted. About 8 % unknown.",
            "region": (
                f"About 5 % unknown. Planted: readers in {config.cohort_region} lose {config.cohort_bias:.0%} of their "
                "personal reading (topics, authors, co-readers) to the desk's push list (relation editorial_push)."
            ),
            "author_group": (
                "'new' authors joined recently. Planted: in the relation co_readers, and where articles trend, theirs "
                f"are shown with {1 - config.author_bias:.0%} of the chance of established authors' articles in every "
                "draw; the gap over two months is larger, because what is shown less is also passed on less."
            ),
            "author": "First author of the article.",
            "section": "Main topic of the article.",
            "published": (
                f"When the article appeared, seconds UTC. Planted: a share of {config.popularity_bias:.0%} is aimed at "
                "what is popular just now (relation trending)."
            ),
            "word_count": "Length of the article in words.",
            "value": (
                f"A view counts 1 at {ORDINARY_DWELL_S:.0f} s of dwell and grows with its logarithm, from .5 to 1.75; "
                "other events count 1."
            ),
        },
    )
