"""Accounts, campaigns, ad sets and ads as JSON objects; their lists.

Budgets are minor units as strings, "0" where none; times are in the account's zone with
an offset without a colon.
"""

import json
from collections.abc import Container, Sequence
from datetime import datetime
from typing import Any

import orjson

from ingest.sandbox import paging, params
from ingest.sandbox.errors import unknown_field
from ingest.sandbox.nodes import (
    ATTRIBUTION_SPECS,
    Account,
    Ad,
    AdSet,
    Campaign,
    Level,
)
from ingest.sandbox.params import Filters, Request
from ingest.sandbox.state import AccountState
from ingest.sandbox.statuses import GONE
from ingest.sandbox.story import Node

_COMMON = frozenset(
    (
        "id",
        "account_id",
        "name",
        "status",
        "configured_status",
        "effective_status",
        "created_time",
        "updated_time",
    )
)
_BUDGETS = frozenset(["bid_strategy", "daily_budget", "lifetime_budget", "start_time"])
_KNOWN: dict[Level, tuple[str, frozenset[str]]] = {
    "campaign": (
        "Campaign",
        _COMMON | _BUDGETS | {"objective", "buying_type", "stop_time"},
    ),
    "adset": (
        "AdSet",
        _COMMON
        | _BUDGETS
        | {"campaign_id", "optimization_goal", "attribution_spec", "end_time"},
    ),
    "ad": ("Ad", _COMMON | {"campaign_id", "adset_id"}),
}


def account_object(account: Account, fields: Sequence[str], now: datetime) -> bytes:
    """The account with these fields; `id` and `account_id` when none are asked for."""
    offset = now.astimezone(account.zone).utcoffset()
    members = {
        "id": f"act_{account.id}",
        "account_id": account.id,
        "name": account.name,
        "account_status": account.status,
        "currency": account.currency,
        "timezone_name": account.timezone,
        "timezone_offset_hours_utc": offset.total_seconds() / 3600 if offset else 0,
        "created_time": _time(account, account.created_at),
    }
    _check(fields, "AdAccount", members)
    return _chosen(members, fields or ("id", "account_id"))


def node_object(state: AccountState, node: Node, fields: Sequence[str]) -> bytes:
    """The object with these fields and always its id. `check_fields` comes first."""
    if isinstance(node, Campaign):
        members = _campaign(state, node)
    elif isinstance(node, AdSet):
        members = _adset(state, node)
    else:
        members = _ad(state, node)
    return _chosen(members, fields)


def check_fields(fields: Sequence[str], level: Level) -> None:
    """Raises: GraphError when an object of this level has no such field."""
    node_type, known = _KNOWN[level]
    _check(fields, node_type, known)


def _check(fields: Sequence[str], node_type: str, known: Container[str]) -> None:
    for name in fields:
        if name not in known:
            raise unknown_field(name, node_type)


def account_page(
    request: Request, accounts: Sequence[Account], now: datetime
) -> paging.Page:
    """One page of the accounts that the token may see."""
    at = paging.place(request)
    shown = accounts[at.offset : at.offset + at.limit]
    fields = params.field_names(request)
    rows = [account_object(account, fields, now) for account in shown]
    has_more = at.offset + len(rows) < len(accounts)
    return paging.Page(at, rows, len(rows), has_more)


def node_page(
    request: Request, state: AccountState, edge: Level, parent_id: str | None
) -> paging.Page:
    """One page of an account's or a parent's objects, in the order they were made.

    Archived and deleted ones come only when the statuses asked for hold them.
    """
    at = paging.place(request)
    fields = params.field_names(request)
    check_fields(fields, edge)
    filters = params.filters(request, edge)
    found = [
        node
        for node in state.nodes(edge)
        if _is_listed(state, node, edge, parent_id, filters)
    ]
    shown = found[at.offset : at.offset + at.limit]
    rows = [node_object(state, node, fields) for node in shown]
    has_more = at.offset + len(rows) < len(found)
    return paging.Page(at, rows, len(rows), has_more)


def _is_listed(
    state: AccountState,
    node: Node,
    edge: Level,
    parent_id: str | None,
    filters: Filters,
) -> bool:
    if node.id in state.vanished:
        return False
    ancestors = _ancestors(node)
    if parent_id is not None and parent_id not in ancestors.values():
        return False
    if edge not in filters.statuses and state.statuses[node.id] in GONE:
        return False
    for level, statuses in filters.statuses.items():
        if level in ancestors and state.statuses[ancestors[level]] not in statuses:
            return False
    for level, object_id in ancestors.items():
        if not filters.allows(level, object_id):
            return False
    return node.updated_at.timestamp() > filters.updated_since.get(edge, -1)


def _ancestors(node: Node) -> dict[Level, str]:
    """Ids of the object itself and its parents below the account."""
    if isinstance(node, Campaign):
        return {"campaign": node.id}
    if isinstance(node, AdSet):
        return {"campaign": node.campaign_id, "adset": node.id}
    return {"campaign": node.campaign_id, "adset": node.adset_id, "ad": node.id}


def _common(state: AccountState, node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "account_id": node.account_id,
        "name": node.name,
        "status": node.status,
        "configured_status": node.status,
        "effective_status": state.statuses[node.id],
        "created_time": _time(state.account, node.created_at),
        "updated_time": _time(state.account, node.updated_at),
    }


def _campaign(state: AccountState, node: Campaign) -> dict[str, Any]:
    stop_at = node.stop_at
    return {
        **_common(state, node),
        "objective": node.objective,
        "buying_type": "AUCTION",
        "bid_strategy": node.bid_strategy,
        "daily_budget": str(node.daily_budget or 0),
        "lifetime_budget": str(node.lifetime_budget or 0),
        "start_time": _time(state.account, node.created_at),
        "stop_time": _time(state.account, stop_at) if stop_at else None,
    }


def _adset(state: AccountState, node: AdSet) -> dict[str, Any]:
    return {
        **_common(state, node),
        "campaign_id": node.campaign_id,
        "optimization_goal": node.optimization_goal,
        "bid_strategy": node.bid_strategy,
        "attribution_spec": ATTRIBUTION_SPECS[node.attribution_setting],
        "daily_budget": str(node.daily_budget or 0),
        "lifetime_budget": str(node.lifetime_budget or 0),
        "start_time": _time(state.account, node.created_at),
        "end_time": None,
    }


def _ad(state: AccountState, node: Ad) -> dict[str, Any]:
    return {
        **_common(state, node),
        "campaign_id": node.campaign_id,
        "adset_id": node.adset_id,
    }


def _time(account: Account, moment: datetime) -> str:
    return moment.astimezone(account.zone).strftime("%Y-%m-%dT%H:%M:%S%z")


def _chosen(members: dict[str, Any], fields: Sequence[str]) -> bytes:
    names = [*fields, *(name for name in ("id",) if name not in fields)]
    chosen = {name: members[name] for name in names if members[name] is not None}
    try:
        return orjson.dumps(chosen)
    except TypeError:
        # Lone surrogates, which are no UTF-8 but may stand in JSON as escapes.
        return json.dumps(chosen, separators=(",", ":")).encode()
