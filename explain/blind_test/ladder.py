"""How large was the planted bias? Newsrooms of known sizes as a ladder, and the size at which an audit's numbers would
be usual.

What is planted is a chance in every draw (data.simulation); what an audit sees is what two months of draws made of it.
So the way from size to numbers is measured: the same newsroom is simulated at RUNGS sizes, each with a seed of its own,
and audited.

  y(x)  two numbers of a world of size x; z = w·y, w from least squares of x on y over the ladder
  z = b0 + b1 x + b2 x² + e, e ~ N(0, s²), by least squares over the n rungs
  x̂     the size whose b(x) is nearest to the audited world's z0
  95 %  all sizes x in 0..0.95 with |z0 − b(x)| ≤ t(.975, n − 4) · s · sqrt(1 + g(x)' (G'G)⁻¹ g(x)), g = (1, x, x²)

This is classical calibration (Eisenhart 1939): the interval holds a fixed size with the stated chance wherever it lies.
One of the degrees of freedom pays for w. Sealing and revealing are left to explain.blind_test.seal.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
from scipy import special

from core.errors import OptionError, SurfacedError, shown
from core.files import read_json
from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._path_chains import CO_3, CO_5, GROUP_CHAINS, PathParameters, Relation
from core.models.path import PathModel
from core.progress import Progress
from core.ranking import rank_all
from data.builder import build_graph
from data.simulation.config import NewsroomConfig
from data.simulation.simulator import simulate_newsroom
from data.splits import split
from data.tables import Tables
from explain.blind_test.files import folder, write_json
from explain.fairness.exposure import item_exposure, rbp

Kind = Literal["author", "cohort"]
MAX_SIZE, K = 0.95, 20
LADDER_SEED = 10_000_000  # worlds under test have lower seeds
SMALLEST = 1e-3
_GRID = np.round(np.linspace(0.0, MAX_SIZE, 951), 3)

REFERENCE = PathParameters(
    0.0,
    1.0,
    {
        CO_3: Relation(1.0, 0.9, 0.65, 0.5),
        CO_5: Relation(-0.2, 0.9, 0.65, 0.5),
        GROUP_CHAINS["topic"]: Relation(0.4, 0.6, 0.9, 0.0),
        "same_creator": Relation(0.15, 0.5, 0.9, -0.2),
    },
)
"""Round numbers near what fits to newsrooms of this size give, fixed beforehand, so that a rung costs no search."""

MEASURES: dict[Kind, tuple[tuple[str, str], ...]] = {
    "author": (
        (
            "lists",
            "exposure of new authors' articles in everybody's list, against articles of the same section and time",
        ),
        ("reading", "how often new authors' articles were read, against articles of the same section and time"),
    ),
    "cohort": (
        ("lists", "how far above chance the lists place what readers of the region read, against other readers"),
        ("focus", "how much readers of the region keep to few sections, against other readers"),
    ),
}


@dataclass(frozen=True)
class Setup:
    """Which newsroom, and how many rungs of how many places k. The defaults take about a minute on one core."""

    newsroom: NewsroomConfig = field(
        default_factory=lambda: NewsroomConfig(
            n_users=800, n_items=600, n_authors=60, n_days=30, mean_views=40.0, cohort_bias=0.0, author_bias=0.0
        )
    )
    rungs: int = 40

    def planted(self, kind: Kind, size: float) -> NewsroomConfig:
        """The world with one bias of this size and not the other."""
        check_size(size)
        author = check_kind(kind) == "author"
        return replace(self.newsroom, author_bias=size) if author else replace(self.newsroom, cohort_bias=size)

    def key(self, kind: Kind) -> str:
        content = [kind, self.rungs, K, asdict(self.newsroom), asdict(REFERENCE), MAX_SIZE, LADDER_SEED]
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Ladder:
    """Sizes float64 [n] and the audit's two numbers at each, float64 [n, 2]."""

    kind: Kind
    sizes: FloatArray
    numbers: FloatArray


@dataclass(frozen=True)
class Estimate:
    """A size with its 95 % interval; z of the world and, on a grid of sizes, the curve with its band: (size, z, low,
    high).
    """

    size: float
    low: float
    high: float
    z: float
    spread: float
    curve: tuple[tuple[float, float, float, float], ...]
    points: tuple[tuple[float, float], ...]


def check_kind(kind: str) -> Kind:
    """Raises OptionError for another word than author or cohort."""
    if kind not in get_args(Kind):
        raise OptionError(f"No bias of kind {shown(kind)} can be planted: choose one of {', '.join(get_args(Kind))}.")
    return cast(Kind, kind)


