"""The one door: everything that pages and commands may ask, a service for each subject over one session."""

from __future__ import annotations

from pathlib import Path

from explain.workbench.audits import AuditService
from explain.workbench.blind_test import BlindTestService
from explain.workbench.data import DataService
from explain.workbench.evaluate import EvaluationService
from explain.workbench.explain import ExplanationService
from explain.workbench.exposure import ExposureService
from explain.workbench.faithfulness import FaithfulnessService
from explain.workbench.models import ModelService
from explain.workbench.notes import NoteService
from explain.workbench.over_time import OverTimeService
from explain.workbench.records import RecordService
from explain.workbench.rules import RuleService
from explain.workbench.session import Session
from explain.workbench.whatif import WhatIfService


class Workbench:
    """Cheap to make; graphs, models and lists are loaded when first asked for.

    home  the state folder; SURFACED_HOME or .surfaced where None
    """

    def __init__(self, home: Path | None = None) -> None:
        self.session = session = Session(home)
        self.data = DataService(session)
        self.models = ModelService(session)
        self.whatif = WhatIfService(session)
        self.notes = NoteService(session)
        self.explain = ExplanationService(session, self.whatif, self.notes)
        self.evaluate = EvaluationService(session)
        self.exposure = ExposureService(session)
        self.over_time = OverTimeService(session)
        self.rules = RuleService(session)
        self.records = RecordService(session)
        self.audits = AuditService(session, self.exposure, self.rules, self.records)
        self.blind_test = BlindTestService(session)
        self.faithfulness = FaithfulnessService(session)
