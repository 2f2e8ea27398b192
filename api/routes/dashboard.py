"""The dashboard: overview, trends, campaigns and countries of one window."""

from bisect import bisect_left
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.answers import UNCONVERTED, Days, coverage, meta, read_days, unconverted
from api.asked import Window, asked_store, asked_window, check_campaigns
from api.dependencies import MomentAsked, SnapshotAsked, UsedSettings
from api.params import DASHBOARD_DAYS, DashboardQuery
from api.schemas import Answer, Hidden, StatusFilter, Unconverted
from api.schemas_dashboard import METRICS, RATIOS, Dashboard
from api.snapshots import Row

router = APIRouter(prefix="/v1", tags=["dashboard"])


@router.get("/dashboard", summary="Overview, trends, campaigns and countries")
def dashboard(
    asked: Annotated[DashboardQuery, Query()],
    reader: SnapshotAsked,
    settings: UsedSettings,
    now: MomentAsked,
) -> Answer[Dashboard]:
    store = asked_store(reader, asked.store)
    window = asked_window(
        reader, store["store"], asked, asked.compare, now, DASHBOARD_DAYS
    )
    check_campaigns(reader, store["store"], asked.campaign_ids)
    days = read_days(reader, store["store"], window, "campaign")
    rows = reader.rows(
        "dashboard",
        {
            "store": store["store"],
            **window.values(),
            "grain": asked.grain,
            "include_inactive": asked.include_inactive,
            "campaign_ids": asked.campaign_ids,
            "country": asked.country,
            "read_days": days.read(),
            "read_account_ids": days.read_accounts(),
        },
    )
    parts = _parts(rows)
    previous = next((row for row in parts["overview"] if not row["is_current"]), None)
    left_out = [
        unconverted(row["part_key"], row)
        for row in parts["currency"]
        if row["unconverted_rows"]
    ]
    hidden = parts["hidden"][0]
    return Answer(
        data=Dashboard.model_validate(_document(asked, window, days, parts, previous)),
        meta=meta(
            settings,
            reader,
            now,
            [store],
            window=window,
            days=days,
            status_filter=StatusFilter(
                include_inactive=asked.include_inactive,
                hidden=Hidden(
                    spend=hidden["spend"],
                    purchases=hidden["orders"],
                    objects=hidden["campaign_count"] or 0,
                ),
            ),
            covered=coverage(
                days, left_out, previous["unconverted_rows"] if previous else None
            ),
            warnings=_warnings(days, left_out, hidden, asked),
        ),
    )


def _parts(rows: list[Row]) -> dict[str, list[Row]]:
    names = ("overview", "trend", "campaign", "country", "hidden", "currency")
    return {name: [row for row in rows if row["part"] == name] for name in names}


def _document(
    asked: DashboardQuery,
    window: Window,
    days: Days,
    parts: dict[str, list[Row]],
    previous: Row | None,
) -> dict[str, Any]:
    is_whole = not days.missing(is_current=True) and not days.missing(is_current=False)
    return {
        "compared_with": {
            "compare": asked.compare,
            "since": window.previous_since,
            "until": window.previous_until,
        },
        "overview": {
            name: _figure(name, parts["overview"][0], previous, is_whole)
            for name in METRICS
        },
        "attribution_setting": parts["overview"][0]["attribution_setting"],
        "grain": asked.grain,
        "trends": _trends(parts["trend"], days),
        "campaigns": [{**row, **_metrics(row)} for row in parts["campaign"]],
        "countries": [
            {**_metrics(row), "country_code": row["part_key"]}
            for row in parts["country"]
        ],
    }


def _trends(rows: list[Row], days: Days) -> list[dict[str, Any]]:
    read, partial = days.read(), days.partial()
    missing = days.missing(is_current=True)
    return [
        {
            **_metrics(row),
            "date_day": row["part_key"],
            "since": row["trend_since"],
            "until": row["trend_until"],
            "is_cut": row["is_cut"],
            "has_missing_days": _has_one_of(missing, row),
            "is_partial_day": (
                _has_one_of(partial, row) if _has_one_of(read, row) else None
            ),
            "settled_share": row["settled_share"],
        }
        for row in rows
    ]


def _has_one_of(days: list[date], trend: Row) -> bool:
    """Whether one of some days, which are in order, is among those of a trend."""
    first = bisect_left(days, trend["trend_since"])
    return first < len(days) and days[first] <= trend["trend_until"]


def _reason(name: str, row: Row) -> str | None:
    if row[name] is not None:
        return None
    if name in RATIOS:
        return str(row[f"{name}_reason"])
    return str(
        row["money_reason"]
        if name in ("spend", "revenue", "orders")
        else row["count_reason"]
    )


def _metrics(row: Row) -> dict[str, Any]:
    reasons = {name: _reason(name, row) for name in METRICS if row[name] is None}
    return {
        **{name: row[name] for name in METRICS},
        "reasons": reasons,
        "attribution_setting": row["attribution_setting"],
    }


def _figure(
    name: str, row: Row, previous: Row | None, is_whole: bool
) -> dict[str, Any]:
    change = row[f"{name}_change"] if previous is not None and is_whole else None
    why = None
    if change is None:
        if previous is None:
            why = "not_compared"
        elif not is_whole:
            why = "not_fully_read"
        elif row[name] is None:
            why = "value_unknown"
        elif previous[name] is None:
            why = "previous_unknown"
        else:
            why = "previous_zero"
    return {
        "value": row[name],
        "previous": None if previous is None else previous[name],
        "change": change,
        "reason": _reason(name, row),
        "change_reason": why,
    }


def _warnings(
    days: Days, left_out: list[Unconverted], hidden: Row, asked: DashboardQuery
) -> list[str]:
    found = []
    if left_out:
        found.append(UNCONVERTED)
    if missing := days.missing(is_current=True):
        found.append(
            f"{len(missing)} days of the window were not fully read; see "
            "coverage.missing_days."
        )
    if asked.campaign_ids and hidden["campaign_count"]:
        found.append(
            "Of the campaigns asked for some are not active now and hidden: add "
            "include_inactive=true."
        )
    return found
