"""The shape of the dashboard."""

from datetime import date
from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import Field

from api.columns import MEANINGS
from api.schemas import Money, Shape, column, metric, own_column, told

Reason = Literal[
    "not_read", "no_rate", "no_spend", "no_purchases", "no_impressions", "no_clicks"
]
ChangeReason = Literal[
    "not_compared",
    "not_fully_read",
    "value_unknown",
    "previous_unknown",
    "previous_zero",
]
Value = TypeVar("Value")

MEANING_OF = {
    "spend": "Amount spent in reporting currency, over rows with a rate.",
    "revenue": "Value of purchases in reporting currency, over rows with a rate.",
    "orders": "Purchases of the one action type that counts, over rows with a rate.",
    "aov": "Revenue of one order in reporting currency, over rows with a rate.",
    "cac": "Spend for one order in reporting currency, over rows with a rate.",
    "roas": "Revenue for one unit of spend, over rows with a rate.",
    "impressions": MEANINGS["impressions"],
    "clicks": MEANINGS["clicks"],
    "link_clicks": MEANINGS["link_clicks"],
    "outbound_clicks": MEANINGS["outbound_clicks"],
    "landing_page_views": MEANINGS["landing_page_views"],
    "add_to_cart": MEANINGS["add_to_cart"],
    "checkouts_initiated": MEANINGS["checkouts_initiated"],
    "ctr": "Clicks of every kind for 100 impressions, percent.",
    "cpc": "Spend for one click of any kind in reporting currency.",
    "cpm": "Spend for 1,000 impressions in reporting currency.",
    "conversion_rate": "Orders for 100 clicks of any kind, percent, rows with a rate.",
}
METRICS = tuple(MEANING_OF)
RATIOS = ("aov", "cac", "roas", "ctr", "cpc", "cpm", "conversion_rate")


class Metrics(Shape):
    """Sums of some rows, and ratios of those sums. A day without delivery is 0."""

    spend: Money | None = metric("spend", MEANING_OF["spend"])
    revenue: Money | None = metric("revenue", MEANING_OF["revenue"])
    orders: int | None = metric("orders", MEANING_OF["orders"])
    aov: float | None = metric("aov", MEANING_OF["aov"])
    cac: float | None = metric("cac", MEANING_OF["cac"])
    roas: float | None = metric("roas", MEANING_OF["roas"])
    impressions: int | None = metric("impressions", MEANING_OF["impressions"])
    clicks: int | None = metric("clicks", MEANING_OF["clicks"])
    link_clicks: int | None = metric("link_clicks", MEANING_OF["link_clicks"])
    outbound_clicks: int | None = metric(
        "outbound_clicks", MEANING_OF["outbound_clicks"]
    )
    landing_page_views: int | None = metric(
        "landing_page_views", MEANING_OF["landing_page_views"]
    )
    add_to_cart: int | None = metric("add_to_cart", MEANING_OF["add_to_cart"])
    checkouts_initiated: int | None = metric(
        "checkouts_initiated", MEANING_OF["checkouts_initiated"]
    )
    ctr: float | None = metric("ctr", MEANING_OF["ctr"])
    cpc: float | None = metric("cpc", MEANING_OF["cpc"])
    cpm: float | None = metric("cpm", MEANING_OF["cpm"])
    conversion_rate: float | None = metric(
        "conversion_rate", MEANING_OF["conversion_rate"]
    )
    reasons: dict[str, Reason] = told("Of each metric that is null: why.")
    attribution_setting: str | None = own_column(
        "marts.dashboard_daily.attribution_setting", MEANINGS["attribution_setting"]
    )


class Figure(Shape, Generic[Value]):
    """A metric and the same metric in the window compared with, in the same unit."""

    value: Value | None = told("In the window.")
    previous: Value | None = told("In the window compared with.")
    change: float | None = told("Percent of the previous value; null where not known.")
    reason: Reason | None = told("Why the value is null.")
    change_reason: ChangeReason | None = told("Why the change is null.")


class FigureOfMoney(Figure[Money]):
    """A figure in the store's reporting currency."""


