"""The one door: everything that pages and the command line may ask, joined from the parts in explain.desk."""

from __future__ import annotations

from explain.desk.audit_runs import AuditRuns
from explain.desk.keeping import Keeping
from explain.desk.many import Many
from explain.desk.measuring import Measuring
from explain.desk.proof import Proving
from explain.desk.ready import Ready


class Workbench(Ready, Keeping, Many, Measuring, AuditRuns, Proving):
    """Cheap to make; graphs, models and lists are loaded when first asked for and kept for the life of the object."""
