"""Which snapshots stay: the newest, the last one of each day, within a bound.

Days are those of the accounts: "what did Monday's report show" asks for the last
snapshot of somebody's Monday. They are counted back from the newest snapshot and not
from the clock, so a clock that is ahead costs nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

# The newest ones that stay.
KEPT = 3


@dataclass(frozen=True)
class Shelf:
    """How many are kept beside those that somebody needs.

    Attributes:
        newest: so many of the newest, whatever their age.
        days: the last one of each of so many days.
        most_bytes: the daily ones go, oldest first, while all take more than that.
    """

    newest: int
    days: int
    most_bytes: int


@dataclass(frozen=True)
class Known:
    """What is known of a snapshot: None where its manifest is missing or damaged."""

    snapshot_id: str
    bytes: int
    published_at: datetime | None


def kept(
    newest_first: Sequence[Known],
    shelf: Shelf,
    held: Iterable[str | None],
    zones: Iterable[str],
) -> set[str]:
    """Ids of those that stay.

    Args:
        held: current, previous and pinned ones: they stay whatever they take.
        zones: of the accounts; none is UTC.
    """
    always = {name for name in held if name is not None}
    always |= {each.snapshot_id for each in newest_first[: shelf.newest]}
    bytes_left = shelf.most_bytes - sum(
        each.bytes for each in newest_first if each.snapshot_id in always
    )
    stay = set(always)
    daily = _last_of_each_day(newest_first, shelf.days, zones)
    for each in newest_first:
        if each.snapshot_id in always or each.snapshot_id not in daily:
            continue
        bytes_left -= each.bytes
        if bytes_left < 0:
            break
        stay.add(each.snapshot_id)
    return stay


def _last_of_each_day(
    newest_first: Sequence[Known], days: int, zones: Iterable[str]
) -> set[str]:
    found: set[str] = set()
    told = [(each, each.published_at) for each in newest_first if each.published_at]
    for zone in {*zones} or {"UTC"}:
        seen: set[date] = set()
        for each, published_at in told:
            day = published_at.astimezone(ZoneInfo(zone)).date()
            first = told[0][1].astimezone(ZoneInfo(zone)).date()
            if day not in seen and first - day < timedelta(days=days):
                found.add(each.snapshot_id)
            seen.add(day)
    return found