def check_size(size: float) -> float:
    """Raises OptionError outside 0..0.95."""
    if not 0 <= size <= MAX_SIZE:
        raise OptionError(f"A planted bias has a size from 0 to {MAX_SIZE}; {size:g} was asked for.")
    return float(size)


def numbers_of(graph: InteractionGraph, positives: tuple[str, ...], kind: Kind) -> FloatArray:
    """The two numbers that an audit of this kind measures, logarithms of ratios, 0 where nobody is under-served:
    float64 [2].
    """
    return _author(graph) if kind == "author" else _cohort(graph, positives)


def served(graph: InteractionGraph) -> tuple[PathModel, IntArray]:
    """The path model with the reference parameters, scales measured here, and everybody's first K."""
    model = PathModel.build(graph, REFERENCE)
    lists, _ = rank_all(model.score, graph.n_users, graph.interactions, min(K, graph.n_items))
    return model, lists


def ladder(home: Path, kind: Kind, setup: Setup, progress: Progress) -> Ladder:
    """The ladder from disk, or simulated now; what is done stays on disk when the work is stopped."""
    place = folder(home) / f"ladder-{kind}-{setup.key(kind)}.json"
    rows = _read(place, setup.rungs)
    sizes = np.linspace(0.0, MAX_SIZE, setup.rungs)
    for rung in range(len(rows), setup.rungs):
        progress(rung / setup.rungs, f"rung {rung + 1} of {setup.rungs}: a newsroom of known size")
        size = float(sizes[_spread_order(setup.rungs)[rung]])
        tables = simulate_newsroom(setup.planted(kind, size), seed=LADDER_SEED + rung)
        rows.append([size, *numbers_of(build_graph(tables), tables.card.positives, kind).tolist()])
        write_json(place, {"rows": rows})
    progress(1.0, "ladder is ready")
    table = np.array(rows)
    return Ladder(kind, table[:, 0], table[:, 1:])


def estimate(calibration: Ladder, numbers: FloatArray) -> Estimate:
    """The size at which such numbers would be usual, by the formula above. Raises SurfacedError with fewer than 8
    rungs.
    """
    n = len(calibration.sizes)
    if n < 8:
        raise SurfacedError(f"A ladder of {n} rungs says nothing of its own spread: take 8 or more.")
    ahead = np.column_stack([np.ones(n), calibration.numbers])
    weights = np.linalg.lstsq(ahead, calibration.sizes, rcond=None)[0][1:]
    z, z0 = calibration.numbers @ weights, float(numbers @ weights)
    design = np.vander(calibration.sizes, 3, increasing=True)
    bend = np.linalg.lstsq(design, z, rcond=None)[0]
    freedom = n - design.shape[1] - (calibration.numbers.shape[1] - 1)
    spread = float(np.sqrt(((z - design @ bend) ** 2).sum() / freedom))
    at = np.vander(_GRID, 3, increasing=True)
    line = at @ bend
    leverage = np.einsum("ij,jk,ik->i", at, np.linalg.inv(design.T @ design), at)
    reach = special.stdtrit(freedom, 0.975) * spread * np.sqrt(1.0 + leverage)
    apart = np.abs(z0 - line)
    best = int(np.argmin(apart))
    inside = np.flatnonzero(apart <= reach) if (apart <= reach).any() else np.array([best])
    curve = tuple(
        (float(_GRID[j]), float(line[j]), float(line[j] - reach[j]), float(line[j] + reach[j]))
        for j in range(0, 951, 10)
    )
    points = tuple((float(x), float(y)) for x, y in zip(calibration.sizes, z, strict=True))
    return Estimate(float(_GRID[best]), float(_GRID[inside[0]]), float(_GRID[inside[-1]]), z0, spread, curve, points)


def simulate(setup: Setup, kind: Kind, size: float, seed: int, progress: Progress) -> Tables:
    """The world under test, without what would tell: causes of events, and the card's words about what is planted."""
    tables = simulate_newsroom(setup.planted(kind, size), seed=seed, progress=progress)
    notes = {k: v for k, v in tables.card.attribute_notes.items() if "Planted" not in v}
    summary = (
        f"A simulated newspaper for a blind test: {setup.newsroom.n_users} readers, {setup.newsroom.n_items} articles. "
        "What is planted is sealed until it is revealed."
    )
    card = replace(tables.card, title="Blind newsroom", summary=summary, attribute_notes=notes)
    return replace(tables, card=card, events=tables.events.drop(columns=["cause", "cause_id"]))


