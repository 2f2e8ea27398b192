"""Which windows to read now, with the reason of each. Pure: `now` is an argument.

The order bounds how old a number can be: today and yesterday and what a probe shows to
have changed, of every account; then days by their age; then history that was never
read, newest first.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from ingest.fields import LEVELS, Level
from ingest.windows import DateWindow, consecutive, local_day, oldest_day

Tier = Literal[
    "held_back",
    "missing",
    "split",
    "probe",
    "hourly",
    "daily",
    "third_day",
    "final",
    "backfill",
]

PROBE_DAYS = 35
_REASONS: dict[Tier, str] = {
    "held_back": "lost too much to be believed at once",
    "missing": "never read whole",
    "split": "its levels were last read in different loads",
    "probe": "its totals differ from those that are shown",
    "hourly": "today and yesterday, each hour",
    "daily": "2 to 7 days old, each day",
    "third_day": "8 to 28 days old, each third day",
    "final": "29 to 35 days old, once",
}
_URGENT: frozenset[Tier] = frozenset({"held_back", "split", "probe"})
# A cycle starts a little later than its tick; without slack "hourly" would slip to
# every fifth quarter of an hour.
SLACK = timedelta(minutes=5)
OBJECTS_WHOLE_EVERY = timedelta(days=1)
ACCOUNT_EVERY = timedelta(days=1)


@dataclass(frozen=True)
class PlannedWindow:
    """Days of one account to read at every level, in total and by country.

    Attributes:
        is_urgent: comes before what is not, of any account.
    """

    account_id: str
    window: DateWindow
    tier: Tier
    reason: str
    is_urgent: bool = False


@dataclass(frozen=True)
class AccountState:
    """What the planner knows of an account.

    Attributes:
        read_at: when each level's day was last read in total and by country.
        probed: days whose totals differ from those that are shown.
        held_back: days that lost too much to be believed at once.
        split: days of which some level failed or was left, while others were read.
    """

    account_id: str
    timezone_name: str
    created_on: date | None
    read_at: Mapping[tuple[Level, date], datetime]
    probed: frozenset[date] = frozenset()
    held_back: frozenset[date] = frozenset()
    split: frozenset[date] = frozenset()


def fresh_windows(account: AccountState, now: datetime) -> list[PlannedWindow]:
    """The days of the last five weeks that are due, one window a tier, newest first."""
    today = local_day(now, account.timezone_name)
    oldest = today - timedelta(days=PROBE_DAYS)
    if account.created_on is not None:
        oldest = max(oldest, min(account.created_on, today))
    due: dict[tuple[Tier, bool], list[date]] = {}
    for day in DateWindow(oldest, today).days():
        tier = _due_tier(account, day, today, now)
        if tier is not None:
            is_urgent = tier in _URGENT or (today - day).days <= 1
            due.setdefault((tier, is_urgent), []).append(day)
    return [
        PlannedWindow(account.account_id, window, tier, reason, is_urgent)
        for is_urgent in (True, False)
        for tier, reason in _REASONS.items()
        for window in consecutive(due.get((tier, is_urgent), ()))
    ]


def backfill_windows(
    account: AccountState, now: datetime, longest: int
) -> list[PlannedWindow]:
    """Days older than five weeks without a whole reading, newest first.

    They reach back to the account's creation or to what Meta still answers for,
    whichever is later. A day counts as read only when every level of it is.
    """
    missing = [
        day
        for day in history_days(account, now)
        if any((level, day) not in account.read_at for level in LEVELS)
    ]
    return [
        PlannedWindow(account.account_id, part, "backfill", "history never read")
        for window in consecutive(missing)
        for part in window.slices(longest)
    ]


def history_days(account: AccountState, now: datetime) -> Iterable[date]:
    """The days a complete history must hold, oldest first, up to five weeks ago."""
    today = local_day(now, account.timezone_name)
    oldest = oldest_day(today)
    if account.created_on is not None:
        oldest = max(oldest, account.created_on)
    newest = today - timedelta(days=PROBE_DAYS + 1)
    return DateWindow(oldest, newest).days() if oldest <= newest else ()


def oldest_doubted(now: datetime) -> date:
    """Days before it are read once: what they held is not compared again."""
    return (now - timedelta(days=PROBE_DAYS + 10)).date()


def objects_changed_since(
    newest_at: datetime | None, newest_whole_at: datetime | None, now: datetime
) -> datetime | None:
    """Ask for objects changed since this moment; None asks for a whole listing.

    A listing from the future was made while the clock was wrong: it says nothing of
    what has changed since.
    """
    if newest_at is None or newest_whole_at is None or newest_at > now + SLACK:
        return None
    if now - newest_whole_at >= OBJECTS_WHOLE_EVERY - SLACK:
        return None
    # Meta's clock and ours may differ a little; a version seen twice is stored once.
    return newest_at - timedelta(minutes=10)


def _due_tier(
    account: AccountState, day: date, today: date, now: datetime
) -> Tier | None:
    reads = [account.read_at.get((level, day)) for level in LEVELS]
    if any(read is None for read in reads):
        return "missing"
    if day in account.held_back:
        return "held_back"
    if day in account.split:
        return "split"
    if day in account.probed:
        return "probe"
    age = (today - day).days
    oldest_read = min(read for read in reads if read is not None)
    # Read in the future: the clock was wrong then, so it is not known when.
    since = now - oldest_read + SLACK if oldest_read <= now + SLACK else timedelta.max
    if age <= 1:
        return "hourly" if since >= timedelta(hours=1) else None
    if age <= 7:
        return "daily" if since >= timedelta(days=1) else None
    if age <= 28:
        return "third_day" if since >= timedelta(days=3) else None
    age_when_read = (local_day(oldest_read, account.timezone_name) - day).days
    return "final" if age_when_read <= 28 else None


def troubled_last(
    plan: Iterable[PlannedWindow],
    failed: Collection[date],
    slow: Mapping[date, str],
) -> list[PlannedWindow]:
    """The same days; those that could not be read do not hold up the others.

    Args:
        failed: days whose last reading failed.
        slow: those of them that took longer than a load has, with the load: they come
            last of all, one at a time and the one that waits longest first.
    """
    sound: list[PlannedWindow] = []
    refused: list[PlannedWindow] = []
    endless: list[PlannedWindow] = []
    for planned in plan:
        days = list(planned.window.days())
        parts = [
            (sound, consecutive(day for day in days if day not in failed)),
            (refused, consecutive(set(failed).difference(slow).intersection(days))),
            (endless, [DateWindow(day, day) for day in days if day in slow]),
        ]
        for found, windows in parts:
            found += [replace(planned, window=window) for window in windows]
    endless.sort(key=lambda planned: slow[planned.window.until])
    return [*sound, *refused, *endless]


def at_most(days: int, plan: Iterable[PlannedWindow]) -> list[PlannedWindow]:
    """The first windows of the plan, of together at most so many days; one at least."""
    chosen: list[PlannedWindow] = []
    for planned in plan:
        days -= len(planned.window)
        if chosen and days < 0:
            break
        chosen.append(planned)
    return chosen
