"""Which windows are due: tiers, their edges, the probe, history, object listings."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ingest.fields import LEVELS, Level
from ingest.planner import (
    AccountState,
    PlannedWindow,
    Tier,
    at_most,
    backfill_windows,
    fresh_windows,
    objects_changed_since,
    troubled_last,
)
from ingest.windows import DateWindow

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def read_whole(moments: Mapping[date, datetime]) -> dict[tuple[Level, date], datetime]:
    return {(level, day): read for day, read in moments.items() for level in LEVELS}


def account(
    read_at: Mapping[tuple[Level, date], datetime],
    *,
    created_on: date | None = None,
    probed: frozenset[date] = frozenset(),
    zone: str = "UTC",
) -> AccountState:
    return AccountState("1", zone, created_on, read_at, probed)


def just_read() -> dict[tuple[Level, date], datetime]:
    return read_whole({ago(days): NOW for days in range(36)})


def test_nothing_is_due_right_after_everything_was_read() -> None:
    state = account(just_read())

    planned = fresh_windows(state, NOW)

    assert planned == []


def test_account_never_read_is_due_for_today_and_35_days_before() -> None:
    state = account({})

    planned = fresh_windows(state, NOW)

    assert [(plan.window, plan.is_urgent) for plan in planned] == [
        (DateWindow(ago(1), TODAY), True),
        (DateWindow(date(2026, 2, 3), ago(2)), False),
    ]
    assert {plan.tier for plan in planned} == {"missing"}
    assert {plan.reason for plan in planned} == {"never read whole"}


def test_day_held_back_is_read_again_at_once_whatever_its_tier() -> None:
    state = replace(account(just_read()), held_back=frozenset({ago(30)}))

    (planned,) = fresh_windows(state, NOW)

    assert (planned.window, planned.tier) == (DateWindow(ago(30), ago(30)), "held_back")
    assert planned.is_urgent


def test_day_whose_levels_were_read_in_different_loads_is_due_at_once() -> None:
    state = replace(account(just_read()), split=frozenset({ago(20)}))

    (planned,) = fresh_windows(state, NOW)

    assert (planned.window, planned.tier) == (DateWindow(ago(20), ago(20)), "split")
    assert planned.is_urgent


def test_day_read_in_the_future_is_due() -> None:
    # Read while the clock was wrong, so nobody knows when.
    tomorrow = NOW + timedelta(days=1)
    state = account(just_read() | read_whole({TODAY: tomorrow, ago(5): tomorrow}))

    planned = fresh_windows(state, NOW)

    assert [(plan.window, plan.tier) for plan in planned] == [
        (DateWindow(TODAY, TODAY), "hourly"),
        (DateWindow(ago(5), ago(5)), "daily"),
    ]


HOURLY, DAILY, THIRD_DAY = (
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=3),
)
SLACK = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("age", "read_before", "tier"),
    [
        pytest.param(0, HOURLY - SLACK, "hourly", id="today after an hour"),
        pytest.param(0, HOURLY - SLACK - MINUTE, None, id="today within the hour"),
        pytest.param(1, HOURLY - SLACK, "hourly", id="yesterday after an hour"),
        pytest.param(2, HOURLY, None, id="2 days old after an hour"),
        pytest.param(2, DAILY - SLACK, "daily", id="2 days old after a day"),
        pytest.param(2, DAILY - SLACK - MINUTE, None, id="2 days old within the day"),
        pytest.param(7, DAILY - SLACK, "daily", id="7 days old after a day"),
        pytest.param(8, DAILY, None, id="8 days old after a day"),
        pytest.param(8, THIRD_DAY - SLACK, "third_day", id="8 days old, third day"),
        pytest.param(8, THIRD_DAY - SLACK - MINUTE, None, id="8 days old, too soon"),
        pytest.param(28, THIRD_DAY - SLACK, "third_day", id="28 days old, third day"),
        # Noon minus 12 h 1 min is the day before, when the day was 28 days old.
        pytest.param(29, timedelta(hours=12, minutes=1), "final", id="29, read at 28"),
        pytest.param(29, timedelta(hours=12), None, id="29 days old, read at 29"),
        pytest.param(35, timedelta(days=7), "final", id="35 days old, read at 28"),
        pytest.param(35, timedelta(days=6), None, id="35 days old, read at 29"),
    ],
)
def test_day_is_due_by_its_age_and_its_last_reading(
    age: int, read_before: timedelta, tier: Tier | None
) -> None:
    read_at = just_read() | read_whole({ago(age): NOW - read_before})
    state = account(read_at)

    planned = fresh_windows(state, NOW)

    expected = [(DateWindow(ago(age), ago(age)), tier)] if tier else []
    assert [(plan.window, plan.tier) for plan in planned] == expected


def test_day_36_days_old_is_left_to_the_backfill() -> None:
    state = account(just_read())

    fresh = fresh_windows(state, NOW)
    history = backfill_windows(state, NOW, longest=30)

    assert fresh == []
    assert history[0].window.until == ago(36)


def test_oldest_reading_of_any_level_decides() -> None:
    read_at = just_read()
    read_at["ad", TODAY] = NOW - timedelta(hours=2)
    state = account(read_at)

    (planned,) = fresh_windows(state, NOW)

    assert (planned.window, planned.tier) == (DateWindow(TODAY, TODAY), "hourly")


def test_day_that_lacks_one_level_is_missing() -> None:
    read_at = just_read()
    del read_at["adset", ago(12)]
    state = account(read_at)

    (planned,) = fresh_windows(state, NOW)

    assert (planned.window, planned.tier) == (DateWindow(ago(12), ago(12)), "missing")


def test_probed_day_is_read_again_whatever_its_tier() -> None:
    state = account(just_read(), probed=frozenset({ago(30)}))

    (planned,) = fresh_windows(state, NOW)

    assert (planned.window, planned.tier) == (DateWindow(ago(30), ago(30)), "probe")


def test_day_that_is_missing_and_probed_is_planned_once() -> None:
    read_at = just_read()
    del read_at["ad", ago(3)]
    state = account(read_at, probed=frozenset({ago(3)}))

    planned = fresh_windows(state, NOW)

    assert [(plan.window, plan.tier) for plan in planned] == [
        (DateWindow(ago(3), ago(3)), "missing")
    ]


def test_urgent_tiers_come_first_and_days_newest_first_within_one() -> None:
    old = NOW - timedelta(days=8)
    read_at = just_read() | read_whole(
        {ago(days): old for days in (0, 1, 2, 4, 5, 10, 35)}
    )
    del read_at["ad", ago(20)]
    state = account(read_at, probed=frozenset({ago(25)}))

    planned = fresh_windows(state, NOW)

    assert [(plan.tier, plan.window) for plan in planned] == [
        ("probe", DateWindow(ago(25), ago(25))),
        ("hourly", DateWindow(ago(1), ago(0))),
        ("missing", DateWindow(ago(20), ago(20))),
        ("daily", DateWindow(ago(2), ago(2))),
        ("daily", DateWindow(ago(5), ago(4))),
        ("third_day", DateWindow(ago(10), ago(10))),
        ("final", DateWindow(ago(35), ago(35))),
    ]


def test_today_is_the_accounts_own() -> None:
    evening_in_new_york = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
    state = account({}, zone="America/New_York")

    planned = fresh_windows(state, evening_in_new_york)

    assert [plan.window for plan in planned] == [
        DateWindow(date(2026, 3, 8), date(2026, 3, 9)),
        DateWindow(date(2026, 2, 2), date(2026, 3, 7)),
    ]


@pytest.mark.parametrize(
    ("created_on", "since"),
    [
        pytest.param(ago(3), ago(3), id="three days ago"),
        pytest.param(ago(90), ago(35), id="long ago"),
        pytest.param(TODAY + timedelta(days=1), TODAY, id="a day ahead of its zone"),
        pytest.param(None, ago(35), id="unknown"),
    ],
)
def test_fresh_days_begin_with_the_account(
    created_on: date | None, since: date
) -> None:
    state = account({}, created_on=created_on)

    planned = fresh_windows(state, NOW)

    assert planned[0].window.until == TODAY
    assert planned[-1].window.since == since


def test_backfill_goes_newest_first_in_windows_of_the_longest_length() -> None:
    state = account({}, created_on=date(2025, 12, 1))

    planned = backfill_windows(state, NOW, longest=30)

    # 2026-02-02 is 36 days old.
    assert [plan.window for plan in planned] == [
        DateWindow(date(2026, 1, 4), date(2026, 2, 2)),
        DateWindow(date(2025, 12, 5), date(2026, 1, 3)),
        DateWindow(date(2025, 12, 1), date(2025, 12, 4)),
    ]
    assert {plan.tier for plan in planned} == {"backfill"}


@pytest.mark.parametrize(
    "created_on",
    [
        pytest.param(date(2015, 1, 1), id="older than Meta answers for"),
        pytest.param(None, id="creation unknown"),
    ],
)
def test_backfill_reaches_back_37_months(created_on: date | None) -> None:
    state = account({}, created_on=created_on)

    planned = backfill_windows(state, NOW, longest=2000)

    assert [plan.window for plan in planned] == [
        DateWindow(date(2023, 2, 11), date(2026, 2, 2))
    ]
    # Three years hold 1096 days, 2024's 29 February included; nine days less, and
    # both ends.
    assert len(planned[0].window) == 1088


def test_backfill_leaves_out_days_that_were_read_whole() -> None:
    read_at = read_whole({date(2026, 1, 30): NOW})
    state = account(read_at, created_on=date(2026, 1, 28))

    planned = backfill_windows(state, NOW, longest=30)

    assert [plan.window for plan in planned] == [
        DateWindow(date(2026, 1, 31), date(2026, 2, 2)),
        DateWindow(date(2026, 1, 28), date(2026, 1, 29)),
    ]


def test_backfill_reads_a_day_again_that_lacks_one_level() -> None:
    read_at = read_whole({date(2026, 2, 1): NOW, date(2026, 2, 2): NOW})
    del read_at["account", date(2026, 2, 1)]
    state = account(read_at, created_on=date(2026, 2, 1))

    planned = backfill_windows(state, NOW, longest=30)

    assert [plan.window for plan in planned] == [
        DateWindow(date(2026, 2, 1), date(2026, 2, 1))
    ]


@pytest.mark.parametrize("days", [0, 35], ids=["today", "35 days ago"])
def test_account_younger_than_five_weeks_has_no_history(days: int) -> None:
    state = account({}, created_on=ago(days))

    planned = backfill_windows(state, NOW, longest=30)

    assert planned == []


def test_objects_are_listed_whole_the_first_time() -> None:
    since = objects_changed_since(None, None, NOW)

    assert since is None


def test_objects_listed_in_the_future_are_listed_whole() -> None:
    since = objects_changed_since(NOW + timedelta(hours=1), NOW, NOW)

    assert since is None


def test_objects_are_listed_whole_when_no_whole_listing_ended() -> None:
    since = objects_changed_since(NOW - timedelta(minutes=15), None, NOW)

    assert since is None


@pytest.mark.parametrize(
    ("whole_before", "since"),
    [
        pytest.param(timedelta(hours=23, minutes=55), None, id="a day less the slack"),
        pytest.param(
            timedelta(hours=23, minutes=54),
            datetime(2026, 3, 10, 11, 35, tzinfo=UTC),
            id="within the day",
        ),
    ],
)
def test_objects_are_listed_whole_once_a_day_and_else_by_change(
    whole_before: timedelta, since: datetime | None
) -> None:
    newest = NOW - timedelta(minutes=15)

    found = objects_changed_since(newest, NOW - whole_before, NOW)

    # Ten minutes before the newest listing, for clocks that differ.
    assert found == since


def history(newest: int, oldest: int) -> PlannedWindow:
    """Days so many days ago."""
    window = DateWindow(ago(oldest), ago(newest))
    return PlannedWindow("1", window, "backfill", "history never read")


def test_days_that_failed_come_after_the_others_and_slow_ones_last_of_all() -> None:
    plan = [history(40, 44), history(50, 51)]
    failed = {ago(41), ago(43), ago(44), ago(50)}

    planned = troubled_last(plan, failed, {ago(41): "load 2", ago(50): "load 1"})

    assert planned == [
        history(40, 40),
        history(42, 42),
        history(51, 51),
        # Failed.
        history(43, 44),
        # Slow, the one that has waited longest first.
        history(50, 50),
        history(41, 41),
    ]


def test_of_a_plan_whole_windows_are_taken_and_one_at_least() -> None:
    plan = [history(40, 44), history(50, 51), history(60, 60)]

    assert at_most(3, plan) == plan[:1]
    assert at_most(7, plan) == plan[:2]
    assert at_most(8, plan) == plan
    assert at_most(8, []) == []
