"""Receipts: rows of the ledger that say what was read, how, and what came of it. Pure.

Rows without a complete receipt do not exist for anyone downstream.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime

from ingest import fields
from ingest.errors import Deferred, PathwaysError, ShrinkHeldBack
from ingest.expectation import Window
from ingest.fields import Breakdown, Level, ObjectType
from ingest.files import digest
from ingest.insights_request import WindowReading
from ingest.ledger import Account, Reading
from ingest.levels import LevelsReader, LevelsReading
from ingest.request_shape import ANY_DAYS, RequestShape
from ingest.spool import DayContent
from ingest.windows import is_partial

Receipt = dict[str, object]


def of_windows(
    reader: LevelsReader, found: LevelsReading, calls: int
) -> Iterator[Receipt]:
    """One receipt for each window and day that was asked for."""
    for window, reading in found.readings.items():
        for day in found.days.days():
            refused = found.refused.get((window, day))
            content = reading.contents.get(day)
            problem = refused or (reading.problem if content is None else None)
            if isinstance(problem, ShrinkHeldBack) and content is not None:
                yield _of_window(reader, window, reading, day) | {
                    "outcome": "held",
                    **_said(problem),
                    **asdict(content),
                }
            elif content is not None:
                yield _complete(reader, window, reading, day, content, calls)
            elif problem is not None and not isinstance(problem, Deferred):
                yield _of_window(reader, window, reading, day) | {
                    "is_whole": False,
                    "outcome": "failed",
                    **_shape(reading.next_shape),
                    **_said(problem),
                }


def is_new(held: Reading | None, content: DayContent) -> bool:
    """Whether the rows of a day differ from those that hold."""
    return held is None or held.content_hash != content.content_hash


def of_listing(
    object_type: ObjectType,
    requested_at: datetime,
    changed_since: datetime | None,
    row_count: int,
    pages: int,
    calls: int,
) -> Receipt:
    """The receipt of a listing of objects that was read to its end."""
    return {
        "resource": "objects",
        "level": object_type,
        "requested_at": requested_at,
        "changed_since": changed_since,
        "is_whole": changed_since is None,
        "row_count": row_count,
        "pages": pages,
        "attempts": calls,
        "outcome": "complete",
    }


def of_held_listing(
    object_type: ObjectType,
    requested_at: datetime,
    lost: list[str],
    problem: PathwaysError,
) -> Receipt:
    """The receipt of a whole listing that lacked too many objects to be believed.

    Args:
        lost: ids of the objects that it lacked, sorted.
    """
    return {
        "resource": "objects",
        "level": object_type,
        "requested_at": requested_at,
        "is_whole": True,
        "row_count": len(lost),
        "content_hash": digest(lost),
        "outcome": "held",
        **_said(problem),
    }


def of_failed_account(requested_at: datetime, problem: PathwaysError) -> Receipt:
    """The receipt of an account that could not be read on."""
    return {
        "resource": "account",
        "requested_at": requested_at,
        "outcome": "failed",
        **_said(problem),
    }


def of_limits(
    use_case: str | None,
    requested_at: datetime,
    tier: str | None,
    used_percent: float | None,
    points: int,
    resume_at: datetime | None,
) -> Receipt:
    """The receipt of what Meta said of its limits.

    Args:
        use_case: what is shut until `resume_at`; None: every call of the app.
        points: what the account spent of a new app's points just before.
    """
    return {
        "resource": "limits",
        "level": use_case,
        "requested_at": requested_at,
        "access_tier": tier,
        "used_percent": None if used_percent is None else round(used_percent),
        "attempts": points,
        "resume_at": resume_at,
        "outcome": "deferred" if resume_at else "complete",
    }


def common(account_id: str, api_version: str, account: Account | None) -> Receipt:
    """What every receipt of an account carries."""
    return {
        "account_id": account_id,
        "timezone_name": account.timezone_name if account else None,
        "api_version": api_version,
    }


def _complete(
    reader: LevelsReader,
    window: Window,
    reading: WindowReading,
    day: date,
    content: DayContent,
    calls: int,
) -> Receipt:
    held = reader.held(window, day)
    new = is_new(held, content)
    return {
        **_of_window(reader, window, reading, day),
        "is_whole": True,
        "outcome": "complete",
        **asdict(content),
        "rows_load_id": None if new or held is None else held.rows_load_id,
        "attribution_requested": fields.ATTRIBUTION_REQUESTED,
        "request_mode": reading.shape.mode,
        **_shape(reading.learned),
        "pages": reading.pages,
        "attempts": calls,
    }


def _of_window(
    reader: LevelsReader, window: Window, reading: WindowReading, day: date
) -> Receipt:
    level: Level
    breakdown: Breakdown
    level, breakdown = window
    zone = reader.account.timezone_name
    return {
        "resource": "insights",
        "level": level,
        "breakdown": breakdown,
        "date_day": day,
        "requested_at": reading.requested_at,
        "is_partial_day": is_partial(day, reading.requested_at, zone),
    }


def _shape(shape: RequestShape | None) -> Receipt:
    """How the next run is to ask; empty where that is not known."""
    if shape is None:
        return {}
    return {
        "request_mode": shape.mode,
        "request_days": shape.days if shape.days < ANY_DAYS else None,
        "request_page_limit": shape.page_limit,
        "request_campaigns": shape.campaigns,
    }


def _said(problem: PathwaysError) -> Receipt:
    return {"error_code": problem.code, "error": problem.message}
