"""The workbench: lists, why one item has the score that it has, and the same by other units and over many."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Unpack

import numpy as np

from core.errors import OptionError
from core.files import JsonObject
from core.models.base import default_model
from core.progress import Progress, no_progress, portion
from core.ranking import rank_of
from explain.explanation.edges import explain_edges
from explain.explanation.evidence import evidence
from explain.explanation.explain import explain
from explain.explanation.features import explain_features
from explain.explanation.moments import leaves_at
from explain.explanation.moments import since as since_then
from explain.export.explanation_file import explanation_html, record
from explain.export.explanations_table import write_explanations
from explain.export.lists_table import check_writable, scores_of, write_lists
from explain.format.dates import minute
from explain.results.attribution import EdgeExplanation, FeatureExplanation
from explain.results.explanation import Evidence, Explanation, Since
from explain.results.item_view import ItemView, ListView
from explain.results.lists import Example, Recommendation
from explain.workbench.notes import NoteService, person_key
from explain.workbench.question import Question, Whom
from explain.workbench.session import Session, list_length
from explain.workbench.whatif import WhatIfService
from explain.workspace.audience import item_view, list_view
from explain.workspace.example import find_example
from explain.workspace.preference import newest, preferred

MAX_PATHS = 1_000


class ExplanationService:
    """One list, one score, and everything that stands behind them.

    `whom`: see question.Whom; k is the length of a list. All raise UnknownIdError, NotReadyError,
    OptionError.
    """

    def __init__(self, session: Session, whatif: WhatIfService, notes: NoteService) -> None:
        self.session, self.whatif, self.notes = session, whatif, notes

    def example(self, workspace: str) -> Example:
        """A pair worth looking at first, of the model that is shown first; found once a snapshot. Raises NotReadyError
        before an exact model is fitted.
        """
        loaded = self.session.workspace(workspace)
        first = preferred(newest(loaded.store.snapshots(workspace), loaded.prepared))
        manifest = loaded.manifest(first or default_model())
        key = f"example-{manifest.snapshot}"
        stored = self.session.store.read_result(workspace, key)
        if stored is not None:
            return Example(**stored)
        example = find_example(loaded, loaded.model(manifest))
        self.session.store.write_result(workspace, key, asdict(example))
        return example

    def recommend(
        self,
        workspace: str,
        model: str,
        *,
        k: int | None = None,
        reasons: bool = False,
        **whom: Unpack[Whom],
    ) -> Recommendation:
        """The best k (usually 10) items a person lacks, with the main reason of each where asked."""
        k = list_length(self.session.workspace(workspace), k, 10)
        question = self.session.open(workspace, model, **whom)
        items = question.workspace.ranked(question.model, question.position, k, reasons=reasons)
        return Recommendation(question.manifest.snapshot, model, workspace, question.user, items)

    def recommend_all(
        self,
        workspace: str,
        model: str,
        out: Path,
        *,
        k: int | None = None,
        heldout: bool = False,
        split: str = "last",
        seed: int = 0,
        at: int | None = None,
        progress: Progress = no_progress,
    ) -> int:
        """Everybody's best k as Parquet (user, rank, item, score); the number of rows. Written whole or not at all."""
        loaded = self.session.workspace(workspace, at)
        k = list_length(loaded, k)
        check_writable(out)
        if heldout:
            if at is not None:
                raise OptionError("Lists of a refit are those of its split: leave out --at, or take --fit full.")
            run = self.session.refit(loaded, model, split, seed, k, progress)
            lists, scores = run.lists[:, :k], run.scores[:, :k]
        else:
            manifest = loaded.manifest(model)
            lists = loaded.lists(manifest, k, progress)
            scores = scores_of(loaded.model(manifest), lists)
        return write_lists(loaded.graph, lists, scores, out)

    def why(
        self,
        workspace: str,
        model: str,
        item: str,
        *,
        paths: int = 20,
        against: str | None = None,
        k: int | None = None,
        since: int | None = None,
        **whom: Unpack[Whom],
    ) -> Explanation:
        """Why this item has this score for this person; k is usually 10.

        paths    how many single walks are listed     against  another item that it is compared with
        since    an earlier moment that it is compared with, seconds UTC: then it is also told when it leaves the list
        """
        if not 0 <= paths <= MAX_PATHS:
            raise OptionError(f"paths must lie between 0 and {MAX_PATHS:,}; {paths:,} was asked for.")
        loaded = self.session.workspace(workspace, whom.get("at"))
        loaded.manifest(model, whom.get("snapshot"))
        target = loaded.graph.items.index(item)
        other = None if against is None else loaded.graph.items.index(against)
        question = self.session.open(workspace, model, **whom)
        answer = explain(
            question.pair(target),
            snapshot=question.manifest.snapshot,
            workspace=workspace,
            n_paths=paths,
            rank=question.rank(target),
            k=list_length(question.workspace, k, 10),
            against=other,
            against_rank=None if other is None else question.rank(other),
        )
        answer = replace(answer, at=question.workspace.moment)
        if since is None:
            return answer
        then = self.session.open(workspace, model, **(whom | {"at": _earlier(question, since)}))
        return replace(
            answer, since=self._since(question, then, target), leaves_at=_leaves_at(question, answer, target)
        )

    def _since(self, now: Question, then: Question, item: int) -> Since:
        parts = [question.model.parts(question.position, item) for question in (now, then)]
        scores = float(now.scores()[item]), float(then.scores()[item])
        ranks = now.rank(item), then.rank(item)
        return since_then(
            now.workspace.names, parts[0], parts[1], at=then.workspace.graph.now, scores=scores, ranks=ranks
        )

    def evidence(
        self,
        workspace: str,
        model: str,
        item: str,
        key: str,
        **whom: Unpack[Whom],
    ) -> Evidence:
        """What stands behind a node or bundle of the picture. Raises UnknownIdError for a key that is not drawn."""
        question = self.session.open(workspace, model, **whom)
        return evidence(question.pair(question.item(item)), key)

    def graphml(self, explanation: Explanation) -> str:
        """The picture as GraphML text."""
        import networkx as nx

        from explain.charts.flow_network import path_digraph

        return "\n".join(nx.generate_graphml(path_digraph(explanation)))

    def edges(
        self,
        workspace: str,
        model: str,
        item: str,
        *,
        top: int = 20,
        **whom: Unpack[Whom],
    ) -> EdgeExplanation:
        """How much each edge of the graph carries of a score, and groups of edges: Integrated Gradients, exact."""
        question = self.session.open(workspace, model, **whom)
        return explain_edges(question.workspace.names, question.model, question.position, question.item(item), top)

    def features(
        self,
        workspace: str,
        model: str,
        item: str,
        **whom: Unpack[Whom],
    ) -> FeatureExplanation | None:
        """The score by words, topics, creator and numbers of the item; None for a model that reads none."""
        question = self.session.open(workspace, model, **whom)
        return explain_features(question.model, question.workspace.graph, question.position, question.item(item))

    def list_view(
        self,
        workspace: str,
        model: str,
        *,
        k: int | None = None,
        **whom: Unpack[Whom],
    ) -> ListView:
        """Why a list as a whole: what each history item gives to each of its items."""
        question = self.session.open(workspace, model, **whom)
        loaded, k = question.workspace, list_length(question.workspace, k, 10)
        listed = loaded.ranked(question.model, question.position, k, reasons=False)
        items = [question.item(entry.item) for entry in listed]
        return list_view(loaded, question.model, question.position, items, [entry.score for entry in listed])

    def item_view(
        self,
        workspace: str,
        model: str,
        item: str,
        *,
        k: int | None = None,
        snapshot: str | None = None,
        at: int | None = None,
        progress: Progress = no_progress,
    ) -> ItemView:
        """Who gets an item in their first k, through which history items and relations, and of which
        cohorts they are.
        """
        loaded = self.session.workspace(workspace, at)
        k, target = list_length(loaded, k), loaded.graph.items.index(item)
        manifest = loaded.manifest(model, snapshot)
        lists = loaded.lists(manifest, k, portion(progress, 0.0, 0.9))
        view = item_view(loaded, loaded.model(manifest), manifest.snapshot, lists, target)
        progress(1.0, "read")
        return view

    def explain_all(
        self,
        workspace: str,
        model: str,
        out: Path,
        *,
        k: int | None = None,
        snapshot: str | None = None,
        at: int | None = None,
        progress: Progress = no_progress,
    ) -> int:
        """The parts of everybody's first k as Parquet, one row a part; returns the number of explanations."""
        loaded = self.session.workspace(workspace, at)
        k = list_length(loaded, k)
        check_writable(out)
        manifest = loaded.manifest(model, snapshot)
        lists = loaded.lists(manifest, k, portion(progress, 0.0, 0.2))
        return write_explanations(loaded.graph, loaded.model(manifest), lists, out, portion(progress, 0.2, 1.0))

    def export(
        self,
        workspace: str,
        model: str,
        item: str,
        *,
        against: str | None = None,
        k: int | None = None,
        form: str = "html",
        **whom: Unpack[Whom],
    ) -> str | JsonObject:
        """An explanation with its test, its notes and its provenance: "html" as one file's text, "json" as a hashed
        record.
        """
        if form not in ("html", "json"):
            raise OptionError(f"An explanation is exported as html or json, not as '{form[:40]}'.")
        question = self.session.open(workspace, model, **whom)
        explanation = self.why(workspace, model, item, against=against, k=k, **whom)
        verified = None
        if explanation.state == "ok":
            verified = self.whatif.verified(workspace, model, item, **whom)
        notes = self.notes.listed(workspace, item=item, user=question.user, history=question.given)
        provenance = {
            "Data": f"{question.workspace.card.title} ({workspace})",
            "Data fingerprint": question.manifest.fingerprint,
            "Model": model,
            "Snapshot": question.manifest.snapshot,
            "Seed of the fit": str(question.manifest.seed),
            "Person": person_key(question.user, question.given),
            "Item": item,
        }
        if form == "json":
            return record(explanation, provenance, verified, notes)
        now = int(time.time())
        return explanation_html(explanation, generated=now, provenance=provenance, verified=verified, notes=notes)


def _earlier(question: Question, since: int) -> int:
    if since >= question.workspace.graph.now:
        raise OptionError(
            f"--since must lie before the moment that is explained, {minute(question.workspace.graph.now)}: "
            f"{minute(since)} does not."
        )
    return since


def _leaves_at(question: Question, answer: Explanation, item: int) -> int | None:
    """When the item falls out of the list if nothing more happens; None where it is not in it, or stays."""
    if not answer.surfaced:
        return None
    history, graph = question.history(), question.workspace.graph

    def listed(moment: int) -> bool:
        then = graph.later(moment)
        scores = question.model.later(moment).score(np.array([question.position]))[0]
        out = replace(history, closed=then.closed).out
        return item not in out and rank_of(scores, item, out) <= answer.k

    return leaves_at(listed, graph.now)
