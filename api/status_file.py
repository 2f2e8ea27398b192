"""The last cycle's report, status.json: read for a caller, judged against the clock.

Ages and staleness depend on the clock and so are not in a snapshot. Sentences about a
cycle as a whole may name any store; who may not see all of them does not get them.
"""

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel

from api.callers import Caller
from api.schemas import Stale
from api.schemas_status import (
    Backfill,
    Check,
    Cycle,
    Deferral,
    FailedCheck,
    Failure,
    Verdict,
)

LOGGER = logging.getLogger("api")
CYCLES_UNTIL_LATE, CYCLES_UNTIL_STALE = 2, 4
WITHHELD = "Keys that may see all stores are told more."


class _Level(BaseModel):
    level: str
    newest_read_at: AwareDatetime | None
    newest_day: str | None
    today_read_at: AwareDatetime | None


class _Listing(BaseModel):
    object_type: str
    newest_listed_at: AwareDatetime | None
    newest_whole_at: AwareDatetime | None


class ReportedAccount(BaseModel):
    """An account in status.json."""

    store: str
    account_id: str
    currency: str | None
    timezone: str | None
    last_read_at: AwareDatetime | None
    levels: list[_Level]
    objects: list[_Listing]
    backfill: Backfill | None
    held_back_days: int = 0
    deferred: list[Deferral] = []
    failures: list[Failure]


class _ReportedStale(BaseModel):
    since: AwareDatetime | None
    why: str


class Report(BaseModel):
    """What status.json holds."""

    written_at: AwareDatetime
    interval_seconds: int
    cycle: Cycle | None
    stale: _ReportedStale | None
    failed_checks: list[FailedCheck]
    accounts: list[ReportedAccount]


@dataclass(frozen=True)
class StatusFile:
    """Whether status.json could be read, and what it says."""

    state: Literal["ok", "missing", "unreadable"]
    report: Report | None

    def accounts(self, store: str | None) -> list[ReportedAccount]:
        """The accounts of a store, or of all."""
        if self.report is None:
            return []
        return [one for one in self.report.accounts if store in (None, one.store)]


def read_status(data_dir: Path, caller: Caller) -> StatusFile:
    """The last cycle's report, of the caller's stores.

    A missing or unreadable one is told as such.
    """
    try:
        document = json.loads((data_dir / "status.json").read_bytes())
        return StatusFile("ok", _seen_by(caller, Report.model_validate(document)))
    except FileNotFoundError:
        return StatusFile("missing", None)
    except (OSError, ValueError, RecursionError) as error:
        LOGGER.error("status.json cannot be read: %s", error)
        return StatusFile("unreadable", None)


def _seen_by(caller: Caller, report: Report) -> Report:
    if caller.stores is None:
        return report
    stale, cycle = report.stale, report.cycle
    return report.model_copy(
        update={
            "stale": stale
            and stale.model_copy(
                update={"why": f"The last cycle did not publish. {WITHHELD}"}
            ),
            "cycle": cycle
            and cycle.model_copy(
                update={
                    "steps": [
                        step.model_copy(update={"detail": None}) for step in cycle.steps
                    ]
                }
            ),
            "failed_checks": [
                FailedCheck(check=failed.check, message=WITHHELD)
                for failed in report.failed_checks
            ],
            "accounts": [one for one in report.accounts if caller.sees(one.store)],
        }
    )


def staleness(
    status: StatusFile, store: str | None, published_at: datetime | None, now: datetime
) -> Stale | None:
    """Since when and why the data is too old; None where it is not.

    The last cycle's own word comes first; then any account of the store that was not
    read for four cycles, by the clock.
    """
    if status.report is None:
        return Stale(
            since=published_at,
            why=f"status.json is {status.state}: nothing is known of the cycles since.",
        )
    if status.report.stale is not None:
        return Stale(since=status.report.stale.since, why=status.report.stale.why)
    for account in status.accounts(store):
        if account.last_read_at is None:
            return Stale(
                since=None, why=f"Account {account.account_id} was never read."
            )
        if _is_old(account.last_read_at, status.report.interval_seconds, now):
            return Stale(
                since=account.last_read_at,
                why=(
                    f"Account {account.account_id} was last read then, longer ago than "
                    f"{CYCLES_UNTIL_STALE} cycles of "
                    f"{status.report.interval_seconds} s."
                ),
            )
    return None


