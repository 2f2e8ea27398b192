"""Which snapshots stay, by rule alone."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.kept_snapshots import Known, Shelf, kept

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)


def hourly(hours: int, size: int = 1) -> list[Known]:
    """One at each full hour from Monday 00:00 UTC on, newest first, named by it."""
    return [
        Known(str(hour), size, MONDAY + timedelta(hours=hour))
        for hour in reversed(range(hours))
    ]


def ids(*hours: int) -> set[str]:
    return {str(hour) for hour in hours}


def test_the_newest_stay() -> None:
    assert kept(hourly(30), Shelf(3, days=0, most_bytes=9), [], []) == ids(27, 28, 29)


def test_the_last_one_of_each_of_the_last_days_stays() -> None:
    # Until Friday noon: hours 0 to 108. Day ends are 23, 47, 71, 95.
    stay = kept(hourly(109), Shelf(1, days=3, most_bytes=99), [], [])

    assert stay == ids(108, 95, 71)


def test_days_are_those_of_the_accounts() -> None:
    # In Riyadh (UTC+3) Monday ends at 21:00 UTC: hour 20 is its last, then comes 44.
    # In New York (UTC-4 that week) it ends at 04:00 UTC of Tuesday: 27, then 51.
    zones = ["Asia/Riyadh", "America/New_York"]

    stay = kept(hourly(60), Shelf(1, days=3, most_bytes=99), [], zones)

    assert stay == ids(59, 44, 20) | ids(59, 51, 27)


def test_what_somebody_needs_stays_whatever_its_age_and_size() -> None:
    shelf = Shelf(1, days=7, most_bytes=0)

    stay = kept(hourly(200, size=10), shelf, ["0", None, "17"], [])

    assert stay == ids(199, 0, 17)


def test_the_oldest_days_go_first_where_room_is_short() -> None:
    # Newest 3 take 30 of 55 bytes; two day ends fit beside them.
    stay = kept(hourly(109, size=10), Shelf(3, days=7, most_bytes=55), [], [])

    assert stay == ids(108, 107, 106) | ids(95, 71)


def test_a_clock_that_is_ahead_costs_no_day() -> None:
    """Days are counted from the newest snapshot; no clock is asked."""
    years_later = [
        Known(each.snapshot_id, 1, each.published_at + timedelta(days=900))
        for each in hourly(49)
        if each.published_at
    ]

    assert kept(years_later, Shelf(1, 7, 99), [], []) == ids(48, 47, 23)


def test_one_whose_manifest_is_damaged_is_no_days_last_one() -> None:
    known = [Known("2", 1, MONDAY), Known("1", 1, None), Known("0", 1, MONDAY)]

    assert kept(known, Shelf(1, days=7, most_bytes=99), [], []) == ids(2)


@pytest.mark.parametrize("count", [0, 1])
def test_few_stay(count: int) -> None:
    assert len(kept(hourly(count), Shelf(3, 7, 99), [], [])) == count
