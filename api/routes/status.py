"""How fresh the data is, what is missing and wrong; answers without a snapshot too."""

from contextlib import ExitStack
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.answers import meta, stale_now
from api.auth import WhoAsks
from api.callers import unknown_store
from api.dependencies import Moment, OpenSnapshots, UsedSettings
from api.errors import NoData, SnapshotUnusable
from api.params import StoreQuery
from api.schemas import Answer, Meta, Stale
from api.schemas_status import AccountFreshness, Check, Status
from api.snapshots import Reader, Row
from api.status_file import (
    ReportedAccount,
    age_seconds,
    freshness_checks,
    read_status,
)

router = APIRouter(prefix="/v1", tags=["status"])

# The order in which to look when two numbers differ.
STEP_OF = {
    "level_parity": 2,
    "country_conservation": 2,
    "status_mix": 3,
    "hierarchy": 4,
}


@router.get("/status", summary="Freshness, backfill, failures and checks")
def status(
    asked: Annotated[StoreQuery, Query()],
    caller: WhoAsks,
    snapshots: OpenSnapshots,
    settings: UsedSettings,
    now: Moment,
) -> Answer[Status]:
    with ExitStack() as stack:
        reader: Reader | None = None
        no_snapshot = ""
        try:
            reader = stack.enter_context(snapshots.reading(caller))
        except (NoData, SnapshotUnusable) as error:
            no_snapshot = error.message
        file = read_status(settings.data_dir, caller)
        accounts = file.accounts(asked.store)
        stores = reader.rows("stores", {"store": asked.store}) if reader else []
        if asked.store is not None and not accounts and not stores:
            raise unknown_store(asked.store)
        if reader:
            checks = _checks(reader.rows("status_checks", {"store": asked.store}))
            about = meta(settings, reader, now, stores)
        else:
            checks = _no_checks(no_snapshot)
            stale, warnings = stale_now(settings, caller, None, asked.store, now)
            about = _meta_without_snapshot(now, stale, [*warnings, no_snapshot])
        checks = [*freshness_checks(file, asked.store, now), *checks]
        report = file.report
        return Answer(
            data=Status(
                status_file=file.state,
                written_at=report.written_at if report else None,
                snapshot_id=reader.snapshot_id if reader else None,
                published_at=reader.published_at if reader else None,
                interval_seconds=report.interval_seconds if report else None,
                stale=about.stale,
                pinned=about.pinned,
                cycle=report.cycle if report else None,
                accounts=[_account(account, now) for account in accounts],
                failed_checks=report.failed_checks if report else [],
                checks=checks,
            ),
            meta=about,
        )


def _meta_without_snapshot(
    now: datetime, stale: Stale | None, warnings: list[str]
) -> Meta:
    return Meta(
        snapshot_id=None,
        data_through=None,
        generated_at=now,
        currency=None,
        timezone=[],
        status_filter=None,
        coverage=None,
        partial_days=[],
        stale=stale,
        as_of=None,
        pinned=None,
        warnings=warnings,
        next_cursor=None,
        window=None,
    )


def _checks(rows: list[Row]) -> list[Check]:
    order = list(STEP_OF)
    rows = sorted(
        rows,
        key=lambda row: (
            order.index(row["check_name"])
            if row["check_name"] in STEP_OF
            else len(order)
        ),
    )
    return [
        Check(
            check=row["check_name"], step=STEP_OF.get(row["check_name"]), **_told(row)
        )
        for row in rows
    ]


def _told(row: Row) -> dict[str, Any]:
    names = ("store", "account_id", "verdict", "evidence", "fix")
    return {name: row[name] for name in names}


def _no_checks(why: str) -> list[Check]:
    return [
        Check(
            step=step,
            check=name,
            store=None,
            account_id=None,
            verdict="not_comparable",
            evidence=why,
            fix="Run `pathways run`.",
        )
        for name, step in STEP_OF.items()
    ]


def _account(account: ReportedAccount, now: datetime) -> AccountFreshness:
    return AccountFreshness.model_validate(
        {
            **account.model_dump(),
            "last_read_age_seconds": age_seconds(account.last_read_at, now),
            "levels": [
                {
                    **level.model_dump(),
                    "newest_read_age_seconds": age_seconds(level.newest_read_at, now),
                    "today_read_age_seconds": age_seconds(level.today_read_at, now),
                }
                for level in account.levels
            ],
            "objects": [
                {
                    **listing.model_dump(),
                    "newest_listed_age_seconds": age_seconds(
                        listing.newest_listed_at, now
                    ),
                    "newest_whole_age_seconds": age_seconds(
                        listing.newest_whole_at, now
                    ),
                }
                for listing in account.objects
            ],
        }
    )
