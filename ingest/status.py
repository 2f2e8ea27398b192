"""`status.json`: what the last cycle did and how fresh each account is.

Replaced at the end of every cycle, failed ones too, so that readers can say stale,
since when and why, even while nothing new is published.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Literal

from ingest import by_hand, planner, pointer, snapshots
from ingest.errors import PathwaysError
from ingest.fields import LEVELS, OBJECT_TYPES
from ingest.files import read_json, write_json
from ingest.ledger import Ledger, Listing, read_ledger
from ingest.settings import Settings
from ingest.sync import SyncSummary, history_days_missing

VERSION = 1
Outcome = Literal["ok", "failed", "skipped"]


@dataclass
class Step:
    """One step of a cycle. `detail` is a sentence for people."""

    step: str
    outcome: Outcome = "ok"
    seconds: float = 0.0
    detail: str = ""


@dataclass
class CycleReport:
    """What one cycle did. The exit code is 0, 1 after a failure, 3 after a surprise."""

    started_at: datetime
    finished_at: datetime | None = None
    steps: list[Step] = field(default_factory=list)
    syncs: list[SyncSummary] = field(default_factory=list)
    problems: list[PathwaysError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        worst = max((sync.exit_code for sync in self.syncs), default=0)
        return max(worst, 1 if self.problems else 0)


def write_status(settings: Settings, report: CycleReport, interval: int) -> None:
    """Write the state of everything after a cycle."""
    data_dir = settings.data_dir
    now = settings.clock()
    ledger = read_ledger(data_dir, now, planner.oldest_doubted(now))
    before = read_json(data_dir / "status.json") or {}
    accounts = _accounts(settings, ledger, report.syncs)
    # Whoever rolls back meanwhile waits, and has the last word on what is read.
    with pointer.replacing(data_dir):
        published = snapshots.current(data_dir)
        document = {
            "version": VERSION,
            "written_at": settings.clock().isoformat(),
            "snapshot_id": published.snapshot_id if published else None,
            "pinned": by_hand.told(pointer.pin(data_dir)),
            "interval_seconds": interval,
            "cycle": {
                "started_at": report.started_at.isoformat(),
                "finished_at": _iso(report.finished_at),
                "outcome": "failed" if report.exit_code else "ok",
                "exit_code": report.exit_code,
                "steps": [asdict(step) for step in report.steps],
            },
            "stale": _stale(report, before.get("stale")),
            "failed_checks": [
                {"check": problem.code, "message": problem.message}
                for problem in report.problems
            ],
            "accounts": accounts,
        }
        write_json(data_dir / "status.json", document)


def _stale(report: CycleReport, before: object) -> object:
    """Since when and why readers get older data than was read; else None."""
    if not report.problems:
        return None
    why = "; ".join(problem.message for problem in report.problems)
    since = before.get("since") if isinstance(before, dict) else None
    return {"since": since or report.started_at.isoformat(), "why": why}


def _accounts(
    settings: Settings, ledger: Ledger, syncs: Sequence[SyncSummary]
) -> list[dict[str, object]]:
    missing = history_days_missing(settings, ledger)
    failures: dict[str, list[dict[str, object]]] = {}
    deferred: dict[str, list[dict[str, object]]] = {}
    for sync in syncs:
        for outcome in sync.accounts:
            deferred.setdefault(outcome.account_id, []).extend(
                {
                    "code": later.code,
                    "message": later.message,
                    "resume_at": _iso(later.resume_at),
                }
                for later in outcome.deferred
            )
            failures.setdefault(outcome.account_id, []).extend(
                {
                    "code": failure.code,
                    "message": failure.message,
                    "hint": failure.hint,
                    "at": sync.finished_at.isoformat(),
                }
                for failure in outcome.failures
            )
    return [
        {
            "store": store,
            "account_id": account_id,
            **_freshness(account_id, ledger),
            "backfill": _backfill(account_id, missing.get(account_id), ledger),
            "held_back_days": _held_back_days(account_id, ledger),
            "deferred": deferred.get(account_id, []),
            "failures": failures.get(account_id, []),
        }
        for store, store_settings in settings.meta.stores.items()
        for account_id in store_settings.accounts
    ]


def _freshness(account_id: str, ledger: Ledger) -> dict[str, object]:
    account = ledger.accounts.get(account_id)
    levels = []
    for level in LEVELS:
        days = {
            day: moment
            for (owner, of_level, day), moment in ledger.visible.items()
            if (owner, of_level) == (account_id, level)
        }
        newest_day = max(days, default=None)
        levels.append(
            {
                "level": level,
                "newest_read_at": _iso(max(days.values(), default=None)),
                "newest_day": str(newest_day) if newest_day else None,
                "today_read_at": _iso(days[newest_day]) if newest_day else None,
            }
        )
    objects = []
    for object_type in OBJECT_TYPES:
        listing = ledger.listings.get((account_id, object_type), Listing.never())
        objects.append(
            {
                "object_type": object_type,
                "newest_listed_at": _iso(listing.newest_at),
                "newest_whole_at": _iso(listing.newest_whole_at),
            }
        )
    read_at = [
        reading.requested_at
        for (owner, *_), reading in ledger.readings.items()
        if owner == account_id
    ]
    read_at += [
        moment for (owner, *_), moment in ledger.visible.items() if owner == account_id
    ]
    return {
        "currency": account.currency if account else None,
        "timezone": account.timezone_name if account else None,
        "last_read_at": _iso(max(read_at, default=None)),
        "levels": levels,
        "objects": objects,
    }


def _backfill(
    account_id: str, missing: list[date] | None, ledger: Ledger
) -> dict[str, object]:
    """How much history is missing; nothing is known of an account never read."""
    days = missing or []
    return {
        "is_complete": missing == [],
        "days_missing": None if missing is None else len(days),
        "oldest_missing": str(min(days)) if days else None,
        "newest_missing": str(max(days)) if days else None,
        "failed_days": sum((account_id, day) in ledger.failed_days for day in days),
    }


def _held_back_days(account_id: str, ledger: Ledger) -> int:
    """Days that lost too much to be believed before a second reading."""
    return len(
        {
            day
            for (owner, *_, day), reading in ledger.readings.items()
            if owner == account_id and reading.held_back is not None
        }
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