class Overview(Shape):
    """The window as a whole. Reach is not here: it cannot be summed."""

    spend: FigureOfMoney = metric("spend", MEANING_OF["spend"])
    revenue: FigureOfMoney = metric("revenue", MEANING_OF["revenue"])
    orders: Figure[int] = metric("orders", MEANING_OF["orders"])
    aov: Figure[float] = metric("aov", MEANING_OF["aov"])
    cac: Figure[float] = metric("cac", MEANING_OF["cac"])
    roas: Figure[float] = metric("roas", MEANING_OF["roas"])
    impressions: Figure[int] = metric("impressions", MEANING_OF["impressions"])
    clicks: Figure[int] = metric("clicks", MEANING_OF["clicks"])
    link_clicks: Figure[int] = metric("link_clicks", MEANING_OF["link_clicks"])
    outbound_clicks: Figure[int] = metric(
        "outbound_clicks", MEANING_OF["outbound_clicks"]
    )
    landing_page_views: Figure[int] = metric(
        "landing_page_views", MEANING_OF["landing_page_views"]
    )
    add_to_cart: Figure[int] = metric("add_to_cart", MEANING_OF["add_to_cart"])
    checkouts_initiated: Figure[int] = metric(
        "checkouts_initiated", MEANING_OF["checkouts_initiated"]
    )
    ctr: Figure[float] = metric("ctr", MEANING_OF["ctr"])
    cpc: Figure[float] = metric("cpc", MEANING_OF["cpc"])
    cpm: Figure[float] = metric("cpm", MEANING_OF["cpm"])
    conversion_rate: Figure[float] = metric(
        "conversion_rate", MEANING_OF["conversion_rate"]
    )


class TrendDay(Metrics):
    """One day, or the days that the window has of one week or month."""

    table: ClassVar[str] = "marts.dashboard_daily"

    date_day: date = column("date_day")
    since: date = told("The first of its days in the window.")
    until: date = told("The last of its days in the window.")
    is_cut: bool = told("Whether the week or month goes beyond the window.")
    has_missing_days: bool = told(
        "Whether one of its days was not read for some account."
    )
    is_partial_day: bool | None = told(
        "Whether one of its days was still running when some account was read; null if "
        "none was read."
    )
    settled_share: float | None = own_column(
        "marts.settled_days.settled_share", MEANINGS["settled_share_of_day"]
    )


class CampaignCard(Metrics):
    """One campaign: what it is now, and its metrics in the window."""

    table: ClassVar[str] = "marts.dashboard_campaigns"

    campaign_id: str = column("campaign_id")
    account_id: str = column("account_id")
    campaign_name: str | None = column("campaign_name")
    status: str | None = column("status")
    effective_status: str | None = own_column(
        "effective_status",
        "The campaign's effective status now; null if it was never listed.",
    )
    objective: str | None = column("objective")
    is_active: bool = column("is_active")
    is_present: bool = column("is_present")
    budget_level: str | None = column("budget_level")
    account_currency: str | None = column("account_currency")
    daily_budget: Money | None = column("daily_budget")
    lifetime_budget: Money | None = column("lifetime_budget")


class Country(Metrics):
    """One country of delivery."""

    table: ClassVar[str] = "marts.dashboard_daily"

    country_code: str = column("country_code")


class Compared(Shape):
    """The window compared with."""

    compare: Literal["previous_period", "previous_year", "none"] = told(
        "How it is chosen."
    )
    since: date | None = told("First day; null without comparison.")
    until: date | None = told("Last day, included.")


class Dashboard(Shape):
    """Overview, trends, campaigns, countries: of the same rows, and adding up."""

    compared_with: Compared = told("The window behind `previous` and `change`.")
    overview: Overview = told("The window as a whole, each metric with its change.")
    attribution_setting: str | None = own_column(
        "marts.dashboard_daily.attribution_setting", MEANINGS["attribution_setting"]
    )
    grain: Literal["day", "week", "month"] = told("What a row of the trends is of.")
    trends: list[TrendDay] = told(
        "One row a day, or a week or month under its first day; oldest first, none "
        "missing."
    )
    campaigns: list[CampaignCard] = Field(
        description="Campaigns with rows in the window, active ones without; by spend."
    )
    countries: list[Country] = told("Every country with rows, `ZZ` and `unknown` too.")
