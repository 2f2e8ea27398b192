"""How a window is asked for, and how it is split when it is too much."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from ingest.fields import Level
from ingest.insights_request import WindowReading
from ingest.request_shape import (
    ANY_DAYS,
    RequestShape,
    calls,
    choose,
    expected_rows_a_day,
    narrower,
)
from ingest.spool import DayContent

AT_ONCE = RequestShape("now", days=15, page_limit=500)


def test_window_of_few_rows_is_asked_for_at_once() -> None:
    choice = choose(15, rows_a_day=1333, page_limit=500, remembered=None)

    # 15 x 1333 = 19 995.
    assert choice.shape == AT_ONCE
    assert choice.reason == "about 19995 rows expected, at most 20000"


def test_window_of_many_rows_is_made_as_a_report() -> None:
    choice = choose(15, rows_a_day=1334, page_limit=500, remembered=None)

    assert choice.shape == RequestShape("report", days=15, page_limit=500)
    assert choice.reason == "about 20010 rows expected, over 20000"


def test_window_that_was_split_begins_with_what_worked() -> None:
    worked = RequestShape("now", days=4, page_limit=125, campaigns=25)

    choice = choose(15, rows_a_day=10, page_limit=500, remembered=worked)

    assert choice.shape == worked
    assert choice.reason == "split as it had to be the last time"


def test_shorter_window_than_what_worked_stays_as_short_as_it_is() -> None:
    worked = RequestShape("report", days=4, page_limit=125)

    choice = choose(2, rows_a_day=10, page_limit=500, remembered=worked)

    assert choice.shape == RequestShape("report", days=2, page_limit=125)


@pytest.mark.parametrize(
    ("level", "breakdown", "seen", "objects", "rows"),
    [
        pytest.param("ad", "none", 12.2, 999, 13, id="as seen, rounded up"),
        pytest.param("ad", "none", None, 240, 240, id="a row an ad"),
        pytest.param("ad", "country", None, 240, 1200, id="five countries an ad"),
        pytest.param("account", "country", None, 0, 5, id="one account"),
        pytest.param("campaign", "none", None, 0, 1, id="nothing known"),
    ],
)
def test_rows_are_expected_from_what_was_seen_else_from_the_objects(
    level: Level, breakdown: str, seen: float | None, objects: int, rows: int
) -> None:
    assert expected_rows_a_day(level, breakdown, seen, objects) == rows  # type: ignore[arg-type]


def ladder(shape: RequestShape, level: Level, longest: int) -> Iterator[RequestShape]:
    while smaller := narrower(shape, level, longest, page_limit=500):
        yield (shape := smaller)


def test_request_gets_smaller_pages_then_days_then_campaigns_then_a_report() -> None:
    steps = list(ladder(AT_ONCE, "ad", longest=15))

    assert steps == [
        RequestShape("now", 15, 125),
        RequestShape("now", 15, 31),
        RequestShape("now", 15, 25),
        RequestShape("now", 4, 25),
        RequestShape("now", 1, 25),
        RequestShape("now", 1, 25, campaigns=25),
        RequestShape("now", 1, 25, campaigns=5),
        RequestShape("now", 1, 25, campaigns=1),
        RequestShape("report", 15, 500),
        RequestShape("report", 4, 500),
        RequestShape("report", 1, 500),
        RequestShape("report", 1, 500, campaigns=25),
        RequestShape("report", 1, 500, campaigns=5),
        RequestShape("report", 1, 500, campaigns=1),
    ]


def test_account_has_one_row_a_day_that_no_campaign_splits() -> None:
    steps = list(ladder(AT_ONCE, "account", longest=15))

    assert [step.campaigns for step in steps] == [None] * len(steps)
    assert steps[-1] == RequestShape("report", 1, 500)


@pytest.mark.parametrize(
    ("shape", "count"),
    [
        # 15 days of 100 rows are three pages of 500.
        pytest.param(AT_ONCE, 3, id="pages"),
        # Four requests (15 days by 4), each of 400 rows: one page.
        pytest.param(RequestShape("now", 4, 500), 4, id="few days a request"),
        # One to order the report, two to ask after it.
        pytest.param(RequestShape("report", 15, 500), 6, id="report"),
    ],
)
def test_calls_are_pages_and_what_a_report_costs(
    shape: RequestShape, count: int
) -> None:
    assert calls(shape, days=15, rows_a_day=100) == count


@pytest.mark.parametrize(
    ("reading", "shape"),
    [
        pytest.param((15, 15, False), None, id="not split"),
        pytest.param((15, 4, True), 4, id="fewer days than asked for"),
        pytest.param((2, 2, True), ANY_DAYS, id="smaller pages, every day at once"),
    ],
)
def test_days_are_learned_only_where_they_had_to_be_fewer(
    reading: tuple[int, int, bool], shape: int | None
) -> None:
    asked, days, was_split = reading
    read = WindowReading(
        datetime(2026, 3, 1, tzinfo=UTC),
        asked,
        RequestShape("now", days, 125),
        {date(2026, 3, 1): DayContent()},
        was_split,
    )

    assert (read.learned.days if read.learned else None) == shape