def is_late(status: StatusFile, now: datetime) -> bool:
    """Whether an account, or the last report, is older than two cycles by the clock."""
    report = status.report
    if report is None:
        return True
    read_at = [account.last_read_at for account in report.accounts]
    return any(
        moment is None
        or _is_old(moment, report.interval_seconds, now, CYCLES_UNTIL_LATE)
        for moment in (report.written_at, *read_at)
    )


def next_turn(status: StatusFile, now: datetime) -> datetime | None:
    """The next moment behind which an account is too old; None where there is none."""
    if status.report is None:
        return None
    limit = _age_limit(status.report.interval_seconds)
    turns = [
        account.last_read_at + limit
        for account in status.report.accounts
        if account.last_read_at is not None
    ]
    return min((turn for turn in turns if turn >= now), default=None)


def age_seconds(moment: datetime | None, now: datetime) -> int | None:
    """Whole seconds from a moment until now; None where there is no moment."""
    return None if moment is None else int((now - moment).total_seconds())


def freshness_checks(
    status: StatusFile, store: str | None, now: datetime
) -> list[Check]:
    """The first check, freshness and backfill, of each account."""
    if status.report is None:
        evidence = f"status.json is {status.state}: how fresh the data is is not known."
        return [_check(None, "not_comparable", evidence, "Run `pathways run`.")]
    interval = status.report.interval_seconds
    return [_judged(account, interval, now) for account in status.accounts(store)]


def _judged(account: ReportedAccount, interval_seconds: int, now: datetime) -> Check:
    if account.last_read_at is None:
        return _check(account, "fail", "It was never read.", "Run `pathways doctor`.")
    facts = [f"Last read {age_seconds(account.last_read_at, now)} s ago."]
    verdict: Verdict = "ok"
    fix = None
    if account.backfill is not None and not account.backfill.is_complete:
        facts.append(
            f"{account.backfill.days_missing} older days are not read yet "
            f"({account.backfill.oldest_missing} to {account.backfill.newest_missing})."
        )
        verdict, fix = (
            "warn",
            "The next cycles read them; until then old days may differ.",
        )
    if account.held_back_days:
        facts.append(
            f"The last reading of {account.held_back_days} days lost too much to be "
            "believed; what was known before still holds."
        )
        verdict, fix = "warn", "The next cycle's reading decides."
    for later in account.deferred:
        facts.append(f"[{later.code}] {later.message}")
        verdict, fix = "warn", "The next cycles go on when Meta allows it."
    if _is_old(account.last_read_at, interval_seconds, now):
        verdict, fix = (
            "fail",
            "Run `pathways run` and see that `pathways schedule` runs.",
        )
    for failure in account.failures:
        facts.append(f"[{failure.code}] {failure.message}")
        verdict, fix = "fail", failure.hint
    return _check(account, verdict, " ".join(facts), fix)


def _is_old(
    moment: datetime,
    interval_seconds: int,
    now: datetime,
    cycles: int = CYCLES_UNTIL_STALE,
) -> bool:
    return now - moment > _age_limit(interval_seconds, cycles)


def _age_limit(interval_seconds: int, cycles: int = CYCLES_UNTIL_STALE) -> timedelta:
    return cycles * timedelta(seconds=interval_seconds)


def _check(
    account: ReportedAccount | None, verdict: Verdict, evidence: str, fix: str | None
) -> Check:
    return Check(
        step=1,
        check="freshness_and_backfill",
        store=account.store if account else None,
        account_id=account.account_id if account else None,
        verdict=verdict,
        evidence=evidence,
        fix=fix,
    )
