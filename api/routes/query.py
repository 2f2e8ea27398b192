"""Any measures by any dimensions of the registry."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.answers import coverage, meta, read_days
from api.asked import asked_store, asked_window
from api.cursors import read_cursor, write_cursor
from api.dependencies import MomentAsked, SnapshotAsked, UsedSettings
from api.measures import Plan, planned
from api.params import DASHBOARD_DAYS, PastQuery
from api.schemas import NOTHING_HIDDEN, Answer, StatusFilter
from api.schemas_query import MetricsQuery, QueryColumn, QueryResult, QueryRow
from api.snapshots import Reader, Row

router = APIRouter(prefix="/v1", tags=["query"])

UNCONVERTED = (
    "Some rows have no exchange rate: money, orders and their ratios leave them out, "
    "where has_unconverted says so."
)
MIXED = (
    "Some groups add up several attribution settings, which measure different things: "
    "see is_attribution_mixed."
)
UNKNOWN = (
    "Of some groups it is not known whether they add up several attribution settings: "
    "is_attribution_mixed is null."
)
REASONS = {
    "spend_account_currency": "several_currencies",
    "purchase_value_account_currency": "several_currencies",
    **dict.fromkeys(
        (
            *("spend", "revenue", "purchase_value", "orders"),
            *("converted_impressions", "converted_clicks"),
        ),
        "no_rate",
    ),
}


@router.post(
    "/query",
    summary="Measures by dimensions: sums, ratios of sums, filters, order",
    response_model=Answer[QueryResult],
    response_model_exclude_unset=True,
)
def query(
    asked: MetricsQuery,
    _: Annotated[PastQuery, Query()],
    reader: SnapshotAsked,
    settings: UsedSettings,
    now: MomentAsked,
) -> Answer[QueryResult]:
    store = asked_store(reader, asked.store)
    window = asked_window(reader, store["store"], asked, "none", now, DASHBOARD_DAYS)
    metrics, dimensions = (
        {
            row["name"]: row
            for row in reader.rows(f"{kind}_definitions", {"names": None})
        }
        for kind in ("metric", "dimension")
    )
    plan = planned(asked, metrics, dimensions)
    request = {"store": store["store"], **window.values(), **plan.values}
    passed = _passed(asked.cursor, reader, request)
    found = reader.rows(
        "query",
        {
            **request,
            "rows_before": passed,
            # One more tells whether there are more groups.
            "row_limit": asked.limit + 1,
        },
    )
    is_truncated = len(found) > asked.limit
    days = read_days(reader, store["store"], window, plan.level)
    rows = [_row(row, plan) for row in found[: asked.limit]]
    mixed = {row.is_attribution_mixed for row in rows}
    said = {
        UNCONVERTED: any(row.has_unconverted for row in rows),
        MIXED: True in mixed,
        UNKNOWN: None in mixed,
    }
    columns = [
        *(("dimension", dimensions[name]) for name in plan.dimensions),
        *(("measure", metrics[name]) for name in plan.measures),
    ]
    return Answer(
        data=QueryResult(
            level=plan.level,
            grain=(asked.grain or "day") if "date_day" in plan.dimensions else None,
            columns=[_column(kind, defined) for kind, defined in columns],
            rows=rows,
            is_truncated=is_truncated,
        ),
        meta=meta(
            settings,
            reader,
            now,
            [store],
            window=window,
            days=days,
            status_filter=StatusFilter(include_inactive=True, hidden=NOTHING_HIDDEN),
            covered=coverage(days, None, None),
            warnings=[text for text, is_so in said.items() if is_so],
            next_cursor=write_cursor(reader, request, [passed + asked.limit])
            if is_truncated
            else None,
        ),
    )


def _passed(cursor: str | None, reader: Reader, request: dict[str, object]) -> int:
    """How many groups the pages before had; a snapshot's are always in one order."""
    if cursor is None:
        return 0
    (count,) = read_cursor(cursor, reader, request, (_count,))
    assert isinstance(count, int)
    return count


def _count(part: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", part):
        raise ValueError
    return int(part)


def _row(row: Row, plan: Plan) -> QueryRow:
    names = [*plan.dimensions, *plan.measures]
    names += ["is_partial_day", "is_attribution_mixed", "has_unconverted"]
    if "date_day" in plan.dimensions:
        names.append("is_cut")
    reasons = {
        name: row.get(f"{name}_reason") or REASONS.get(name, "not_reported")
        for name in plan.measures
        if row[name] is None
    }
    return QueryRow.model_validate(
        {**{name: row[name] for name in names}, "reasons": reasons}
    )


def _column(kind: str, defined: Row) -> QueryColumn:
    told: dict[str, Any] = {"unit": None, "good_direction": None, **defined}
    return QueryColumn.model_validate({**told, "kind": kind})
