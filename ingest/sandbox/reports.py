"""Report jobs: made by a POST, polled, then read page by page.

A job answers as a request at once of the same parameters would have done at the moment
it was made.
"""

import re
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any, Literal, get_args

import orjson

from ingest.sandbox.errors import GraphError, unknown_field, unknown_object
from ingest.sandbox.insights import Question

Outcome = Literal["complete", "fail", "skip", "stall", "short", "unknown_first"]

_FIRST_ID = 9_100_000_000_000_001
_FACTS = frozenset(
    (
        "id",
        "account_id",
        "time_ref",
        "time_completed",
        "async_status",
        "async_percent_completion",
        "date_start",
        "date_stop",
        "error_code",
        "error_subcode",
        "error_message",
        "error_user_title",
        "error_user_msg",
        "is_running",
    )
)
_FAILED = {
    "error_code": -2,
    "error_subcode": 2490547,
    "error_message": "The report failed to run. Try again later.",
    "error_user_title": "Report failed",
    "error_user_msg": "Something went wrong while making the report.",
}
_TOO_LARGE = {
    "error_code": 100,
    "error_subcode": 1487534,
    "error_message": "Please reduce the amount of data you're asking for, then retry "
    "your request",
    "error_user_title": "Data per call limit",
    "error_user_msg": "Try a smaller date range or fewer fields.",
}


@dataclass
class Job:
    """One report. `rows` is how many it gives; `seen` how often it was polled."""

    id: str
    line: str
    question: Question
    outcome: Outcome
    rows: int
    polls: int
    error: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    is_hidden: bool = False

    @property
    def account_id(self) -> str:
        return self.question.state.account.id

    @property
    def status(self) -> str:
        """`async_status`, with the words of the API."""
        if self.outcome == "stall":
            return "Job Running"
        if self.seen < self.polls:
            return "Job Running" if self.seen else "Job Not Started"
        ends = {"fail": "Job Failed", "skip": "Job Skipped"}
        return ends.get(self.outcome, "Job Completed")

    @property
    def percent(self) -> int:
        if self.outcome == "stall":
            return 0
        if self.status == "Job Completed":
            return 100
        return 100 * min(self.seen, self.polls) // max(self.polls, 1) % 100


@dataclass
class _Plan:
    match: re.Pattern[str]
    outcome: Outcome
    left: int | None


class Reports:
    """All jobs so far. `polls` is how many times a job says that it is not done."""

    def __init__(self) -> None:
        self.polls = 2
        self._jobs: dict[str, Job] = {}
        self._plans: list[_Plan] = []
        self._numbers = count(_FIRST_ID)
        self._lock = Lock()

    def plan(self, *, match: str, outcome: Outcome, times: int | None = 1) -> None:
        """Decides how the next jobs whose line matches the pattern end.

        The line is that of the POST, as in `FaultPlan.add`. fail: `Job Failed` with its
        error; skip: `Job Skipped`; stall: 0 % for ever; short: completed, but without
        the last third of its rows; unknown_first: the first poll does not know the job.
        `times` None means for ever. Raises: ValueError for another outcome.
        """
        if outcome not in get_args(Outcome):
            raise ValueError(f"outcome must be one of {', '.join(get_args(Outcome))}.")
        with self._lock:
            self._plans.append(_Plan(re.compile(match), outcome, times))

    def clear(self) -> None:
        """Forgets what was planned; jobs stay."""
        with self._lock:
            self._plans.clear()

    def jobs(self) -> list[Job]:
        """In the order in which they were made."""
        with self._lock:
            return list(self._jobs.values())

    def create(
        self, line: str, question: Question, rows: int, row_limit: int | None
    ) -> Job:
        """A new job of `rows` rows; it will fail when they are over the limit."""
        with self._lock:
            outcome = self._outcome(line)
            error = _FAILED if outcome == "fail" else {}
            if row_limit is not None and rows > row_limit:
                outcome, error = "fail", _TOO_LARGE
            job = Job(
                id=str(next(self._numbers)),
                line=line,
                question=question,
                outcome=outcome,
                rows=rows - rows // 3 if outcome == "short" else rows,
                polls=self.polls,
                error=error,
                is_hidden=outcome == "unknown_first",
            )
            self._jobs[job.id] = job
            return job

    def find(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def polled(self, job: Job, fields: list[str]) -> bytes:
        """The job's facts at this poll. Raises: GraphError."""
        for name in fields:
            if name not in _FACTS:
                raise unknown_field(name, "AdReportRun")
        with self._lock:
            if job.is_hidden:
                job.is_hidden = False
                raise unknown_object(job.id)
            facts = _facts(job)
            job.seen += 1
        names = (
            [*fields, "id"]
            if fields
            else [name for name in facts if name != "is_running"]
        )
        return orjson.dumps({name: facts[name] for name in names if name in facts})

    def check_readable(self, job: Job) -> None:
        """Raises: GraphError while the job has no rows to give."""
        if job.status != "Job Completed":
            raise not_ready()

    def _outcome(self, line: str) -> Outcome:
        for plan in self._plans:
            if plan.left != 0 and plan.match.search(line):
                if plan.left is not None:
                    plan.left -= 1
                return plan.outcome
        return "complete"


def not_ready() -> GraphError:
    """The refusal to give rows of a job that has not completed."""
    return GraphError(
        400,
        2601,
        "(#2601) Error accessing adreport job.",
        subcode=1815107,
        title="Loading Async Query Failed",
        text="Sorry, the loading of the async query failed.",
    )


def _facts(job: Job) -> dict[str, Any]:
    spans = job.question.query.spans
    made = int(job.question.now.timestamp())
    is_over = job.status in ("Job Completed", "Job Failed", "Job Skipped")
    facts: dict[str, Any] = {
        "id": job.id,
        "account_id": job.account_id,
        "time_ref": made,
        "time_completed": made if is_over else 0,
        "async_status": job.status,
        "async_percent_completion": job.percent,
        "is_running": not is_over,
        "date_start": spans[0][0].isoformat(),
        "date_stop": spans[-1][1].isoformat(),
    }
    return facts | (job.error if job.status == "Job Failed" else {})
