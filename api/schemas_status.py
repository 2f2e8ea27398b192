"""The shapes of the status: freshness, backfill, failures, checks."""

from datetime import date, datetime
from typing import Literal

from api.schemas import Pinned, Shape, Stale, told

Verdict = Literal["ok", "warn", "fail", "not_comparable"]


class LevelFreshness(Shape):
    """One level of an account."""

    level: str = told("account, campaign, adset or ad.")
    newest_read_at: datetime | None = told(
        "When it was last read (UTC); null if never."
    )
    newest_read_age_seconds: int | None = told("Seconds since, at the clock.")
    newest_day: date | None = told("The newest day read.")
    today_read_at: datetime | None = told("When its today was last read (UTC).")
    today_read_age_seconds: int | None = told("Seconds since, at the clock.")


class ListingFreshness(Shape):
    """One type of objects of an account."""

    object_type: str = told("campaign, adset or ad.")
    newest_listed_at: datetime | None = told("When changes were last listed (UTC).")
    newest_listed_age_seconds: int | None = told("Seconds since, at the clock.")
    newest_whole_at: datetime | None = told("When all of them were last listed (UTC).")
    newest_whole_age_seconds: int | None = told("Seconds since, at the clock.")


class Backfill(Shape):
    """Older days that were not read yet."""

    is_complete: bool = told("Whether every day that Meta still answers for was read.")
    days_missing: int = told("Days without a reading.")
    oldest_missing: date | None = told("The oldest of them.")
    newest_missing: date | None = told("The newest of them.")
    failed_days: int = told("Days whose last reading failed.")


class Failure(Shape):
    """A failure of the last cycle."""

    code: str = told("Stable code.")
    message: str = told("What went wrong.")
    hint: str | None = told("What to do next.")
    at: datetime | None = told("When (UTC).")


class Deferral(Shape):
    """What the last cycle left to later ones, since Meta's limits asked for it."""

    code: str = told("Stable code.")
    message: str = told("What is left, and why.")
    resume_at: datetime | None = told("When Meta lets the account go on (UTC).")


class AccountFreshness(Shape):
    """An account: when it was read, and what it lacks."""

    store: str = told("The store.")
    account_id: str = told("The account, its digits.")
    currency: str | None = told("The account's currency.")
    timezone: str | None = told("The account's zone.")
    last_read_at: datetime | None = told("When anything of it was last read (UTC).")
    last_read_age_seconds: int | None = told("Seconds since, at the clock.")
    levels: list[LevelFreshness] = told("Its levels.")
    objects: list[ListingFreshness] = told("Its listings of objects.")
    backfill: Backfill | None = told("Its backfill.")
    held_back_days: int = told(
        "Days whose last reading lost too much to be believed; older numbers hold."
    )
    deferred: list[Deferral] = told("What the last cycle left to later ones.")
    failures: list[Failure] = told("Failures of the last cycle.")


class Step(Shape):
    """One step of a cycle."""

    step: str = told("load, build, audit, publish, backfill, pin or prune.")
    outcome: str = told("ok, failed or skipped.")
    seconds: float | None = told("How long it took, seconds.")
    detail: str | None = told("What it did.")


class Cycle(Shape):
    """The last cycle."""

    started_at: datetime = told("When it began (UTC).")
    finished_at: datetime | None = told("When it ended (UTC).")
    outcome: str = told("ok or failed.")
    exit_code: int = told("Its exit code.")
    steps: list[Step] = told("Its steps, in order.")


class FailedCheck(Shape):
    """A check that kept a build from being published."""

    check: str = told("Its name.")
    message: str = told("What it found.")


class Check(Shape):
    """One check, in the order in which to look when two numbers differ."""

    step: int | None = told(
        "1 freshness and backfill, 2 table parity, 3 status filters, 4 hierarchy; null "
        "for further checks."
    )
    check: str = told(
        "freshness_and_backfill, level_parity, country_conservation, status_mix, "
        "hierarchy or a further one."
    )
    store: str | None = told("The store; null where nothing is known of any.")
    account_id: str | None = told("The account; null for a store as a whole.")
    verdict: Verdict = told("ok, warn, fail or not_comparable.")
    evidence: str = told("What the verdict rests on.")
    fix: str | None = told("What to do; null where there is nothing.")


class Status(Shape):
    """How fresh the data is, what is missing and what is wrong."""

    status_file: Literal["ok", "missing", "unreadable"] = told(
        "Whether the last cycle's report could be read; the rest of it is null if not."
    )
    written_at: datetime | None = told("When that report was written (UTC).")
    snapshot_id: str | None = told("The snapshot being served; null without one.")
    published_at: datetime | None = told("When that was published (UTC).")
    interval_seconds: int | None = told("Seconds from one cycle to the next.")
    stale: Stale | None = told("Null, or since when and why the data is too old.")
    pinned: Pinned | None = told("Null, or since when and why a rollback holds.")
    cycle: Cycle | None = told("The last cycle.")
    accounts: list[AccountFreshness] = told("Freshness per account and level.")
    failed_checks: list[FailedCheck] = told("Checks that stopped the last publishing.")
    checks: list[Check] = told("The checks in order, per account.")
