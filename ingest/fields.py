"""What is asked of Meta: levels, fields, statuses. Meta's own words.

Source: Meta Marketing API, Insights and the campaign, ad set and ad nodes.
"""

from typing import Literal, get_args

Level = Literal["account", "campaign", "adset", "ad"]
Breakdown = Literal["none", "country"]
ObjectType = Literal["campaign", "adset", "ad"]

LEVELS: tuple[Level, ...] = get_args(Level)
BREAKDOWNS: tuple[Breakdown, ...] = get_args(Breakdown)
OBJECT_TYPES: tuple[ObjectType, ...] = get_args(ObjectType)

# The unified setting: no window is named, each ad set's own setting applies.
ATTRIBUTION_REQUESTED = "unified"

ACCOUNT_FIELDS = (
    "account_id",
    "name",
    "currency",
    "timezone_name",
    "account_status",
    "created_time",
)

_LEVEL_FIELDS: dict[Level, tuple[str, ...]] = {
    "account": (),
    "campaign": ("campaign_id", "campaign_name"),
    "adset": ("campaign_id", "campaign_name", "adset_id", "adset_name"),
    "ad": (
        "campaign_id",
        "campaign_name",
        "adset_id",
        "adset_name",
        "ad_id",
        "ad_name",
    ),
}

_METRIC_FIELDS = (
    "account_id",
    "account_currency",
    "attribution_setting",
    "spend",
    "impressions",
    "clicks",
    "inline_link_clicks",
    "outbound_clicks",
    "reach",
    "actions",
    "action_values",
)

OBJECT_FIELDS: dict[ObjectType, tuple[str, ...]] = {
    "campaign": (
        "id",
        "account_id",
        "name",
        "status",
        "effective_status",
        "objective",
        "buying_type",
        "bid_strategy",
        "daily_budget",
        "lifetime_budget",
        "created_time",
        "updated_time",
        "start_time",
        "stop_time",
    ),
    "adset": (
        "id",
        "account_id",
        "campaign_id",
        "name",
        "status",
        "effective_status",
        "optimization_goal",
        "bid_strategy",
        "attribution_spec",
        "daily_budget",
        "lifetime_budget",
        "created_time",
        "updated_time",
        "start_time",
        "end_time",
    ),
    "ad": (
        "id",
        "account_id",
        "campaign_id",
        "adset_id",
        "name",
        "status",
        "effective_status",
        "created_time",
        "updated_time",
    ),
}

_CAMPAIGN_STATUSES = (
    "ACTIVE",
    "PAUSED",
    "DELETED",
    "ARCHIVED",
    "IN_PROCESS",
    "WITH_ISSUES",
)
# Asking a level for another level's status is refused (code 100, subcode 1487561), and
# without any filter archived and deleted objects are left out.
EFFECTIVE_STATUSES: dict[ObjectType, tuple[str, ...]] = {
    "campaign": _CAMPAIGN_STATUSES,
    "adset": (*_CAMPAIGN_STATUSES, "CAMPAIGN_PAUSED"),
    "ad": (
        *_CAMPAIGN_STATUSES,
        "CAMPAIGN_PAUSED",
        "ADSET_PAUSED",
        "DISAPPROVED",
        "PENDING_REVIEW",
        "PREAPPROVED",
        "PENDING_BILLING_INFO",
    ),
}


def insight_fields(level: Level) -> tuple[str, ...]:
    """Fields of an insights request; a breakdown comes by itself and is not listed."""
    return _LEVEL_FIELDS[level] + _METRIC_FIELDS


def status_filter(object_type: ObjectType) -> dict[str, object]:
    """The filter that makes Meta return objects of every status."""
    return {
        "field": f"{object_type}.effective_status",
        "operator": "IN",
        "value": list(EFFECTIVE_STATUSES[object_type]),
    }
