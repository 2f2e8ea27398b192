"""A whole cycle: load, build, audit, publish, then history, in that order.

A step that fails leaves what is served as it is; the next steps run where they still
make sense, and `status.json` is written whatever happened.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from ingest import by_hand, pointer, snapshots
from ingest.audit import audit_build
from ingest.build import dbt_build, project_hash
from ingest.disk import disk_full
from ingest.ending import time_limit
from ingest.errors import PathwaysError, StepEnded
from ingest.failpoints import reached
from ingest.lock import exclusive
from ingest.pruning import prune
from ingest.rollback import look_at
from ingest.settings import Settings
from ingest.status import CycleReport, Step, write_status
from ingest.sync import (
    SyncOptions,
    SyncSummary,
    history_missing,
    sync_all_history,
    sync_fresh,
)
from ingest.warehouse import changed_since, newest_load_id

logger = logging.getLogger(__name__)

INTERVAL = timedelta(minutes=15)
BACKFILL_MINUTES = 10.0
# Beyond what a step may take of itself: then it hangs, and the next run is better.
LONGEST_STEP_SECONDS = 1800.0


def run_cycle(
    settings: Settings,
    backfill_minutes: float = BACKFILL_MINUTES,
    interval: timedelta = INTERVAL,
    options: SyncOptions | None = None,
    accepts_loss: bool = False,
) -> CycleReport:
    """Run one cycle under the lock; what it did.

    Args:
        accepts_loss: publish although settled days lost much.

    Raises:
        LockHeld: another run works on this data folder.
        ConfigError: no store, or a store without a token.
    """
    settings.require_stores()
    with exclusive(settings.data_dir, "run", settings.clock()):
        report = CycleReport(settings.clock())
        cycle = _Cycle(settings, report, options or SyncOptions(), accepts_loss)
        try:
            cycle.step("load", cycle.load, settings.meta.load_seconds)
            cycle.refresh()
            seconds = backfill_minutes * 60
            if cycle.step("backfill", lambda: cycle.backfill(seconds), seconds):
                cycle.refresh()
            cycle.look_at_pin()
            cycle.step("prune", cycle.prune)
        finally:
            report.finished_at = settings.clock()
            write_status(settings, report, int(interval.total_seconds()))
            reached("status.written")
        return report


class _Cycle:
    """The steps of one cycle."""

    def __init__(
        self,
        settings: Settings,
        report: CycleReport,
        options: SyncOptions,
        accepts_loss: bool,
    ) -> None:
        self._settings = settings
        self._report = report
        self._options = options
        self._accepts_loss = accepts_loss

    def step(self, name: str, work: Callable[[], str], may_take: float = 0.0) -> bool:
        """Do a step and note it; whether it ended well.

        Args:
            may_take: seconds that the step itself is meant to take at most.
        """
        step = Step(name)
        self._report.steps.append(step)
        started = time.monotonic()
        self._options.progress.working(name)
        try:
            with time_limit(name, LONGEST_STEP_SECONDS + may_take):
                step.detail = work()
        except PathwaysError as problem:
            self._failed(step, problem)
        except BaseException as end:
            full = disk_full(end, self._settings.data_dir)
            self._failed(step, full or _ended(name, end))
            if full is None:
                raise
        finally:
            step.seconds = round(time.monotonic() - started, 3)
            self._options.progress.working("")
        return step.outcome == "ok"

    def _failed(self, step: Step, problem: PathwaysError) -> None:
        logger.error("%s failed: %s", step.step, problem)
        step.outcome, step.detail = "failed", str(problem)
        self._report.problems.append(problem)

    def load(self) -> str:
        return self._loaded(sync_fresh(self._settings, self._options))

    def backfill(self, seconds: float) -> str:
        """History, some days a load, until it is whole or the time is up."""
        refused = {
            account.account_id
            for summary in self._report.syncs
            for account in summary.accounts
            if account.is_refused
        }
        options = replace(self._options, left_alone=frozenset(refused))
        loads = 0
        for summary in sync_all_history(self._settings, options, seconds):
            self._loaded(summary)
            loads += 1
        missing = history_missing(self._settings)
        return f"{loads} loads; {missing} days of history are still missing"

    def refresh(self) -> None:
        """Build, audit and publish, unless what is published is up to date."""
        data_dir = self._settings.data_dir
        published = snapshots.last_published(data_dir)
        if newest_load_id(data_dir) is None:
            return
        if (
            published is not None
            and published.project_hash == project_hash()
            and not changed_since(data_dir, published.load_id)
            and published.is_whole()
        ):
            self._report.steps.append(
                Step("build", "skipped", detail="nothing changed")
            )
            return
        if self.step("build", self._build) and self.step("audit", self._audit):
            self.step("publish", self._publish)

    def look_at_pin(self) -> None:
        """Whether readers get what they were rolled back to."""
        data_dir = self._settings.data_dir
        pinned = pointer.pin(data_dir)
        if pinned is not None:
            self.step("pin", lambda: look_at(data_dir, pinned))

    def prune(self) -> str:
        settings = self._settings
        shelf = settings.snapshots.shelf()
        return str(prune(settings.data_dir, self._time_for_sure(), shelf))

    def _time_for_sure(self) -> datetime | None:
        """Our clock, unless it is ahead of Meta's; None where Meta said nothing.

        What is thinned out too early is lost for ever.
        """
        told = [
            account.server_time
            for summary in self._report.syncs
            for account in summary.accounts
            if account.server_time is not None
        ]
        return min(self._settings.clock(), max(told)) if told else None

    def _loaded(self, summary: SyncSummary) -> str:
        self._report.syncs.append(summary)
        windows = sum(account.windows for account in summary.accounts)
        changed = sum(account.changed_windows for account in summary.accounts)
        failed = len(summary.failures)
        deferred = sum(bool(account.deferred) for account in summary.accounts)
        later = f", {deferred} accounts to be read on later" if deferred else ""
        return f"{windows} windows read, {changed} changed, {failed} failures{later}"

    def _build(self) -> str:
        summary = dbt_build(self._settings)
        return f"{summary.models} models, {summary.tests} tests"

    def _audit(self) -> str:
        settings = self._settings
        share = None if self._accepts_loss else settings.audit.loss_share
        self._mark = audit_build(settings.data_dir, share)
        return "passed"

    def _publish(self) -> str:
        data_dir = self._settings.data_dir
        now = self._settings.clock()
        published = snapshots.publish(data_dir, now, self._mark).snapshot_id
        pinned = pointer.pin(data_dir)
        return published if pinned is None else f"{published}; {by_hand.said(pinned)}"


def _ended(name: str, end: BaseException) -> StepEnded:
    """What status.json says of a run that did not get to the end of a step."""
    told = isinstance(end, SystemExit | KeyboardInterrupt)
    why = "was told to" if told else f"an error nobody expected: {type(end).__name__}"
    return StepEnded(
        f"The run ended in {name} ({why}).",
        "The last good snapshot is still served; the next run goes on from there.",
    )
