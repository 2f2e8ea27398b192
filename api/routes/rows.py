"""Rows of metrics as core holds them, in pages or as exports: nothing is summed."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Response

from api.answers import coverage, meta, read_days
from api.cursors import read_cursor, text, write_cursor
from api.errors import BadParameter
from api.exports import MEDIA_TYPE, Export, UsedExports, asked_form
from api.params import (
    DASHBOARD_DAYS,
    Accepted,
    HasGone,
    Level,
    MomentAsked,
    RowsQuery,
    SnapshotAsked,
    UsedSettings,
    Window,
    asked_store,
    asked_window,
)
from api.schemas import NOTHING_HIDDEN, Answer, StatusFilter
from api.schemas_objects import AccountRow, AdRow, AdsetRow, CampaignRow, MetricsRow
from api.snapshots import Row

router = APIRouter(prefix="/v1/rows", tags=["rows"])

KEYS: dict[Level, tuple[str, ...]] = {
    "campaign": ("date_day", "account_id", "campaign_id", "country_code"),
    "adset": ("date_day", "account_id", "adset_id", "country_code"),
    "ad": ("date_day", "account_id", "ad_id", "country_code"),
    "account": ("date_day", "account_id"),
}
AFTER = ("after_day", "after_account", "after_object", "after_country")
BINARY = {"schema": {"type": "string", "format": "binary"}}
FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page of rows; in the other forms, all rows.",
        "content": {
            media_type: BINARY
            for form, media_type in MEDIA_TYPE.items()
            if form != "json"
        },
    }
}
Shaped = TypeVar("Shaped", bound=MetricsRow)


@dataclass(frozen=True)
class Asking:
    """What each of these routes needs to answer."""

    reader: SnapshotAsked
    settings: UsedSettings
    now: MomentAsked
    accept: Accepted
    has_gone: HasGone
    exports: UsedExports


Rows = Annotated[RowsQuery, Query()]
By = Annotated[Asking, Depends()]


@router.get(
    "/campaign",
    summary="Campaigns by day and country (core.meta_daily_metrics)",
    response_model=Answer[list[CampaignRow]],
    responses=FORMS,
)
def campaign_rows(asked: Rows, by: By) -> Answer[list[CampaignRow]] | Response:
    return _answer("campaign", CampaignRow, asked, by)


@router.get(
    "/adset",
    summary="Ad sets by day and country (core.meta_adset_metrics)",
    response_model=Answer[list[AdsetRow]],
    responses=FORMS,
)
def adset_rows(asked: Rows, by: By) -> Answer[list[AdsetRow]] | Response:
    return _answer("adset", AdsetRow, asked, by)


@router.get(
    "/ad",
    summary="Ads by day and country (core.meta_ad_metrics)",
    response_model=Answer[list[AdRow]],
    responses=FORMS,
)
def ad_rows(asked: Rows, by: By) -> Answer[list[AdRow]] | Response:
    return _answer("ad", AdRow, asked, by)


@router.get(
    "/account",
    summary="Accounts by day, with true reach (core.meta_level_totals)",
    response_model=Answer[list[AccountRow]],
    responses=FORMS,
)
def account_rows(asked: Rows, by: By) -> Answer[list[AccountRow]] | Response:
    if asked.country is not None or asked.campaign_ids is not None:
        raise BadParameter(
            "Rows of accounts have neither country nor campaign.",
            "Leave out country and campaign_id, or ask for /v1/rows/campaign.",
        )
    return _answer("account", AccountRow, asked, by)


def _answer(
    level: Level, shape: type[Shaped], asked: RowsQuery, by: Asking
) -> Answer[list[Shaped]] | Response:
    form = asked_form(asked, by.accept)
    store = asked_store(by.reader, asked.store)
    window = asked_window(
        by.reader, store["store"], asked, "none", by.now, DASHBOARD_DAYS
    )
    request = {
        "route": level,
        "store": store["store"],
        "since": window.since,
        "until": window.until,
        "country": asked.country,
        "campaign_ids": asked.campaign_ids,
        "object_id": asked.object_id,
    }
    if form == "json":
        return _page(level, shape, asked, by, store, window, request)
    export = Export(
        form,
        shape,
        {**request, "level": level},
        f"{store['store']}_{level}_{window.since}_{window.until}",
        {"X-Data-Through": str(store["data_through"] or "")},
        asked.bom,
    )
    return by.exports.answer(by.reader, export, by.has_gone)


def _page(
    level: Level,
    shape: type[Shaped],
    asked: RowsQuery,
    by: Asking,
    store: Row,
    window: Window,
    request: dict[str, object],
) -> Answer[list[Shaped]]:
    reader = by.reader
    after: list[object] = [None] * len(KEYS[level])
    if asked.cursor is not None:
        kinds = (date.fromisoformat, *[text] * (len(after) - 1))
        after = read_cursor(asked.cursor, reader, request, kinds)
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
        next_cursor = write_cursor(reader, request, key)
    days = read_days(reader, store["store"], window, level)
    return Answer(
        data=[shape.model_validate(row) for row in page],
        meta=meta(
            by.settings,
            reader,
            by.now,
            [store],
            window=window,
            days=days,
            status_filter=StatusFilter(include_inactive=True, hidden=NOTHING_HIDDEN),
            covered=coverage(days, None, None),
            next_cursor=next_cursor,
        ),
    )
