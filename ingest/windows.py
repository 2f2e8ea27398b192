"""Days of an ad account: its today, ranges of days, and how far back Meta answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

META_RETENTION_MONTHS = 37


@dataclass(frozen=True, order=True)
class DateWindow:
    """Consecutive days in an account's time zone, both ends included."""

    since: date
    until: date

    def __post_init__(self) -> None:
        if self.since > self.until:
            raise ValueError(f"a window cannot end before it starts: {self}")

    def __str__(self) -> str:
        return f"{self.since}..{self.until}"

    def __len__(self) -> int:
        return (self.until - self.since).days + 1

    def days(self) -> Iterator[date]:
        """Each day, oldest first."""
        return (self.since + timedelta(days=n) for n in range(len(self)))

    def widened(self, count: int) -> "DateWindow":
        """The window of so many days that ends as this one does."""
        return DateWindow(self.until - timedelta(days=count - 1), self.until)

    def before(self, day: date) -> "DateWindow | None":
        """The part of the window before a day; None where there is none."""
        if day <= self.since:
            return None
        return DateWindow(self.since, min(self.until, day - timedelta(days=1)))

    def slices(self, longest: int) -> list["DateWindow"]:
        """Cut into windows of at most `longest` days, newest first."""
        parts = []
        until = self.until
        while until >= self.since:
            since = max(self.since, until - timedelta(days=longest - 1))
            parts.append(DateWindow(since, until))
            until = since - timedelta(days=1)
        return parts


def consecutive(days: Iterable[date]) -> list[DateWindow]:
    """The days as windows without gaps, newest first; repeats count once."""
    windows: list[DateWindow] = []
    for day in sorted(set(days), reverse=True):
        if windows and windows[-1].since - day == timedelta(days=1):
            windows[-1] = DateWindow(day, windows[-1].until)
        else:
            windows.append(DateWindow(day, day))
    return windows


def zone_named(name: str) -> ZoneInfo | None:
    """The time zone; None where this machine does not know it."""
    try:
        return ZoneInfo(name)
    # ZoneInfoNotFoundError is a KeyError; a folder of zones is no zone: OSError.
    except (KeyError, ValueError, OSError):
        return None


def local_day(moment: datetime, timezone_name: str) -> date:
    """The account's day at a moment."""
    return moment.astimezone(ZoneInfo(timezone_name)).date()


def is_partial(day: date, read_at: datetime, timezone_name: str) -> bool:
    """Whether the account's day was still running when it was read."""
    return day >= local_day(read_at, timezone_name)


def oldest_day(today: date) -> date:
    """The first day Meta still answers for, with a day of margin.

    Meta counts 37 months from its own clock (code 3018 beyond), which may already be
    a day ahead of the account's.
    """
    months = today.year * 12 + today.month - 1 - META_RETENTION_MONTHS
    first_of_month = date(months // 12, months % 12 + 1, 1)
    next_month = (first_of_month + timedelta(days=32)).replace(day=1)
    last_of_month = next_month - timedelta(days=1)
    same_day = min(today.day, last_of_month.day)
    return first_of_month.replace(day=same_day) + timedelta(days=1)
