"""The raw tables: names, keys and column types, as Arrow schemas.

Metrics, budgets and times stay the strings that Meta sent, so that raw loses no digit;
staging casts them. Every table also gets dlt's `_dlt_load_id`. Nothing here holds
`paging`: its links carry the token.
"""

import pyarrow as pa

from ingest.fields import LEVELS, OBJECT_TYPES, Level, ObjectType

DATASET = "raw_meta"
FX_DATASET = "raw_fx"

_MOMENT = pa.timestamp("us", tz="UTC")
_MONEY = pa.decimal128(18, 4)


def _schema(*names: str, **typed: pa.DataType) -> pa.Schema:
    text = [(name, pa.string()) for name in names]
    return pa.schema([*text, *typed.items()])


INSIGHT_TABLES: dict[Level, str] = {level: f"{level}_insights" for level in LEVELS}
OBJECT_TABLES: dict[ObjectType, str] = {kind: f"{kind}s" for kind in OBJECT_TYPES}

INSIGHT_JSON_COLUMNS = ("outbound_clicks", "actions", "action_values")
OBJECT_JSON_COLUMNS = ("attribution_spec",)

INSIGHT_SCHEMA = _schema(
    "account_id",
    "campaign_id",
    "campaign_name",
    "adset_id",
    "adset_name",
    "ad_id",
    "ad_name",
    "breakdown",
    "country",
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
    date_start=pa.date32(),
)

INSIGHT_KEY = (
    "account_id",
    "campaign_id",
    "adset_id",
    "ad_id",
    "breakdown",
    "country",
    "date_start",
)

OBJECT_SCHEMA = _schema(
    "account_id",
    "id",
    "campaign_id",
    "adset_id",
    "name",
    "status",
    "effective_status",
    "objective",
    "buying_type",
    "optimization_goal",
    "bid_strategy",
    "attribution_spec",
    "daily_budget",
    "lifetime_budget",
    "created_time",
    "updated_time",
    "start_time",
    "stop_time",
    "end_time",
    "content_hash",
    is_present=pa.bool_(),
    requested_at=_MOMENT,
)

ACCOUNT_SCHEMA = _schema(
    "account_id",
    "name",
    "currency",
    "timezone_name",
    "account_status",
    "created_time",
    "content_hash",
    requested_at=_MOMENT,
)

STORE_SCHEMA = _schema(
    "store",
    "account_id",
    "reporting_currency",
    "content_hash",
    target_roas=_MONEY,
    break_even_roas=_MONEY,
    requested_at=_MOMENT,
)

RECEIPT_SCHEMA = _schema(
    "account_id",
    "resource",
    "level",
    "breakdown",
    "outcome",
    "error_code",
    "error",
    "content_hash",
    "rows_load_id",
    "timezone_name",
    "api_version",
    "attribution_requested",
    # How it was asked for; the three sizes only where the request had to be split.
    "request_mode",
    "access_tier",
    date_day=pa.date32(),
    changed_since=_MOMENT,
    requested_at=_MOMENT,
    # When Meta lets the account go on, for a receipt of its limits.
    resume_at=_MOMENT,
    is_whole=pa.bool_(),
    is_partial_day=pa.bool_(),
    row_count=pa.int64(),
    spend=_MONEY,
    impressions=pa.int64(),
    clicks=pa.int64(),
    pages=pa.int64(),
    attempts=pa.int64(),
    request_days=pa.int64(),
    request_page_limit=pa.int64(),
    request_campaigns=pa.int64(),
    used_percent=pa.int64(),
)

RATE_SCHEMA = _schema(
    "provider",
    "base_currency",
    "quote_currency",
    rate_date=pa.date32(),
    rate=pa.decimal128(20, 10),
    fetched_at=_MOMENT,
)

META_TABLES: dict[str, pa.Schema] = {
    "stores": STORE_SCHEMA,
    "accounts": ACCOUNT_SCHEMA,
    **dict.fromkeys(OBJECT_TABLES.values(), OBJECT_SCHEMA),
    **dict.fromkeys(INSIGHT_TABLES.values(), INSIGHT_SCHEMA),
    "receipts": RECEIPT_SCHEMA,
}
FX_TABLES: dict[str, pa.Schema] = {"exchange_rates": RATE_SCHEMA}
