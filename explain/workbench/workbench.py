"""The one door: everything that pages and the command line may ask, joined from the parts in explain.desk."""

from __future__ import annotations

from explain.workbench.audit_runs import AuditRuns
from explain.workbench.data import Ready
from explain.workbench.evaluate import Measuring
from explain.workbench.faithfulness import Proving
from explain.workbench.notes import Keeping
from explain.workbench.views import Many


class Workbench(Ready, Keeping, Many, Measuring, AuditRuns, Proving):
    """Cheap to make; graphs, models and lists are loaded when first asked for and kept for the life of the object."""
