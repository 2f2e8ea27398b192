"""Whether what was read can be believed."""

from datetime import date
from decimal import Decimal

import pytest

from ingest.completeness import Counts, is_confirmed, is_shrunk, short_days

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
BEFORE = Counts(row_count=10, spend=Decimal("100"), impressions=1000, clicks=50)


@pytest.mark.parametrize(
    ("after", "shrunk"),
    [
        pytest.param(BEFORE, False, id="the same"),
        pytest.param(Counts(5, Decimal("50"), 500, 0), False, id="exactly half"),
        pytest.param(Counts(4, Decimal("100"), 1000, 50), True, id="fewer rows"),
        pytest.param(Counts(10, Decimal("49.99"), 1000, 50), True, id="less spend"),
        pytest.param(Counts(10, Decimal("100"), 499, 50), True, id="fewer impressions"),
        pytest.param(Counts(0, Decimal(0), 0, 0), True, id="empty"),
        pytest.param(Counts(90, Decimal("900"), 9000, 900), False, id="more"),
    ],
)
def test_day_is_shrunk_when_it_lost_more_than_the_share(
    after: Counts, shrunk: bool
) -> None:
    assert is_shrunk(BEFORE, after, 0.5) is shrunk


def test_day_of_refunds_has_not_shrunk_by_being_negative() -> None:
    refunds = Counts(3, Decimal("-100"), 0, 0)

    assert not is_shrunk(refunds, refunds, 0.5)
    assert not is_shrunk(refunds, Counts(3, Decimal("-150"), 0, 0), 0.5)
    assert is_shrunk(refunds, Counts(3, Decimal("-150.01"), 0, 0), 0.5)
    assert is_shrunk(BEFORE, Counts(10, Decimal("-100"), 1000, 50), 0.5)


def test_empty_day_that_stays_empty_has_not_shrunk() -> None:
    nothing = Counts(0, Decimal(0), 0, 0)

    assert not is_shrunk(nothing, nothing, 0.5)


def test_loss_is_confirmed_by_a_second_reading_that_says_the_same() -> None:
    nothing = Counts(0, Decimal(0), 0, 0)
    half = Counts(5, Decimal("50"), 500, 25)

    assert not is_confirmed(None, nothing, 0.5)
    assert is_confirmed(nothing, nothing, 0.5)
    assert is_confirmed(half, half, 0.5)
    # Half first and nothing then: that is a loss once more.
    assert not is_confirmed(half, nothing, 0.5)
    # Nothing first and half then: the first was a slip, and says nothing of the half.
    assert not is_confirmed(nothing, half, 0.5)


def level(impressions: int, clicks: int = 0) -> dict[date, Counts]:
    return {MONDAY: Counts(1, Decimal(0), impressions, clicks)}


def test_level_with_fewer_impressions_or_clicks_than_another_is_short() -> None:
    found = short_days(
        {"account": level(100, 9), "campaign": level(100, 9), "ad": level(99, 9)}, []
    )
    of_clicks = short_days({"account": level(100, 9), "ad": level(100, 8)}, [])

    assert found == {"ad": [MONDAY]}
    assert of_clicks == {"ad": [MONDAY]}


def test_account_is_short_when_its_ads_hold_more() -> None:
    assert short_days({"account": level(90), "ad": level(100)}, []) == {
        "account": [MONDAY]
    }


def test_running_day_may_differ_by_two_in_a_hundred() -> None:
    within = short_days({"account": level(100), "ad": level(98)}, [MONDAY])
    beyond = short_days({"account": level(100), "ad": level(97)}, [MONDAY])

    assert within == {}
    assert beyond == {"ad": [MONDAY]}


def test_levels_are_compared_only_on_days_that_both_have() -> None:
    tuesday = {TUESDAY: Counts(1, Decimal(0), 5, 0)}

    assert short_days({"account": level(100), "ad": tuesday}, []) == {}
