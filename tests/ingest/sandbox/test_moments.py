"""What the clock shows: a partial today, late purchases, settled days."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingest.sandbox.server import Sandbox

ACME, NOOR = "100000000000001", "100000000000002"


def totals(sandbox: Sandbox, day: date, at: datetime) -> dict[str, Decimal]:
    found = sandbox.truth(ACME, "account", day, at)
    return found.get(ACME, {"spend": Decimal(0), "purchases": Decimal(0)})


def test_today_grows_with_the_hours(shared: Sandbox) -> None:
    day = date(2026, 3, 10)
    # New York's midnight is 04:00 UTC since the clocks changed on March 8th.
    hours = [datetime(2026, 3, 10, hour, tzinfo=UTC) for hour in range(5, 24)]

    spend = [totals(shared, day, at)["spend"] for at in hours]

    assert spend == sorted(spend)
    assert len(set(spend)) == len(spend)
    half = (
        spend[11] / totals(shared, day, datetime(2026, 3, 11, 4, tzinfo=UTC))["spend"]
    )
    assert Decimal("0.45") < half < Decimal("0.55")


@pytest.mark.parametrize(
    ("account_id", "moment", "last_day"),
    [
        (ACME, datetime(2026, 3, 11, 3, 59, tzinfo=UTC), "2026-03-10"),
        (ACME, datetime(2026, 3, 11, 5, 0, tzinfo=UTC), "2026-03-11"),
        (NOOR, datetime(2026, 3, 10, 20, 59, tzinfo=UTC), "2026-03-10"),
        (NOOR, datetime(2026, 3, 10, 22, 0, tzinfo=UTC), "2026-03-11"),
    ],
)
def test_days_end_at_midnight_of_the_account(
    sandbox: Sandbox, insights: Any, account_id: str, moment: datetime, last_day: str
) -> None:
    sandbox.clock.set(moment)

    rows = insights(sandbox, account_id, "account", "2026-03-08", "2026-03-14")

    assert rows[-1]["date_start"] == last_day


def test_purchases_arrive_late_and_freeze_after_28_days(shared: Sandbox) -> None:
    day = date(2026, 1, 20)
    noons = [datetime(2026, 1, 20, 17, tzinfo=UTC) + timedelta(n) for n in range(1, 60)]

    purchases = [totals(shared, day, at)["purchases"] for at in noons]

    assert purchases == sorted(purchases)
    assert purchases[0] < purchases[6] < purchases[27]
    assert set(purchases[27:]) == {purchases[27]}


def test_spend_is_corrected_for_three_days_up_and_down(shared: Sandbox) -> None:
    signs = set()
    for number in range(40):
        day = date(2026, 1, 1) + timedelta(number)
        next_days = [
            datetime(day.year, day.month, day.day, 17, tzinfo=UTC) + timedelta(age)
            for age in (1, 3, 4)
        ]
        first, settled, later = (totals(shared, day, at)["spend"] for at in next_days)
        assert settled == later
        signs.add(settled > first)

    assert signs == {True, False}


def test_a_moment_looks_the_same_whenever_it_is_asked_for(
    sandbox: Sandbox, insights: Any
) -> None:
    start = sandbox.clock.now()
    before = insights(sandbox, NOOR, "ad", "2026-03-01", "2026-03-10")
    sandbox.clock.advance(days=3)
    later = insights(sandbox, NOOR, "ad", "2026-03-01", "2026-03-10")
    sandbox.clock.set(start)

    again = insights(sandbox, NOOR, "ad", "2026-03-01", "2026-03-10")

    assert before == again
    assert before != later


def test_the_clock_advances_by_seconds_and_never_back_to_a_moment(
    sandbox: Sandbox,
) -> None:
    start = sandbox.clock.now()

    sandbox.clock.advance(seconds=1.5)
    sandbox.clock.advance_to(start + timedelta(seconds=30))
    sandbox.clock.advance_to(start + timedelta(seconds=10))

    assert sandbox.clock.now() == start + timedelta(seconds=30)
