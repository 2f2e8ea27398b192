"""Days of an account: ranges, cutting, partial days, how far back Meta answers."""

from datetime import UTC, date, datetime

import pytest

from ingest.windows import DateWindow, consecutive, is_partial, local_day, oldest_day


def march(first: int, last: int) -> DateWindow:
    return DateWindow(date(2026, 3, first), date(2026, 3, last))


def test_window_counts_both_ends() -> None:
    window = DateWindow(date(2024, 2, 28), date(2024, 3, 1))

    days = list(window.days())

    assert days == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert len(window) == 3


def test_window_of_one_day_has_one_day() -> None:
    window = march(5, 5)

    days = list(window.days())

    assert days == [date(2026, 3, 5)]


def test_window_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end before it starts"):
        march(6, 5)


def test_window_widened_ends_as_it_did() -> None:
    day = DateWindow(date(2026, 3, 10), date(2026, 3, 10))

    assert day.widened(3) == DateWindow(date(2026, 3, 8), date(2026, 3, 10))
    assert day.widened(1) == day


def test_part_of_a_window_before_a_day() -> None:
    window = DateWindow(date(2026, 3, 8), date(2026, 3, 10))

    assert window.before(date(2026, 3, 10)) == DateWindow(
        date(2026, 3, 8), date(2026, 3, 9)
    )
    assert window.before(date(2026, 3, 8)) is None


@pytest.mark.parametrize(
    ("window", "longest", "slices"),
    [
        pytest.param(march(1, 3), 15, [march(1, 3)], id="shorter than a slice"),
        pytest.param(march(1, 15), 15, [march(1, 15)], id="exactly one slice"),
        pytest.param(march(1, 16), 15, [march(2, 16), march(1, 1)], id="one day over"),
        pytest.param(
            march(1, 7), 3, [march(5, 7), march(2, 4), march(1, 1)], id="three slices"
        ),
        pytest.param(
            march(1, 3), 1, [march(3, 3), march(2, 2), march(1, 1)], id="single days"
        ),
    ],
)
def test_slices_cover_the_window_newest_first(
    window: DateWindow, longest: int, slices: list[DateWindow]
) -> None:
    found = window.slices(longest)

    assert found == slices


@pytest.mark.parametrize(
    ("days", "windows"),
    [
        pytest.param([], [], id="no days"),
        pytest.param([5], [march(5, 5)], id="one day"),
        pytest.param([3, 1, 2], [march(1, 3)], id="any order"),
        pytest.param([1, 2, 2, 3, 1], [march(1, 3)], id="repeats count once"),
        pytest.param(
            [1, 2, 4, 7, 8],
            [march(7, 8), march(4, 4), march(1, 2)],
            id="a gap ends a window",
        ),
    ],
)
def test_consecutive_days_become_windows_newest_first(
    days: list[int], windows: list[DateWindow]
) -> None:
    found = consecutive(date(2026, 3, day) for day in days)

    assert found == windows


def test_consecutive_days_run_across_the_end_of_a_leap_february() -> None:
    days = [date(2024, 3, 1), date(2024, 2, 29), date(2024, 2, 28)]

    found = consecutive(days)

    assert found == [DateWindow(date(2024, 2, 28), date(2024, 3, 1))]


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        pytest.param("2026-03-10T02:00", "America/New_York", 9, id="New York: evening"),
        pytest.param("2026-03-10T02:00", "Asia/Riyadh", 10, id="Riyadh: morning"),
        pytest.param("2026-03-09T15:00", "Asia/Tokyo", 10, id="Tokyo: midnight"),
        pytest.param("2026-03-09T14:59", "Asia/Tokyo", 9, id="Tokyo: before midnight"),
        # Clocks in New York went to UTC-4 on 8 March: 04:30 UTC is 00:30, not 23:30.
        pytest.param("2026-03-09T04:30", "America/New_York", 9, id="summer time"),
        pytest.param("2026-03-08T04:30", "America/New_York", 7, id="winter time"),
    ],
)
def test_day_is_the_accounts_own(moment: str, zone: str, day: int) -> None:
    instant = datetime.fromisoformat(moment).replace(tzinfo=UTC)

    found = local_day(instant, zone)

    assert found == date(2026, 3, day)


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        # 02:00 UTC on the 10th is still the 9th in New York and the 10th in Tokyo.
        pytest.param("America/New_York", 8, False, id="New York: yesterday"),
        pytest.param("America/New_York", 9, True, id="New York: today"),
        pytest.param("Asia/Tokyo", 9, False, id="Tokyo: yesterday"),
        pytest.param("Asia/Tokyo", 10, True, id="Tokyo: today"),
        pytest.param("UTC", 11, True, id="a day that has not begun"),
    ],
)
def test_day_is_partial_until_it_ends_in_the_accounts_zone(
    zone: str, day: int, expected: bool
) -> None:
    read_at = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)

    partial = is_partial(date(2026, 3, day), read_at, zone)

    assert partial is expected


@pytest.mark.parametrize(
    ("today", "oldest"),
    [
        # 37 months are three years and a month; then the day after, as a margin.
        pytest.param("2026-03-10", "2023-02-11", id="middle of a month"),
        pytest.param("2026-01-15", "2022-12-16", id="across the new year"),
        pytest.param("2026-03-31", "2023-03-01", id="31 March: February had 28 days"),
        pytest.param("2027-03-29", "2024-03-01", id="29 March: a leap February"),
        pytest.param("2027-03-28", "2024-02-29", id="the margin is the leap day"),
        pytest.param("2027-03-31", "2024-03-01", id="31 March after a leap year"),
        pytest.param("2024-02-29", "2021-01-30", id="today is the leap day"),
        pytest.param("2026-01-31", "2023-01-01", id="31 December and a day"),
        pytest.param("2026-12-31", "2023-12-01", id="31 December: November has 30"),
    ],
)
def test_oldest_day_is_37_months_ago_and_a_day(today: str, oldest: str) -> None:
    found = oldest_day(date.fromisoformat(today))

    assert found == date.fromisoformat(oldest)
