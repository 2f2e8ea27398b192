"""Rows of metrics as core holds them, in pages: every status, nothing summed."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import coverage, meta, read_days
from api.cursors import read_cursor, write_cursor
from api.errors import BadParameter
from api.params import (
    DASHBOARD_DAYS,
    Level,
    MomentAsked,
    RowsQuery,
    SnapshotAsked,
    UsedSettings,
    asked_store,
    asked_window,
)
from api.schemas import NOTHING_HIDDEN, Answer, Meta, StatusFilter
from api.schemas_objects import AccountRow, AdRow, AdsetRow, CampaignRow
from api.settings import Settings
from api.snapshots import Reader, Row

router = APIRouter(prefix="/v1/rows", tags=["rows"])

KEYS: dict[Level, tuple[str, ...]] = {
    "campaign": ("date_day", "account_id", "campaign_id", "country_code"),
    "adset": ("date_day", "account_id", "adset_id", "country_code"),
    "ad": ("date_day", "account_id", "ad_id", "country_code"),
    "account": ("date_day", "account_id"),
}
AFTER = ("after_day", "after_account", "after_object", "after_country")


@router.get(
    "/campaign", summary="Campaigns by day and country (core.meta_daily_metrics)"
)
def campaign_rows(
    asked: Annotated[RowsQuery, Query()],
    reader: SnapshotAsked,
    settings: UsedSettings,
    now: MomentAsked,
) -> Answer[list[CampaignRow]]:
    rows, about = _page("campaign", asked, reader, settings, now)
    return Answer(data=[CampaignRow.model_validate(row) for row in rows], meta=about)


@router.get("/adset", summary="Ad sets by day and country (core.meta_adset_metrics)")
def adset_rows(
    asked: Annotated[RowsQuery, Query()],
    reader: SnapshotAsked,
    settings: UsedSettings,
    now: MomentAsked,
) -> Answer[list[AdsetRow]]:
    rows, about = _page("adset", asked, reader, settings, now)
    return Answer(data=[AdsetRow.model_validate(row) for row in rows], meta=about)


@router.get("/ad", summary="Ads by day and country (core.meta_ad_metrics)")
def ad_rows(
    asked: Annotated[RowsQuery, Query()],
    reader: SnapshotAsked,
    settings: UsedSettings,
    now: MomentAsked,
) -> Answer[list[AdRow]]:
    rows, about = _page("ad", asked, reader, settings, now)
    return Answer(data=[AdRow.model_validate(row) for row in rows], meta=about)


@router.get(
    "/account", summary="Accounts by day, with true reach (core.meta_level_totals)"
)
def account_rows(
    asked: Annotated[RowsQuery, Query()],
    reader: SnapshotAsked,
    settings: UsedSettings,
    now: MomentAsked,
) -> Answer[list[AccountRow]]:
    if asked.country is not None or asked.campaign_ids is not None:
        raise BadParameter(
            "Rows of accounts have neither country nor campaign.",
            "Leave out country and campaign_id, or ask for /v1/rows/campaign.",
        )
    rows, about = _page("account", asked, reader, settings, now)
    return Answer(data=[AccountRow.model_validate(row) for row in rows], meta=about)


def _page(
    level: Level, asked: RowsQuery, reader: Reader, settings: Settings, now: datetime
) -> tuple[list[Row], Meta]:
    store = asked_store(reader, asked.store)
    window = asked_window(reader, store["store"], asked, "none", now, DASHBOARD_DAYS)
    request = {
        "route": level,
        "store": store["store"],
        "since": window.since,
        "until": window.until,
        "country": asked.country,
        "campaign_ids": asked.campaign_ids,
        "object_id": asked.object_id,
    }
    after: list[str | None] = [None] * len(KEYS[level])
    if asked.cursor is not None:
        after = [*read_cursor(asked.cursor, reader.snapshot_id, request, len(after))]
    found = reader.rows(
        f"rows_{level}",
        {
            **request,
            **dict(zip(AFTER, after, strict=False)),
            # One more tells whether there is a next page.
            "row_limit": asked.limit + 1,
        },
    )
    page = found[: asked.limit]
    next_cursor = None
    if len(found) > asked.limit:
        key = [str(page[-1][name]) for name in KEYS[level]]
        next_cursor = write_cursor(reader.snapshot_id, request, key)
    days = read_days(reader, store["store"], window)
    about = meta(
        settings,
        reader,
        now,
        [store],
        window=window,
        days=days,
        status_filter=StatusFilter(include_inactive=True, hidden=NOTHING_HIDDEN),
        covered=coverage(days, None, None),
        next_cursor=next_cursor,
    )
    return page, about
