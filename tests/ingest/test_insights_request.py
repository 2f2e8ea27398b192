"""A window is asked for in the shape it needs, split, begun again, and never halved."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ingest.errors import TooMuchData
from ingest.fields import EFFECTIVE_STATUSES, Breakdown, Level
from ingest.graph_client import GraphClient, Limits
from ingest.insights_request import InsightsRequest, WindowReading
from ingest.pace import Pace
from ingest.request_shape import RequestShape
from ingest.sandbox.page_faults import cursor_repeated, page_edited, stale_cursor
from ingest.sandbox.server import Sandbox
from ingest.sandbox.size_limits import SizeLimits
from ingest.sandbox.world import default_world
from ingest.spool import Spool
from ingest.windows import DateWindow
from tests.fixtures.fake_time import clock_of_sandbox

ACME = "100000000000001"
DAYS = DateWindow(date(2026, 3, 2), date(2026, 3, 9))
AT_ONCE = RequestShape("now", days=8, page_limit=500)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(default_world()) as running:
        yield running


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    it = Spool(tmp_path / "spool")
    yield it
    it.close()


def read(
    sandbox: Sandbox,
    spool: Spool,
    level: Level = "ad",
    breakdown: Breakdown = "none",
    shape: RequestShape = AT_ONCE,
    days: DateWindow = DAYS,
    limits: Limits | None = None,
) -> WindowReading:
    clock = clock_of_sandbox(sandbox)
    pace = Pace(clock, longest_wait=0, tier="standard_access")
    token = sandbox.token
    client = GraphClient(
        sandbox.url,
        "v25.0",
        token,
        account_id=ACME,
        limits=limits,
        clock=clock,
        pace=pace,
    )
    request = InsightsRequest(
        client, spool, clock, ACME, page_limit=500, load_seconds=7200
    )
    return request.read(level, breakdown, days, shape, lambda *_: True)


def totals(reading: WindowReading) -> dict[date, tuple[int, int]]:
    """Rows and impressions of each day."""
    return {
        day: (content.row_count, content.impressions)
        for day, content in reading.contents.items()
    }


def truth(sandbox: Sandbox, level: Level = "ad") -> dict[date, tuple[int, int]]:
    found = {day: sandbox.truth(ACME, level, day) for day in DAYS.days()}
    return {
        day: (len(objects), sum(int(each["impressions"]) for each in objects.values()))
        for day, objects in found.items()
    }


def insight_requests(sandbox: Sandbox) -> list[dict[str, str]]:
    return [e.params for e in sandbox.requests if e.path.endswith("/insights")]


def statuses_asked(params: dict[str, str]) -> list[str]:
    (statuses,) = [
        condition["value"]
        for condition in json.loads(params["filtering"])
        if condition["field"].endswith(".effective_status")
    ]
    return list(statuses)


SPLITS = [
    pytest.param(
        SizeLimits(rows_a_page=31),
        RequestShape("now", 8, 31),
        id="smaller pages",
    ),
    # Eight days, then two, of about thirty rows each.
    pytest.param(
        SizeLimits(days_a_request=2), RequestShape("now", 2, 25), id="fewer days"
    ),
    pytest.param(
        SizeLimits(rows_a_request=10),
        RequestShape("now", 1, 25, campaigns=1),
        id="one campaign at a time",
    ),
    pytest.param(
        SizeLimits(rows_a_request=0), RequestShape("report", 8, 500), id="a report"
    ),
]


@pytest.mark.parametrize(("limits", "shape"), SPLITS)
def test_window_that_is_too_much_is_split_and_whole(
    sandbox: Sandbox, spool: Spool, limits: SizeLimits, shape: RequestShape
) -> None:
    sandbox.size_limits = limits

    reading = read(sandbox, spool)

    assert reading.problem is None
    assert (reading.shape, reading.was_split) == (shape, True)
    assert totals(reading) == truth(sandbox)


@pytest.mark.parametrize(("limits", "shape"), SPLITS)
def test_every_part_of_a_split_window_asks_for_every_status(
    sandbox: Sandbox, spool: Spool, limits: SizeLimits, shape: RequestShape
) -> None:
    sandbox.size_limits = limits

    read(sandbox, spool)

    of_ads = [p for p in insight_requests(sandbox) if p.get("level") == "ad"]
    assert len(of_ads) > 2
    assert all(statuses_asked(p) == [*EFFECTIVE_STATUSES["ad"]] for p in of_ads)
    of_campaigns = [p for p in insight_requests(sandbox) if p not in of_ads]
    statuses = [*EFFECTIVE_STATUSES["campaign"]]
    assert all(statuses_asked(p) == statuses for p in of_campaigns if "filtering" in p)
    assert all("filtering" in p for p in of_campaigns if "level" in p)


def test_window_that_nothing_makes_small_enough_is_not_read(
    sandbox: Sandbox, spool: Spool
) -> None:
    sandbox.size_limits = SizeLimits(rows_a_request=0, report_rows=0)

    reading = read(sandbox, spool)

    assert isinstance(reading.problem, TooMuchData)
    assert reading.contents == {}


def test_day_that_nothing_makes_small_enough_leaves_the_others_read(
    sandbox: Sandbox, spool: Spool
) -> None:
    of_the_fifth = r'"since":"2026-03-05"'
    sandbox.reports.plan(match=of_the_fifth, outcome="fail", times=None)

    reading = read(sandbox, spool, shape=RequestShape("report", 1, 500, campaigns=100))

    assert isinstance(reading.problem, TooMuchData)
    rest = truth(sandbox)
    del rest[date(2026, 3, 5)]
    assert totals(reading) == rest


def test_listing_without_an_end_is_asked_for_fewer_days_not_smaller_pages(
    sandbox: Sandbox, spool: Spool
) -> None:
    # Eight days of fifteen rows are three pages of fifty, two days are one.
    shape = RequestShape("now", 8, 50)

    reading = read(sandbox, spool, shape=shape, limits=Limits(pages=2))

    assert reading.problem is None
    assert reading.shape == RequestShape("now", 2, 50)
    assert totals(reading) == truth(sandbox)


def test_day_that_cannot_be_stored_leaves_the_others_read(
    sandbox: Sandbox, spool: Spool
) -> None:
    def spoiled(row: dict[str, object]) -> dict[str, object]:
        return row | {"ad_id": None} if row["date_start"] == "2026-03-05" else row

    fault = page_edited(
        lambda _, page: page | {"data": [spoiled(row) for row in page["data"]]}
    )
    sandbox.faults.add(match="insights", fault=fault, times=None)

    reading = read(sandbox, spool)

    rest = truth(sandbox)
    del rest[date(2026, 3, 5)]
    assert reading.problem is not None
    assert reading.problem.code == "SPOOL-ROWS"
    assert totals(reading) == rest


def test_report_that_fails_twice_is_made_a_third_time(
    sandbox: Sandbox, spool: Spool
) -> None:
    sandbox.reports.plan(match="insights", outcome="fail", times=2)

    reading = read(sandbox, spool, shape=RequestShape("report", 8, 500))

    assert reading.problem is None
    assert not reading.was_split
    assert totals(reading) == truth(sandbox)


def test_report_that_keeps_failing_is_asked_for_fewer_days(
    sandbox: Sandbox, spool: Spool
) -> None:
    sandbox.reports.plan(match="insights", outcome="fail", times=3)

    reading = read(sandbox, spool, shape=RequestShape("report", 8, 500))

    assert reading.problem is None
    assert reading.shape == RequestShape("report", 2, 500)
    assert totals(reading) == truth(sandbox)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(stale_cursor(), id="stale"),
        pytest.param(cursor_repeated(), id="repeated"),
    ],
)
def test_listing_whose_cursor_breaks_begins_again(
    sandbox: Sandbox, spool: Spool, fault: object
) -> None:
    sandbox.faults.add(match="after=", fault=fault)  # type: ignore[arg-type]

    reading = read(sandbox, spool, shape=RequestShape("now", 8, 25))

    assert reading.problem is None
    assert totals(reading) == truth(sandbox)


def test_cursor_that_keeps_breaking_leaves_the_window_unread_and_no_page_behind(
    sandbox: Sandbox, spool: Spool, tmp_path: Path
) -> None:
    sandbox.faults.add(match="after=", fault=stale_cursor(), times=None)

    reading = read(sandbox, spool, shape=RequestShape("now", 8, 25))

    assert reading.problem is not None
    assert reading.problem.code == "META-100"
    assert reading.contents == {}
    assert [*(tmp_path / "spool").glob("page*")] == []


def test_window_without_delivery_is_empty_by_campaign_too(
    sandbox: Sandbox, spool: Spool
) -> None:
    # Before the account was created: no campaign has a row to ask for.
    long_ago = DateWindow(date(2025, 11, 1), date(2025, 11, 2))

    reading = read(
        sandbox, spool, shape=RequestShape("now", 2, 500, campaigns=1), days=long_ago
    )

    assert reading.problem is None
    assert [content.row_count for content in reading.contents.values()] == [0, 0]
