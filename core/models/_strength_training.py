"""Learns the strengths: a part of every history is held back and must come first among all items, by walks alone.

Batches of people; of each history a share are targets, the rest is what enters, and the person is
nobody's middle.
Softmax over all items on stretch · asinh(score / softness), both learnt; Adam; the running average of
all parameters is what is validated and kept. How long to learn, or not at all, is picked on the validation cut; then it
is learnt that long on everything.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy import sparse

from core.graph import FloatArray, IntArray, InteractionGraph
from core.models._path_chains import CO_5, PathParameters, chains
from core.models._path_scores import built
from core.models._path_validation import PeopleValidation
from core.models._strength_net import Histories, Stage, StrengthNet
from core.models._strength_sampling import drawn_items, scores
from core.models._strengths import Strengths, levels_of
from core.models.base import Holdout
from core.progress import Progress, no_progress, portion

Entries = tuple[torch.Tensor, torch.Tensor]
AVERAGED, BETAS, AGAINST_COST = 0.98, (0.9, 0.99), 0.02
ROUND_STEPS, PATIENCE, BARRED = 16, 6, -1e9
MANY_PEOPLE, MOST_WORK, FIRST_WEIGHT = 5_000, 8e10, 0.05


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast to learn. Where there are many people each number is seen in few batches, and small steps do better.

    batch         people at once                 target_share, target_power  of a history held back; n^power weighs it
    few, gates, vectors  Adam's rates: of what all edges share, of nodes, of what edges' strengths are made of
    rounds        at most
    sample        so many items are asked about at once; all where None
    """

    batch: int
    target_share: float
    target_power: float
    few: float
    gates: float
    vectors: float
    rounds: int
    sample: int | None = None


SMALL = Pace(batch=64, target_share=0.3, target_power=0.5, few=0.02, gates=0.02, vectors=0.01, rounds=60)
LARGE = Pace(
    batch=512, target_share=0.2, target_power=0.0, few=0.004, gates=0.004, vectors=0.004, rounds=40, sample=8_000
)


def people_of(graph: InteractionGraph) -> IntArray:
    """Who has two items or more, so that a part can be held back: int64, ascending."""
    return np.flatnonzero(np.diff(graph.interactions.indptr) > 1)


def among_many(graph: InteractionGraph) -> bool:
    """Whether there are so many people that strengths are learnt from samples, along three hops alone."""
    return len(people_of(graph)) > MANY_PEOPLE


@dataclass(frozen=True, eq=False)
class Learnt:
    """What came of it.

    parameters         of the paths that carry the strengths
    strengths, on_cut  of the whole graph, and of the cut's training part alone
    rounds             for how many times ROUND_STEPS batches they were learnt; 0: validation wants none
    values             the aim of the search for parameters on the cut, without strengths and with them
    """

    parameters: PathParameters
    strengths: Strengths
    on_cut: Strengths
    rounds: int
    values: dict[str, float]


def learn(
    graph: InteractionGraph, parameters: PathParameters, holdout: Holdout, *, seed: int, progress: Progress
) -> Learnt:
    """The strengths on `graph`, learnt for as long as the validation cut rises.

    Relations that the search left out get a small weight to begin with: learning says what they are worth, and whether
    a cut happened to have no use for one makes no other model. Where moments matter none are learnt: what is had next
    is reached by edges of the last hours, which no training saw. Among many people (`among_many`) the five hops that
    speak against are left out: their two middle hops cost more than all else, and every walk then speaks for its item.
    """
    nothing = Strengths.none(graph.interactions.shape)
    if parameters.timed or not holdout.test.nnz:
        return Learnt(parameters, nothing, nothing, 0, {})
    if among_many(holdout.train):
        parameters = parameters.without(CO_5)
    opened = parameters.opened(FIRST_WEIGHT)
    probe, validation = Learner(holdout.train, opened, seed), PeopleValidation(holdout)
    if not len(probe.people):
        return Learnt(parameters, nothing, nothing, 0, {})
    start = Learner(holdout.train, parameters, seed).value(validation)
    rounds, best = probe.until_best(validation, portion(progress, 0.0, 0.5))
    values = {"without_strengths": start, "with_strengths": best}
    if best <= start:
        return Learnt(parameters, nothing, nothing, 0, values)
    strengths = learnt_for(rounds, graph, opened, seed=seed, progress=portion(progress, 0.5, 1.0))
    return Learnt(opened, strengths, probe.strengths(), rounds, values)


def learnt_for(
    rounds: int, graph: InteractionGraph, parameters: PathParameters, *, seed: int, progress: Progress = no_progress
) -> Strengths:
    """The strengths on `graph` after so many rounds; 1 everywhere after none."""
    if not rounds:
        return Strengths.none(graph.interactions.shape)
    learner = Learner(graph, parameters, seed)
    for n in range(rounds):
        progress(n / rounds, f"learning strengths, round {n + 1} of {rounds}")
        learner.round()
    return learner.strengths()


