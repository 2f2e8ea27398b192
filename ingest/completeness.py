"""Whether what was read can be believed: shrunk days, short levels. Pure.

An answer can be whole in form and still lack rows. What a second look costs is one
request; what a believed half costs is a wrong number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol, TypeVar

# While a day runs, its levels are read some seconds apart and need not agree. A second
# look costs one request.
PARTIAL_DAY_TOLERANCE = 0.02

Key = TypeVar("Key")


class Content(Protocol):
    """What one reading of a day holds."""

    @property
    def row_count(self) -> int: ...
    @property
    def spend(self) -> Decimal: ...
    @property
    def impressions(self) -> int: ...
    @property
    def clicks(self) -> int: ...


@dataclass(frozen=True)
class Counts:
    """Rows and sums of a reading, money in the account's currency."""

    row_count: int
    spend: Decimal
    impressions: int
    clicks: int


def is_shrunk(before: Content, after: Content, share: float) -> bool:
    """Whether a day lost more than a share of its rows, impressions or spend.

    Spend may be negative, after a refund: then a share of its size.
    """
    part = Decimal(str(share))
    return (
        before.row_count - after.row_count > before.row_count * part
        or before.impressions - after.impressions > before.impressions * part
        or before.spend - after.spend > abs(before.spend) * part
    )


def is_confirmed(held: Content | None, again: Content, share: float) -> bool:
    """Whether a second reading says what the first one said, which was held back.

    It need not be equal, since days move; neither may be a loss beside the other.
    """
    return (
        held is not None
        and not is_shrunk(held, again, share)
        and not is_shrunk(again, held, share)
    )


def short_days(
    contents: Mapping[Key, Mapping[date, Content]], partial: Iterable[date]
) -> dict[Key, list[date]]:
    """The days on which a level holds fewer impressions or clicks than another.

    Args:
        contents: by level, each read in this run, of one breakdown.
        partial: days that still ran when they were read.
    """
    still_running = frozenset(partial)
    found: dict[Key, list[date]] = {}
    for key, days in contents.items():
        short = [
            day
            for day, content in days.items()
            if _is_short(content, _fullest(contents, day), day in still_running)
        ]
        if short:
            found[key] = short
    return found


def _fullest(
    contents: Mapping[Key, Mapping[date, Content]], day: date
) -> tuple[int, int]:
    """Most impressions and most clicks that any level holds of the day."""
    held = [days[day] for days in contents.values() if day in days]
    return max(each.impressions for each in held), max(each.clicks for each in held)


def _is_short(content: Content, fullest: tuple[int, int], is_partial: bool) -> bool:
    kept = 1 - PARTIAL_DAY_TOLERANCE if is_partial else 1
    return content.impressions < fullest[0] * kept or content.clicks < fullest[1] * kept
