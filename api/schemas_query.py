"""What may be asked of the metrics, and the shape of what is answered."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.columns import MEANINGS
from api.params import DaysQuery, DefinedName, Grain
from api.schemas import COLUMN, METRIC, Money, Shape, column, metric, own_column, told
from api.schemas_dashboard import MEANING_OF

QueryLevel = Literal["account", "campaign", "adset", "ad"]
QueryReason = Literal[
    "no_rate",
    "no_spend",
    "no_purchases",
    "no_impressions",
    "no_clicks",
    "several_currencies",
    "not_reported",
]


class Filter(BaseModel):
    """Keeps the rows whose dimension is, or is not, one of some values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dimension: DefinedName = told("A dimension, other than date_day.")
    operator: Literal["equals", "not_equals"] = Field(
        "equals",
        description="equals: one of the values. not_equals: none of them; what is not "
        "known is none of them.",
    )
    values: Annotated[
        list[Annotated[str, Field(max_length=500)]], Field(min_length=1, max_length=100)
    ] = told("The values, as they stand in answers.")


class Order(BaseModel):
    """By what the rows are ordered; what is not known comes last."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: DefinedName = told("One of the measures or dimensions asked for.")
    direction: Literal["asc", "desc"] = Field("desc", description="Largest first.")


class MetricsQuery(DaysQuery):
    """Measures by dimensions. All names are those of /v1/definitions."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "measures": ["spend", "orders", "roas"],
                    "dimensions": ["campaign_name", "date_day"],
                    "grain": "week",
                    "period": "last_30d",
                    "filters": [{"dimension": "country_code", "values": ["US", "DE"]}],
                    "order": {"name": "spend", "direction": "desc"},
                    "limit": 50,
                }
            ]
        }
    )

    measures: Annotated[list[DefinedName], Field(min_length=1, max_length=30)] = told(
        "Metrics: sums over the rows of a group, and ratios of such sums."
    )
    dimensions: Annotated[list[DefinedName], Field(max_length=12)] = Field(
        [], description="What the measures are cut by; none for one row of all."
    )
    grain: Grain | None = Field(
        None,
        description="With the dimension date_day: rows by day (the default), by week "
        "from Monday on, or by month; each under its first day.",
    )
    filters: Annotated[list[Filter], Field(max_length=12)] = Field(
        [],
        description="All of them hold; at most one for each dimension: its values are "
        "alternatives.",
    )
    order: Order | None = Field(
        None, description="Without it: by day, then by the other dimensions."
    )
    limit: int = Field(
        1000, ge=1, le=10_000, strict=True, description="The most rows of a page."
    )
    cursor: str | None = Field(
        None,
        max_length=500,
        description="`meta.next_cursor` of the page before; else the same query.",
    )


def _if_asked(field: Any) -> Any:
    """The same field, absent where it was not asked for."""
    return Field(
        None, description=field.description, json_schema_extra=field.json_schema_extra
    )


def _dimension(name: str) -> Any:
    return _if_asked(column(name))


def _sum(name: str) -> Any:
    return _if_asked(metric(name, MEANINGS[name]))


def _of_dashboard(name: str) -> Any:
    return _if_asked(metric(name, MEANING_OF[name]))


class QueryRow(Shape):
    """One group: the dimensions and measures asked for, no others.

    A group without rows is not answered; `coverage` says which days were not read.
    """

    table: ClassVar[str] = "core.meta_ad_metrics"

    date_day: date | None = _dimension("date_day")
    account_id: str | None = _dimension("account_id")
    campaign_id: str | None = _dimension("campaign_id")
    adset_id: str | None = _dimension("adset_id")
    ad_id: str | None = _dimension("ad_id")
    account_currency: str | None = _dimension("account_currency")
    campaign_name: str | None = _dimension("campaign_name")
    adset_name: str | None = _dimension("adset_name")
    ad_name: str | None = _dimension("ad_name")
    effective_status_now: str | None = _dimension("effective_status_now")
    country_code: str | None = _dimension("country_code")
    attribution_setting: str | None = _dimension("attribution_setting")

    spend: Money | None = _of_dashboard("spend")
    revenue: Money | None = _of_dashboard("revenue")
    orders: int | None = _of_dashboard("orders")
    purchases: int | None = _sum("purchases")
    purchase_value: Money | None = _sum("purchase_value")
    spend_account_currency: Money | None = _sum("spend_account_currency")
    purchase_value_account_currency: Money | None = _sum(
        "purchase_value_account_currency"
    )
    impressions: int | None = _sum("impressions")
    clicks: int | None = _sum("clicks")
    link_clicks: int | None = _sum("link_clicks")
    outbound_clicks: int | None = _sum("outbound_clicks")
    landing_page_views: int | None = _sum("landing_page_views")
    add_to_cart: int | None = _sum("add_to_cart")
    checkouts_initiated: int | None = _sum("checkouts_initiated")
    converted_impressions: int | None = _if_asked(
        metric("converted_impressions", "Impressions of rows with a rate.")
    )
    converted_clicks: int | None = _if_asked(
        metric("converted_clicks", "Clicks of every kind, of rows with a rate.")
    )
    reach: int | None = _sum("reach")
    aov: float | None = _of_dashboard("aov")
    cac: float | None = _of_dashboard("cac")
    roas: float | None = _of_dashboard("roas")
    ctr: float | None = _of_dashboard("ctr")
    cpc: float | None = _of_dashboard("cpc")
    cpm: float | None = _of_dashboard("cpm")
    conversion_rate: float | None = _of_dashboard("conversion_rate")

    is_cut: bool | None = _if_asked(
        told("Whether the week or month goes beyond the window.")
    )
    is_partial_day: bool = told("Whether one of its days was still running when read.")
    is_attribution_mixed: bool | None = told(
        "Whether its rows have several attribution settings; null where the known ones "
        "agree and others are not known."
    )
    has_unconverted: bool = told(
        "Whether rows without a rate are left out of money, orders and their ratios."
    )
    reasons: dict[str, QueryReason] = told("Of each measure that is null: why.")


class QueryColumn(Shape):
    """A column of the answer, as the registry has it."""

    table: ClassVar[str] = "marts.metric_definitions"

    name: str = own_column("name", "Its name, the same in every answer.")
    kind: Literal["dimension", "measure"] = told("What it was asked for as.")
    label: str = own_column("label", "Its name for people.")
    unit: str | None = told("Of a measure, as in /v1/definitions; null for dimensions.")
    good_direction: str | None = told(
        "Of a measure: up, down or none; null for dimensions."
    )


class QueryResult(Shape):
    """Rows of the groups asked for."""

    level: QueryLevel = told("Of which level's rows the sums are.")
    grain: Grain | None = told("What date_day is of; null where it was not asked for.")
    columns: list[QueryColumn] = told("Dimensions, then measures, as asked for.")
    rows: list[QueryRow] = told("One row a group.")
    is_truncated: bool = told(
        "Whether more groups follow; `meta.next_cursor` leads to them."
    )


def _led_by(key: str) -> tuple[str, ...]:
    return tuple(
        name
        for name, field in QueryRow.model_fields.items()
        if isinstance(extra := field.json_schema_extra, dict) and key in extra
    )


DIMENSIONS = _led_by(COLUMN)
MEASURES = _led_by(METRIC)
