"""What one load did, as a document for programs and as lines for people."""

from typing import Any

from ingest.errors import Deferred, PathwaysError
from ingest.outcome import AccountOutcome
from ingest.sync import SyncSummary


def document(summary: SyncSummary) -> dict[str, Any]:
    """The load with its accounts; bytes as received, seconds of the wall clock."""
    return {
        "load_id": summary.load_id,
        "started_at": summary.started_at.isoformat(),
        "finished_at": summary.finished_at.isoformat(),
        "seconds": round(summary.seconds, 3),
        "changed_rates": summary.changed_rates,
        "accounts": [_account(account) for account in summary.accounts],
    }


def lines(summary: SyncSummary) -> list[str]:
    """A line an account, one for all of them, then what failed and what waits."""
    accounts = summary.accounts
    found = [_line(account) for account in accounts]
    usages = [account.usage for account in accounts]
    failed = sum(usage.errors - usage.refusals for usage in usages)
    refused = sum(usage.refusals for usage in usages)
    found.append(
        f"In all {sum(usage.calls for usage in usages):,} calls ({failed:,} failed, "
        f"{refused:,} told to wait), "
        f"{sum(usage.received_bytes for usage in usages) / 1e6:,.1f} MB, "
        f"{sum(account.rows for account in accounts):,} rows, {summary.seconds:.1f} s; "
        f"{sum(usage.waited_seconds for usage in usages):.0f} s of waits."
    )
    for account in accounts:
        who = f"{account.store} act_{account.account_id}"
        found += [f"{who}: {failure}" for failure in account.failures]
        found += [f"{who}: {later}" for later in account.deferred]
        found += [f"{who}: {notice}" for notice in account.notices]
    return [*found, str(summary.rates_failure)] if summary.rates_failure else found


def _line(account: AccountOutcome) -> str:
    usage = account.usage
    waits = f", {usage.waited_seconds:.0f} s of waits" if usage.waited_seconds else ""
    return (
        f"{account.store} act_{account.account_id}: {account.windows:,} windows read, "
        f"{account.changed_windows:,} changed, {account.changed_objects:,} objects "
        f"changed, {usage.calls:,} calls, {account.pages:,} pages, {account.rows:,} "
        f"rows, {usage.received_bytes / 1e6:,.1f} MB{waits}"
    )


def _account(account: AccountOutcome) -> dict[str, Any]:
    usage = account.usage
    return {
        "store": account.store,
        "account_id": account.account_id,
        "outcome": account.word,
        "windows": account.windows,
        "changed_windows": account.changed_windows,
        "changed_objects": account.changed_objects,
        "pages": account.pages,
        "rows": account.rows,
        "calls": usage.calls,
        "failed_calls": usage.errors,
        "retries": usage.retries,
        "throttled_calls": usage.refusals,
        "bytes": usage.received_bytes,
        "waited_seconds": round(usage.waited_seconds, 1),
        "planned": [
            {"window": str(plan.window), "tier": plan.tier, "reason": plan.reason}
            for plan in account.planned
        ],
        "failures": [_problem(failure) for failure in account.failures],
        "deferred": [_deferred(later) for later in account.deferred],
        "notices": account.notices,
    }


def _deferred(later: Deferred) -> dict[str, str | None]:
    resume_at = later.resume_at.isoformat() if later.resume_at else None
    return {**_problem(later), "resume_at": resume_at}


def _problem(problem: PathwaysError) -> dict[str, str]:
    return {"code": problem.code, "message": problem.message, "hint": problem.hint}
