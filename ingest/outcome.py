"""What one run did for one account."""

from dataclasses import dataclass, field
from datetime import datetime

from ingest.errors import Deferred, PathwaysError, TimeUp
from ingest.graph_client import Usage
from ingest.planner import PlannedWindow


@dataclass
class AccountOutcome:
    """What one run did for one account.

    Attributes:
        notices: what an operator should know though nothing failed, as sentences.
        deferred: what is left to later runs, since Meta's limits or the time said so.
        server_time: what Meta said of the time while the objects were listed.
        is_broken_off: it failed in a way that the next request would fail as well.
    """

    store: str
    account_id: str
    failures: list[PathwaysError] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    deferred: list[Deferred] = field(default_factory=list)
    planned: list[PlannedWindow] = field(default_factory=list)
    windows: int = 0
    changed_windows: int = 0
    changed_objects: int = 0
    pages: int = 0
    rows: int = 0
    server_time: datetime | None = None
    is_broken_off: bool = False
    usage: Usage = field(default_factory=Usage)

    @property
    def can_go_on(self) -> bool:
        """Whether another request for the account makes sense in this run."""
        return not self.is_broken_off and not self.deferred

    @property
    def is_refused(self) -> bool:
        """Whether its next request would fail or have to wait in this run as well."""
        is_told = any(left.resume_at is not None for left in self.deferred)
        # Time that was up is no refusal: another load has its own.
        has_failed = any(failure.code != TimeUp.code for failure in self.failures)
        return is_told or (self.is_broken_off and has_failed)

    @property
    def word(self) -> str:
        """`failed`, `deferred` or `ok`."""
        return "failed" if self.failures else "deferred" if self.deferred else "ok"

    def note(self, problem: PathwaysError) -> None:
        """Remember a problem as what it is: a failure, or something for later."""
        if isinstance(problem, Deferred):
            self.deferred.append(problem)
        elif str(problem) not in map(str, self.failures):
            self.failures.append(problem)
