"""Which moments of the past are kept: all of two days, then one a day, one a week."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.publications import Publication, kept

FIRST = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
TOKYO, NEW_YORK = ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")


def published(*hours: float) -> list[Publication]:
    return [
        Publication(f"s{number}", FIRST + timedelta(hours=hour), None, "1", "0", "x")
        for number, hour in enumerate(hours)
    ]


def hours_of(found: Sequence[Publication]) -> list[float]:
    return [(each.published_at - FIRST) / timedelta(hours=1) for each in found]


def test_every_publication_of_two_days_is_kept() -> None:
    every = published(0, 0.25, 1, 23, 47.75)

    assert kept(every, TOKYO, FIRST + timedelta(hours=48)) == every


@pytest.mark.parametrize(
    ("zone", "last"),
    [
        # UTC ends its day at 24; New York, five hours behind, at 5 and 29.
        (ZoneInfo("UTC"), [23, 30]),
        (NEW_YORK, [4, 28, 30]),
    ],
)
def test_the_last_of_each_day_of_the_account_is_kept_for_five_weeks(
    zone: ZoneInfo, last: list[float]
) -> None:
    every = published(0, 4, 10, 23, 28, 30)

    assert hours_of(kept(every, zone, FIRST + timedelta(days=34))) == last


def test_the_last_of_each_week_is_kept_for_ever() -> None:
    every = published(10, 24 + 10, 6 * 24 + 10, 6 * 24 + 11, 7 * 24 + 10)

    found = kept(every, ZoneInfo("UTC"), FIRST + timedelta(days=400))

    assert hours_of(found) == [6 * 24 + 11, 7 * 24 + 10]


def test_a_week_is_thinned_to_its_last_day_and_not_to_the_last_old_one() -> None:
    """On the way to being old, a week must not lose what it is to be shown by."""
    every = published(10, 2 * 24 + 10, 6 * 24 + 10)

    found = kept(every, ZoneInfo("UTC"), FIRST + timedelta(days=36, hours=11))

    assert hours_of(found) == [2 * 24 + 10, 6 * 24 + 10]


@given(
    st.lists(st.integers(0, 60 * 24 * 4), unique=True, min_size=1).map(sorted),
    st.integers(0, 200),
    st.integers(0, 200),
    st.sampled_from([TOKYO, NEW_YORK, ZoneInfo("Asia/Kathmandu")]),
)
@settings(max_examples=200, deadline=None)
def test_what_was_once_thinned_out_never_counts_as_kept_again(
    quarters: list[int], days: int, later: int, zone: ZoneInfo
) -> None:
    """Whether asked about all that ever was, or about what was kept before."""
    every = published(*(quarter / 4 for quarter in quarters))
    now = every[-1].published_at + timedelta(days=days)
    then = now + timedelta(days=later)

    first = kept(every, zone, now)
    second = kept(every, zone, then)

    assert set(second) <= set(first)
    assert kept(first, zone, then) == second