def _author(graph: InteractionGraph) -> FloatArray:
    new = np.asarray(graph.items.attributes["author_group"] == "new", dtype=np.float64)
    when = graph.items.attributes["published"].to_numpy(dtype=np.float64)
    quarter = np.argsort(np.argsort(when, kind="stable"), kind="stable") * 4 // len(when)
    section = graph.items.attributes["section"].astype("category").cat.codes.to_numpy(dtype=np.int64)
    _, lists = served(graph)
    exposure = item_exposure(lists, rbp(lists.shape[1]), graph.n_items)
    readers = np.bincount(graph.interactions.indices, minlength=graph.n_items).astype(np.float64)
    stratum = np.asarray(section * 4 + quarter, dtype=np.int64)
    return np.array([_standardised(amount, new, stratum) for amount in (exposure, readers)])


def _standardised(amount: FloatArray, belongs: FloatArray, stratum: IntArray) -> float:
    """log of what a group has over what it would have with its share of each stratum (indirect standardisation)."""
    n = np.bincount(stratum)
    expected = np.bincount(stratum, weights=amount) * np.bincount(stratum, weights=belongs) / np.maximum(n, 1)
    return _log_ratio(float(amount @ belongs), float(expected.sum()))


def _cohort(graph: InteractionGraph, positives: tuple[str, ...]) -> FloatArray:
    region = graph.users.attributes["region"]
    in_north, known = (region == "North").to_numpy(dtype=bool), region.notna().to_numpy(dtype=bool)
    placed = _placed(graph, positives)
    focus = _focus(graph)

    def against(values: FloatArray) -> float:
        mine, others = values[in_north & np.isfinite(values)], values[known & ~in_north & np.isfinite(values)]
        return _log_ratio(float(mine.mean()) if len(mine) else 0.0, float(others.mean()) if len(others) else 0.0)

    return np.array([against(placed), against(focus)])


def _placed(graph: InteractionGraph, positives: tuple[str, ...]) -> FloatArray:
    """Mean rank of a fifth of each person's events, hidden from the model, among all that they lack: 0.5 first, 0 by
    chance, [n_users].
    """
    from scipy.stats import rankdata  # a second to import

    parts = split(graph, "random", 0, positives)
    model = PathModel.build(parts.train, REFERENCE)
    placed = np.full(graph.n_users, np.nan)
    for batch in np.array_split(np.arange(graph.n_users, dtype=np.int64), max(1, graph.n_users // 128)):
        scores = model.score(batch)
        had = parts.train.interactions[batch].toarray() > 0
        hidden = parts.test[batch].toarray() > 0
        place = rankdata(np.where(had, -np.inf, scores), axis=1) - had.sum(axis=1, keepdims=True)
        share = (place - 0.5) / np.maximum((~had).sum(axis=1, keepdims=True), 1) - 0.5
        n = hidden.sum(axis=1)
        placed[batch[n > 0]] = (share * hidden).sum(axis=1)[n > 0] / n[n > 0]
    return placed


def _focus(graph: InteractionGraph) -> FloatArray:
    """Chance that two different articles of a reader are of one section (Simpson, without bias): float64 [n_users]."""
    section = graph.items.attributes["section"].astype("category").cat.codes.to_numpy(dtype=np.int64)
    has = graph.interactions.copy()
    has.data[:] = 1.0
    counts = np.asarray(has @ np.eye(section.max() + 1)[section])
    n = counts.sum(axis=1)
    return np.where(n > 1, (counts * (counts - 1)).sum(axis=1) / np.maximum(n * (n - 1), 1), np.nan)


def _log_ratio(value: float, against: float) -> float:
    return float(np.log(max(value / against, SMALLEST))) if against > 0 else 0.0


def _spread_order(n: int) -> IntArray:
    """Rungs from all over the range first, so that the time left can be told from the first ones."""
    return np.argsort(np.arange(n) * 0.618033988749895 % 1.0, kind="stable")


def _read(place: Path, rungs: int) -> list[list[float]]:
    try:
        rows = read_json(place)["rows"]
        table = np.array(rows, dtype=np.float64)
        return [*map(list, rows)] if table.ndim == 2 and table.shape[1] == 3 and len(rows) <= rungs else []
    except (OSError, ValueError, KeyError, TypeError):
        return []
