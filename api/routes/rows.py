"""Rows of metrics as core holds them, in pages or as exports: nothing is summed."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query, Response

from api.answers import coverage, meta, read_days
from api.asked import asked_store, asked_window
from api.cursors import read_cursor, text, write_cursor
from api.dependencies import Accepted, HasGone, MomentAsked, SnapshotAsked, UsedSettings
from api.errors import BadParameter
from api.exports import HEADERS, Export, UsedExports
from api.forms import MEDIA_TYPE, asked_form
from api.params import DASHBOARD_DAYS, Level, RowsQuery
from api.schemas import NOTHING_HIDDEN, Answer, StatusFilter
from api.schemas_objects import AccountRow, AdRow, AdsetRow, CampaignRow, MetricsRow
from api.snapshots import Reader, Row

router = APIRouter(prefix="/v1/rows", tags=["rows"])

KEY = ("date_day", "account_id", "object_id", "country_code")
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
        "headers": {
            name: {"schema": {"type": "string"}, "description": f"Of exports: {text}"}
            for name, text in HEADERS.items()
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
        "level": level,
        "store": store["store"],
        "since": window.since,
        "until": window.until,
        "country": asked.country,
        "campaign_ids": asked.campaign_ids,
        "object_id": asked.object_id,
    }
    days = read_days(by.reader, store["store"], window, level)
    told = meta(
        by.settings,
        by.reader,
        by.now,
        [store],
        window=window,
        days=days,
        status_filter=StatusFilter(include_inactive=True, hidden=NOTHING_HIDDEN),
        covered=coverage(days, None, None),
    )
    if form != "json":
        name = f"{store['store']}_{level}_{window.since}_{window.until}"
        export = Export(form, shape, request, name, told, asked.bom)
        return by.exports.answer(by.reader, export, by.has_gone)
    page, next_cursor = _page(by.reader, asked, request)
    return Answer(
        data=[shape.model_validate(row) for row in page],
        meta=told.model_copy(update={"next_cursor": next_cursor}),
    )


def _page(
    reader: Reader, asked: RowsQuery, request: dict[str, object]
) -> tuple[list[Row], str | None]:
    """A page, and where the next one begins."""
    after: list[object] = [None] * len(KEY)
    if asked.cursor is not None:
        kinds = (date.fromisoformat, *[text] * (len(KEY) - 1))
        after = read_cursor(asked.cursor, reader, request, kinds)
    found = reader.rows(
        "rows",
        {
            **request,
            **dict(zip(AFTER, after, strict=True)),
            # One more tells whether there is a next page.
            "row_limit": asked.limit + 1,
        },
    )
    page = found[: asked.limit]
    if len(found) <= asked.limit:
        return page, None
    # Rows of accounts have no country.
    key = [str(page[-1][name] or "") for name in KEY]
    return page, write_cursor(reader, request, key)
