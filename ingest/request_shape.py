"""How a window of insights is asked for, and how it is split if it is too much. Pure.

A small window is asked for at once; a large one is made as a report job. When Meta
finds a request too large it is made smaller one step at a time: the page, the days,
the campaigns; then a report job. What worked is written into the receipts, and the
next run begins with it.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

from ingest.fields import Breakdown, Level

Mode = Literal["now", "report"]

# Rows of one request past which Meta tends to run out of time while one waits for them.
REPORT_FROM_ROWS = 20_000
# Countries that an object of an average account shows on a day.
COUNTRIES_EXPECTED = 5
SMALLEST_PAGE = 25
MOST_CAMPAIGNS = 25
# To have it made, and to ask twice whether it is ready.
CALLS_A_REPORT = 3
# More than any window has: of a shape whose days were never too many.
ANY_DAYS = 10_000
# What Meta could not take once is tried again after so long: campaigns end.
REMEMBERED_DAYS = 7
# What took too long may have met an hour's trouble of Meta's.
SLOW_REMEMBERED_DAYS = 1


@dataclass(frozen=True)
class RequestShape:
    """How large one request may be.

    Attributes:
        mode: answered at once, or made as a report job.
        days: most days in one request.
        page_limit: rows a page.
        campaigns: most campaigns in one request; None: all, without a filter.
    """

    mode: Mode
    days: int
    page_limit: int
    campaigns: int | None = None


@dataclass(frozen=True)
class Choice:
    """A shape and why it was chosen, as a sentence."""

    shape: RequestShape
    reason: str


def expected_rows_a_day(
    level: Level, breakdown: Breakdown, seen: float | None, objects: int
) -> int:
    """How many rows a day is likely to hold.

    Args:
        seen: rows a day of earlier readings of the level and breakdown; None: none yet.
        objects: how many objects of the level are known.
    """
    if seen is not None:
        return math.ceil(seen)
    countries = COUNTRIES_EXPECTED if breakdown == "country" else 1
    return max(1 if level == "account" else objects, 1) * countries


def choose(
    days: int, rows_a_day: int, page_limit: int, remembered: RequestShape | None
) -> Choice:
    """The shape with which to begin on a window of so many days.

    Args:
        remembered: what worked after a split, not long ago.
    """
    rows = days * rows_a_day
    mode: Mode = "report" if rows > REPORT_FROM_ROWS else "now"
    if remembered is None:
        side = "over" if mode == "report" else "at most"
        reason = f"about {rows} rows expected, {side} {REPORT_FROM_ROWS}"
        return Choice(RequestShape(mode, days, page_limit), reason)
    shape = RequestShape(
        mode="report" if "report" in (mode, remembered.mode) else "now",
        days=min(days, remembered.days),
        page_limit=min(page_limit, remembered.page_limit),
        campaigns=remembered.campaigns,
    )
    return Choice(shape, "split as it had to be the last time")


def calls(shape: RequestShape, days: int, rows_a_day: int) -> int:
    """Calls that a window of so many days is likely to take."""
    requests = math.ceil(days / shape.days)
    pages = max(1, math.ceil(rows_a_day * shape.days / shape.page_limit))
    return requests * (pages + (CALLS_A_REPORT if shape.mode == "report" else 0))


def narrower(
    shape: RequestShape, level: Level, longest: int, page_limit: int
) -> RequestShape | None:
    """The next smaller shape; None when there is none.

    Smaller pages, then fewer days, then fewer campaigns, then a report job of `longest`
    days, which again gives way to fewer days and fewer campaigns. An account has one
    row a day, which no campaigns could split.

    Args:
        page_limit: rows a page of a report, which is read without work for Meta.
    """
    if shape.mode == "now" and shape.page_limit > SMALLEST_PAGE:
        return replace(shape, page_limit=max(shape.page_limit // 4, SMALLEST_PAGE))
    if (shorter := fewer_days(shape)) is not None:
        return shorter
    if level != "account" and shape.campaigns is None:
        return replace(shape, campaigns=MOST_CAMPAIGNS)
    if shape.campaigns is not None and shape.campaigns > 1:
        return replace(shape, campaigns=math.ceil(shape.campaigns / 5))
    if shape.mode == "now":
        return RequestShape("report", longest, page_limit)
    return None


def fewer_days(shape: RequestShape) -> RequestShape | None:
    """A quarter of the days; None where there is one day already."""
    if shape.days == 1:
        return None
    return replace(shape, days=math.ceil(shape.days / 4))