@dataclass(frozen=True, eq=False)
class Batch:
    """People with a part of their history held back: entries (item, column) of targets and of what enters."""

    histories: Histories
    target_items: torch.Tensor
    target_columns: torch.Tensor
    n_targets: torch.Tensor
    n_inputs: torch.Tensor


class Learner:
    """Strengths on one graph while they are learnt; `average` is what is kept."""

    def __init__(self, graph: InteractionGraph, parameters: PathParameters, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.weights = graph.interactions.copy()
        self.weights.sort_indices()
        self.bounds = levels_of(self.weights.data) if self.weights.nnz else np.empty(0)
        edges, parameters = built(graph, parameters)
        self.first = edges.adjacency.by_user
        self.contexts: dict[str, sparse.csr_matrix] = {}
        if "context" in edges.groups:
            seen = (np.ones(len(edges.visits.person)), (edges.visits.person, edges.visits.context))
            shape = (graph.n_users, edges.groups["context"].by_group.shape[0])
            self.contexts["context"] = sparse.csr_matrix(sparse.coo_matrix(seen, shape=shape))
        level = np.searchsorted(self.bounds, self.weights.data, side="right").astype(np.int64)
        self.level = sparse.csr_matrix((level, self.weights.indices, self.weights.indptr), shape=self.weights.shape)
        self.stage = Stage.of(chains(edges, parameters), self.weights, level)
        degrees = {
            "user": np.diff(self.weights.indptr),
            "item": np.bincount(self.weights.indices, minlength=graph.n_items),
        }
        degrees |= {kind: np.diff(group.by_group.indptr) for kind, group in edges.groups.items()}
        self.net = StrengthNet(self.stage, degrees, len(self.bounds) + 1, seed)
        self.average = copy.deepcopy(self.net)
        self.people = people_of(graph)
        self.pace = LARGE if among_many(graph) else SMALL
        rates = self.net.groups(few=self.pace.few, gates=self.pace.gates, vectors=self.pace.vectors)
        self.optimiser = torch.optim.Adam(rates, betas=BETAS)
        self.waiting = np.empty(0, dtype=np.int64)
        self.n_steps, self.unit = 0, 0.0

    def round(self) -> None:
        """ROUND_STEPS batches of people with two items or more; everybody comes once before anybody comes again."""
        for _ in range(ROUND_STEPS):
            if not len(self.waiting):
                self.waiting = self.rng.permutation(self.people)
            n = len(self.waiting)
            users, self.waiting = np.split(self.waiting, [n if n < 1.5 * self.pace.batch else self.pace.batch])
            self._step(users)

    def _step(self, users: IntArray) -> None:
        batch = self.drawn(users)
        self.optimiser.zero_grad()
        torch.autograd.backward(self._loss(batch))
        self.optimiser.step()
        self.n_steps += 1
        share = max(1 - AVERAGED, 2 / (self.n_steps + 1))
        with torch.no_grad():
            for kept, now in zip(self.average.parameters(), self.net.parameters(), strict=True):
                kept.lerp_(now, share)

    def _loss(self, batch: Batch) -> torch.Tensor:
        own, targets = (batch.histories.items, batch.histories.columns), (batch.target_items, batch.target_columns)
        if self.pace.sample is None:
            return self._loss_of(self.net(self.stage, batch.histories), batch, own, targets)
        needed = np.unique(batch.target_items.numpy())
        sample = drawn_items(self.stage, needed, self.pace.sample, self.rng)
        places = torch.from_numpy(sample.places)
        there = places[own[0]] >= 0
        own, targets = (places[own[0]][there], own[1][there]), (places[targets[0]], targets[1])
        return self._loss_of(scores(self.net, self.stage, batch.histories, sample), batch, own, targets, sample.weights)

    def _loss_of(
        self,
        parts: dict[str, torch.Tensor],
        batch: Batch,
        own: Entries,
        targets: Entries,
        weights: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """own, targets: which scores (row, column) are of what entered and of what was held back; weights: how many
        items each row stands for, 1 where None.
        """
        positive = sum((x for k, x in parts.items() if self._sign(k) > 0), start=torch.zeros(()))
        against = -sum((x for k, x in parts.items() if self._sign(k) < 0), start=torch.zeros(()))
        total = (positive - against) / batch.n_inputs
        if not self.unit:
            self.unit = float(total.detach().std()) or 1.0
        logits = torch.exp(self.net.stretch) * torch.asinh(total / (self.unit * torch.exp(self.net.softness)))
        logits = logits.index_put(own, torch.tensor(BARRED))
        likely = torch.log_softmax(logits if weights is None else logits + torch.log(weights), dim=0)
        hit = torch.zeros(len(batch.n_targets)).index_add(0, targets[1], likely[targets])
        weight = batch.n_targets**self.pace.target_power
        loss = -(hit / batch.n_targets * weight).sum() / weight.sum()
        if against.dim():
            share = (likely.detach().exp() * (against / (positive + 1e-6))).sum(dim=0).mean()
            loss = loss + AGAINST_COST * share
        return loss

    def _sign(self, key: str) -> float:
        return next(float(np.sign(r.coefficient)) for r in self.stage.routes if r.key == key)

    def drawn(self, users: IntArray) -> Batch:
        """These people with a part of each history held back."""
        rows, level = self.first[users], self.level[users]
        sizes = np.diff(rows.indptr)
        columns = np.repeat(np.arange(len(users), dtype=np.int64), sizes)
        held = self.rng.random(len(columns)) < self.pace.target_share
        # somebody from whom nothing, or everything, would be held back has one item moved over
        n_held = np.bincount(columns[held], minlength=len(users))
        some = rows.indptr[:-1] + (self.rng.random(len(users)) * sizes).astype(np.int64)
        held[some[n_held == 0]] = True
        held[some[n_held == sizes]] = False
        n_held = np.bincount(columns[held], minlength=len(users))
        items = rows.indices.astype(np.int64)
        entering = histories_of(items[~held], columns[~held], rows.data[~held], level.data[~held], len(users))
        return Batch(
            replace(entering, barred=self._own_nodes(users)),
            torch.from_numpy(items[held]),
            torch.from_numpy(columns[held]),
            torch.from_numpy(n_held.astype(np.float32)),
            torch.from_numpy((sizes - n_held).astype(np.float32)),
        )

    def _own_nodes(self, users: IntArray) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
        """The nodes through which what was held back of these people would tell itself: they, and their baskets."""
        columns = np.arange(len(users), dtype=np.int64)
        nodes = {"user": (users.astype(np.int64), columns)}
        if "context" in self.contexts:
            theirs = self.contexts["context"][users]
            nodes["context"] = theirs.indices.astype(np.int64), np.repeat(columns, np.diff(theirs.indptr))
        return {kind: (torch.from_numpy(a), torch.from_numpy(b)) for kind, (a, b) in nodes.items()}

    def until_best(self, validation: PeopleValidation, progress: Progress) -> tuple[int, float]:
        """Learns until the validation stops rising: the number of rounds at its best, and the value there."""
        best, best_round, at_best = -np.inf, 0, self.average
        hops = sum(len(route.hops) for route in self.stage.routes)
        if self.pace.sample is not None:  # first hops go along the batch's own edges, last hops to the sample
            hops = sum(len(route.hops) - 1 for route in self.stage.routes)
        work = self.weights.nnz * hops * self.pace.batch * ROUND_STEPS
        most = max(1, min(self.pace.rounds, int(MOST_WORK / max(work, 1))))
        for n in range(1, most + 1):
            progress(n / most, f"choosing how long to learn strengths, round {n}, best so far {best_round}")
            self.round()
            value = self.value(validation)
            if value > best:
                best, best_round, at_best = value, n, copy.deepcopy(self.average)
            elif n - best_round >= PATIENCE:
                break
        self.average = at_best
        return best_round, best

    def value(self, validation: PeopleValidation) -> float:
        """What the search for parameters values, of what is kept."""
        rows, level = self.first[validation.users], self.level[validation.users]
        columns = np.repeat(np.arange(rows.shape[0], dtype=np.int64), np.diff(rows.indptr))
        people = histories_of(rows.indices.astype(np.int64), columns, rows.data, level.data, rows.shape[0])
        with torch.no_grad():
            parts = self.average(self.stage, people)
        signs = {key: self._sign(key) for key in parts}
        return validation.cases.value({k: (x * signs[k]).T.contiguous() for k, x in parts.items()}, signs)

    def strengths(self) -> Strengths:
        """What was learnt, as float64 factors."""
        net, stage = self.average, self.stage
        with torch.no_grad():
            v = net.vectors
            arriving = torch.exp(stage.pattern.products(v["u1"], v["i1"])).numpy().astype(np.float64)
            leaving = torch.exp(stage.pattern.products(v["u2"], v["i2"])).numpy().astype(np.float64)
            values = torch.exp(net.values).numpy().astype(np.float64)
            gates: dict[str, FloatArray] = {}
            for key, kinds in net.layers.items():
                for layer in range(len(kinds)):
                    gates[f"{key}/{layer}"] = net.gate(key, layer)[:, 0].numpy().astype(np.float64)
                gates[f"{key}/0"] *= float(torch.exp(net.weight[key]))
        pairs = sparse.csr_matrix(
            (np.ones(self.weights.nnz), self.weights.indices, self.weights.indptr), shape=self.weights.shape
        )
        return Strengths(pairs, arriving, leaving, self.bounds, values, gates)


def histories_of(items: IntArray, columns: IntArray, start: FloatArray, level: IntArray, n: int) -> Histories:
    return Histories(
        torch.from_numpy(items),
        torch.from_numpy(columns),
        torch.from_numpy(start.astype(np.float32)),
        torch.from_numpy(level.astype(np.int64)),
        n,
    )
