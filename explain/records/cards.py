"""Model card and data card, made from what is stored: manifests, the data card of a source, measurements, audits.

Headings of the model card: Mitchell et al., Model Cards for Model Reporting (2019). Of the data card: Gebru et al.,
Datasheets for Datasets (2018), and Pushkarna et al., Data Cards (2022). What nobody stated is said to be not stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pandas as pd

from core.files import JsonObject
from core.models.base import ModelSpec
from core.snapshots import Manifest
from data.tables import DataCard, Tables
from explain.format.dates import date_of, minute
from explain.format.numbers import number
from explain.format.text import clean
from explain.format.words import SPLITS
from explain.results.decision_log import AuditEntry

NOT_STATED: Final = "Not stated."
_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|#~$])")
SHOWN_METRICS: Final = ("recall", "ndcg", "mrr", "coverage")


@dataclass(frozen=True, kw_only=True)
class CardSection:
    """One heading: paragraphs, then a table where there are rows."""

    heading: str
    text: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Card:
    """A model card or a data card. headings_of: whose headings they are."""

    kind: str
    title: str
    headings_of: str
    sections: tuple[CardSection, ...]

    def as_json(self) -> JsonObject:
        return asdict(self)

    def markdown(self) -> str:
        """As Markdown; outside texts are escaped, so that none becomes a heading, a link or HTML."""
        lines = [f"# {_escaped(self.title)}", "", f"Headings of {_escaped(self.headings_of)}.", ""]
        for section in self.sections:
            lines += [f"## {section.heading}", ""]
            for text in section.text:
                lines += [_escaped(text), ""]
            if section.rows:
                lines += [f"| {' | '.join(section.heads)} |", f"|{' --- |' * len(section.heads)}"]
                lines += [f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in section.rows]
                lines.append("")
        return "\n".join(lines)


def evaluations(stored: Iterable[Mapping[str, Any] | None], manifest: Manifest) -> list[Mapping[str, Any]]:
    """Of stored measurements those of a model, damaged ones (None) left out."""
    whole = (content for content in stored if content is not None)
    return [c for c in whole if c.get("model") == manifest.model and isinstance(c.get("metrics"), dict)]


def model_card(
    spec: ModelSpec,
    manifest: Manifest,
    data: DataCard,
    measured: Sequence[Mapping[str, Any]],
    audits: Sequence[AuditEntry],
    *,
    n_snapshots: int,
) -> Card:
    """The card of a fitted model: how it was made, measured and audited."""
    made = minute(manifest.created / 1e9)
    exact = "exact: parts sum to the score" if spec.exact else "approximate"
    results = [
        [f"{name} (split {run['split']}, seed {run['seed']})", number(v["value"]), _interval(v), f"{run['n_users']:,}"]
        for run in measured
        for name, v in run["metrics"].items()
        if name.split("@")[0] in SHOWN_METRICS
    ]
    columns = [f"{name}: {note}" for name, note in data.attribute_notes.items()]
    sections = [
        _section(
            "Model details",
            rows=[
                ["Name", spec.name],
                ["Title", spec.title],
                ["Source", spec.source],
                ["Snapshot", manifest.snapshot],
                ["Fitted", made],
                ["Seed", str(manifest.seed)],
                ["Seconds to fit", number(manifest.seconds)],
                ["Explanations", exact],
                ["Data fingerprint", manifest.fingerprint],
                ["SHA-256 of the arrays", manifest.arrays_sha256],
                ["Snapshots kept", str(n_snapshots)],
            ],
            text=[spec.summary],
        ),
        _section(
            "Intended use",
            [
                (
                    f"Lists of {data.item_noun}s for {data.person_noun}s of {data.title}, with the reasons "
                    "behind each place."
                ),
                (
                    "Not for decisions about people: a score says what the model computed, not what somebody "
                    "wants or deserves."
                ),
            ],
        ),
        _section("Factors", columns or ["No attribute of people or items is described in the data card."]),
        _section(
            "Metrics",
            [
                (
                    "Held-out recall, nDCG and MRR of a refit on the training part; 95 % intervals by "
                    "bootstrap over people."
                ),
                "Exposure and quality by group: see the audits below.",
            ],
        ),
        _section(
            "Evaluation data",
            [
                (
                    f"{data.title}: {_split(data)}. Positives: {', '.join(data.positives)}. Candidates are all "
                    "items that a person lacks in training."
                )
            ],
        ),
        _section("Training data", [f"All events of {data.title}, weighted by kind: {_weights(data)}. {data.licence}."]),
        _section(
            "Quantitative analyses",
            [] if results else ["Not measured yet on this data. `evaluate` measures it."],
            ["Metric", "Value", "95 % interval", "People"],
            results,
        ),
        _section(
            "Ethical considerations",
            [
                "Audits that are stored, newest first."
                if audits
                else "No audit of this model is stored. `run-audit` makes one."
            ],
            ["Audit", "Made", "Verdict", "Signatures"],
            [[a.id, a.created[:16].replace("T", " "), a.verdict, str(a.n_signatures)] for a in audits],
        ),
        _section(
            "Caveats and recommendations",
            [
                "Logged events hold the biases of what was shown when they were logged.",
                (
                    "A person or item without events gets its place from content or popularity, where the "
                    "model has either."
                ),
            ],
        ),
        _section(
            "Learnt parameters", heads=["Parameter", "Value"], rows=[[n, v] for n, v in _flat(manifest.parameters)]
        ),
    ]
    return _card("model card", f"Model card: {spec.title} on {data.title}", "Mitchell et al. 2019", sections)


def data_card(tables: Tables, fingerprint: str, relations: Mapping[str, int], problems: Sequence[str]) -> Card:
    """The same headings for data, counted from the prepared tables."""
    card, events = tables.card, tables.events
    times = events["time"] if len(events) else pd.Series(dtype="int64")
    window = f"{date_of(times.min())} to {date_of(times.max())}" if len(times) else "no events"
    counts = events["event"].value_counts() if "event" in events else pd.Series(dtype="int64")
    sections = [
        _section("Motivation", [card.summary]),
        _section(
            "Composition",
            [f"Time window: {window}."],
            ["What", "How many"],
            [
                [f"{card.person_noun}s", f"{len(tables.users):,}"],
                [f"{card.item_noun}s", f"{len(tables.items):,}"],
                ["events", f"{len(events):,}"],
                *([f"events: {name}", f"{int(n):,}"] for name, n in counts.items()),
                *([f"relation: {name}", f"{n:,}"] for name, n in relations.items()),
            ],
        ),
        _section(
            "Attributes",
            heads=["Table", "Column", "Missing", "Note"],
            rows=[*_columns("user", tables.users, card), *_columns("item", tables.items, card)],
        ),
        _section(
            "Collection process",
            [card.citation, "How it was collected is stated by its source; Surfaced reads it as it was published."],
        ),
        _section(
            "Preprocessing",
            [f"Weights of events: {_weights(card)}.", *(problems or ["The checks found nothing to report."])],
        ),
        _section("Uses", [f"Split that is used first: {_split(card)}. Positives: {', '.join(card.positives)}."]),
        _section("Distribution", [f"Licence: {card.licence}."]),
        _section(
            "Maintenance", [f"Fingerprint of the graph: {fingerprint}. It changes with any event, person or item."]
        ),
    ]
    return _card("data card", f"Data card: {card.title}", "Gebru et al. 2018, Pushkarna et al. 2022", sections)


def _card(kind: str, title: str, source: str, sections: list[CardSection]) -> Card:
    return Card(kind=kind, title=title, headings_of=source, sections=tuple(sections))


def _section(
    heading: str, text: Sequence[str] = (), heads: Sequence[str] = ("What", "Value"), rows: Sequence[Sequence[str]] = ()
) -> CardSection:
    stated = tuple(t for t in text if t.strip())
    return CardSection(
        heading=heading,
        text=stated if stated or rows else (NOT_STATED,),
        heads=tuple(heads),
        rows=tuple(tuple(row) for row in rows),
    )


def _columns(table: str, frame: pd.DataFrame, card: DataCard) -> list[list[str]]:
    names = [name for name in frame.columns if name not in (table, "label")]
    return [
        [
            table,
            str(name),
            f"{int(frame[name].isna().sum()):,} of {len(frame):,}",
            card.attribute_notes.get(str(name), "–"),
        ]
        for name in names
    ]


def _split(card: DataCard) -> str:
    return SPLITS[card.default_split][1]


def _weights(card: DataCard) -> str:
    return ", ".join(f"{name} {number(weight)}" for name, weight in card.event_weights.items())


def _interval(metric: Mapping[str, Any]) -> str:
    return f"{number(metric['low'])} to {number(metric['high'])}"


def _flat(content: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in content.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{name}.")
        else:
            found.append((f"{before}{name}", number(value) if isinstance(value, float) else str(value)))
    return found


def _escaped(text: object) -> str:
    return _SPECIAL.sub(r"\\\1", clean(text, 1_200))
