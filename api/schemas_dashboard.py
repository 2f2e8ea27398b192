"""The shape of the dashboard."""

from datetime import date
from typing import Generic, Literal, TypeVar

from pydantic import Field

from api.columns import MEANINGS
from api.schemas import Money, Shape, column, told

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

    spend: Money | None = told(MEANING_OF["spend"])
    revenue: Money | None = told(MEANING_OF["revenue"])
    orders: int | None = told(MEANING_OF["orders"])
    aov: float | None = told(MEANING_OF["aov"])
    cac: float | None = told(MEANING_OF["cac"])
    roas: float | None = told(MEANING_OF["roas"])
    impressions: int | None = told(MEANING_OF["impressions"])
    clicks: int | None = told(MEANING_OF["clicks"])
    link_clicks: int | None = told(MEANING_OF["link_clicks"])
    outbound_clicks: int | None = told(MEANING_OF["outbound_clicks"])
    landing_page_views: int | None = told(MEANING_OF["landing_page_views"])
    add_to_cart: int | None = told(MEANING_OF["add_to_cart"])
    checkouts_initiated: int | None = told(MEANING_OF["checkouts_initiated"])
    ctr: float | None = told(MEANING_OF["ctr"])
    cpc: float | None = told(MEANING_OF["cpc"])
    cpm: float | None = told(MEANING_OF["cpm"])
    conversion_rate: float | None = told(MEANING_OF["conversion_rate"])
    reasons: dict[str, Reason] = told("Of each metric that is null: why.")
    attribution_setting: str | None = column("attribution_setting")


class Figure(Shape, Generic[Value]):
    """A metric and the same metric in the window compared with, in the same unit."""

    value: Value | None = told("In the window.")
    previous: Value | None = told("In the window compared with.")
    change: float | None = told("Percent of the previous value; null where not known.")
    reason: Reason | None = told("Why the value is null.")
    change_reason: ChangeReason | None = told("Why the change is null.")


class Overview(Shape):
    """The window as a whole. Reach is not here: it cannot be summed."""

    spend: Figure[Money] = told(MEANING_OF["spend"])
    revenue: Figure[Money] = told(MEANING_OF["revenue"])
    orders: Figure[int] = told(MEANING_OF["orders"])
    aov: Figure[float] = told(MEANING_OF["aov"])
    cac: Figure[float] = told(MEANING_OF["cac"])
    roas: Figure[float] = told(MEANING_OF["roas"])
    impressions: Figure[int] = told(MEANING_OF["impressions"])
    clicks: Figure[int] = told(MEANING_OF["clicks"])
    link_clicks: Figure[int] = told(MEANING_OF["link_clicks"])
    outbound_clicks: Figure[int] = told(MEANING_OF["outbound_clicks"])
    landing_page_views: Figure[int] = told(MEANING_OF["landing_page_views"])
    add_to_cart: Figure[int] = told(MEANING_OF["add_to_cart"])
    checkouts_initiated: Figure[int] = told(MEANING_OF["checkouts_initiated"])
    ctr: Figure[float] = told(MEANING_OF["ctr"])
    cpc: Figure[float] = told(MEANING_OF["cpc"])
    cpm: Figure[float] = told(MEANING_OF["cpm"])
    conversion_rate: Figure[float] = told(MEANING_OF["conversion_rate"])


class TrendDay(Metrics):
    """One day."""

    date_day: date = column("date_day")
    is_partial_day: bool | None = told(
        "Whether it was still running when some account was read; null if not read."
    )
    settled_share: float | None = column("settled_share_of_day")


class CampaignCard(Metrics):
    """One campaign: what it is now, and its metrics in the window."""

    campaign_id: str = column("campaign_id")
    account_id: str = column("account_id")
    campaign_name: str | None = column("campaign_name")
    status: str | None = column("status")
    effective_status: str | None = told(
        "The campaign's effective status now; null if it was never listed."
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
    attribution_setting: str | None = column("attribution_setting")
    trends: list[TrendDay] = told("One row a day, oldest first, none missing.")
    campaigns: list[CampaignCard] = Field(
        description="Campaigns with rows in the window, active ones without; by spend."
    )
    countries: list[Country] = told("Every country with rows, `ZZ` and `unknown` too.")
