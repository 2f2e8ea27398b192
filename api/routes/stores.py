"""Stores and their accounts."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import meta
from api.callers import unknown_store
from api.dependencies import Moment, OneSnapshot, UsedSettings
from api.params import StoreQuery
from api.schemas import Account, Answer, Store
from api.snapshots import Reader, Row

router = APIRouter(prefix="/v1", tags=["stores"])


def _some_stores(reader: Reader, store: str | None) -> list[Row]:
    stores = reader.rows("stores", {"store": store})
    if store is not None and not stores:
        raise unknown_store(store)
    return stores


@router.get("/stores", summary="The stores, with their currency, zones and days")
def stores(
    asked: Annotated[StoreQuery, Query()],
    reader: OneSnapshot,
    settings: UsedSettings,
    now: Moment,
) -> Answer[list[Store]]:
    rows = _some_stores(reader, asked.store)
    return Answer(
        data=[Store.model_validate(row) for row in rows],
        meta=meta(settings, reader, now, rows),
    )


@router.get("/accounts", summary="The ad accounts of one store, or of all")
def accounts(
    asked: Annotated[StoreQuery, Query()],
    reader: OneSnapshot,
    settings: UsedSettings,
    now: Moment,
) -> Answer[list[Account]]:
    rows = reader.rows("accounts", {"store": asked.store, "now": now})
    return Answer(
        data=[Account.model_validate(row) for row in rows],
        meta=meta(settings, reader, now, _some_stores(reader, asked.store)),
    )
