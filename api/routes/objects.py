"""Campaigns, ad sets and ads as they are now."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import meta
from api.asked import asked_store
from api.cursors import read_cursor, text, write_cursor
from api.dependencies import MomentAsked, SnapshotAsked, UsedSettings
from api.params import ObjectsQuery
from api.schemas import Answer, Hidden, StatusFilter
from api.schemas_objects import AdObject, Objects, ObjectsSummary, StatusCounts

router = APIRouter(prefix="/v1", tags=["objects"])


@router.get("/objects", summary="Names, statuses, budgets and hierarchy of objects")
def objects(
    asked: Annotated[ObjectsQuery, Query()],
    reader: SnapshotAsked,
    settings: UsedSettings,
    now: MomentAsked,
) -> Answer[Objects]:
    store = asked_store(reader, asked.store)
    request = {
        "route": "objects",
        "store": store["store"],
        **asked.model_dump(include={"type", "status", "include_absent"}),
    }
    after: list[object] = [None, None]
    if asked.cursor is not None:
        after = read_cursor(asked.cursor, reader, request, (_rank, text))
    rows = reader.rows(
        "objects",
        {
            "store": store["store"],
            "object_type": asked.type,
            "statuses": asked.status,
            "include_absent": asked.include_absent,
            "after_rank": after[0],
            "after_id": after[1],
            # One more tells whether there is a next page.
            "row_limit": asked.limit + 1,
        },
    )
    found = [row for row in rows if row["part"] == "object"]
    page = found[: asked.limit]
    next_cursor = None
    if len(found) > asked.limit:
        key = (page[-1]["type_rank"], page[-1]["object_id"])
        next_cursor = write_cursor(reader, request, key)
    counts = {row["object_type"]: row for row in rows if row["part"] == "summary"}
    by_type = {
        name: StatusCounts.model_validate(row)
        for name, row in counts.items()
        if name != "all"
    }
    listed = {
        name: [
            AdObject.model_validate(row) for row in page if row["object_type"] == name
        ]
        for name in ("campaign", "adset", "ad")
    }
    return Answer(
        data=Objects(
            campaigns=listed["campaign"],
            adsets=listed["adset"],
            ads=listed["ad"],
            summary=ObjectsSummary.model_validate(
                {**counts["all"], "by_type": by_type}
            ),
        ),
        meta=meta(
            settings,
            reader,
            now,
            [store],
            status_filter=StatusFilter(
                include_inactive=asked.status is None,
                hidden=Hidden(
                    spend=None, purchases=None, objects=counts["all"]["hidden"]
                ),
            ),
            next_cursor=next_cursor,
        ),
    )


def _rank(part: str) -> int:
    """The place of a type: campaigns are 1, ad sets 2, ads 3."""
    return (1, 2, 3)[("1", "2", "3").index(part)]
