"""The shapes of objects and of rows of metrics."""

from datetime import date, datetime
from typing import ClassVar

from api.schemas import Money, Shape, column, own_column, told


class AdObject(Shape):
    """A campaign, ad set or ad as it is now, and its place in the tree."""

    table: ClassVar[str] = "marts.object_tree"

    account_id: str = column("account_id")
    object_type: str = column("object_type")
    object_id: str = column("object_id")
    object_name: str | None = column("object_name")
    parent_id: str | None = column("parent_id")
    parent_name: str | None = column("parent_name")
    grandparent_id: str | None = column("grandparent_id")
    grandparent_name: str | None = column("grandparent_name")
    objective: str | None = column("objective")
    optimization_goal: str | None = column("optimization_goal")
    bid_strategy: str | None = column("bid_strategy")
    status: str | None = column("status")
    effective_status: str | None = own_column(
        "effective_status", "The object's own effective status now."
    )
    status_group: str = told("active, paused, archived, deleted or other.")
    account_currency: str | None = column("account_currency")
    budget_level: str | None = column("budget_level")
    daily_budget: Money | None = column("daily_budget")
    lifetime_budget: Money | None = column("lifetime_budget")
    is_active: bool = column("is_active")
    is_present: bool = column("is_present")
    created_at: datetime | None = column("created_at")
    start_at: datetime | None = column("start_at")
    stop_at: datetime | None = column("stop_at")
    first_seen_at: datetime | None = column("first_seen_at")
    last_seen_at: datetime | None = column("last_seen_at")


class StatusCounts(Shape):
    """Objects by group of status; the groups add up to the total."""

    total: int = told("Objects that pass the filters.")
    active: int = told("Those that count as active now, by the status rule.")
    paused: int = told("Paused, themselves or above.")
    archived: int = told("Archived.")
    deleted: int = told("Deleted.")
    other: int = told("Inactive for another reason, such as disapproved.")


class ObjectsSummary(StatusCounts):
    """All objects that pass the filters, on this page or not, and by type."""

    by_type: dict[str, StatusCounts] = told(
        "campaign, adset, ad; types without any are absent."
    )


class Objects(Shape):
    """A page of objects, by type."""

    campaigns: list[AdObject] = told("Campaigns of this page.")
    adsets: list[AdObject] = told("Ad sets of this page.")
    ads: list[AdObject] = told("Ads of this page.")
    summary: ObjectsSummary = told("Counts of all pages.")


class MetricsRow(Shape):
    """One row of the snapshot, as it stands there."""

    store: str = column("store")
    account_id: str = column("account_id")
    date_day: date = column("date_day")
    account_currency: str | None = column("account_currency")
    reporting_currency: str | None = column("reporting_currency")
    fx_status: str | None = column("fx_status")
    fx_source: str | None = column("fx_source")
    fx_rate: Money | None = column("fx_rate")
    fx_rate_date: date | None = column("fx_rate_date")
    purchase_action_type: str | None = column("purchase_action_type")
    attribution_setting: str | None = column("attribution_setting")
    spend: Money | None = column("spend")
    spend_account_currency: Money | None = column("spend_account_currency")
    impressions: int | None = column("impressions")
    clicks: int | None = column("clicks")
    link_clicks: int | None = column("link_clicks")
    outbound_clicks: int | None = column("outbound_clicks")
    reach: int | None = column("reach")
    landing_page_views: int | None = column("landing_page_views")
    add_to_cart: int | None = column("add_to_cart")
    checkouts_initiated: int | None = column("checkouts_initiated")
    purchases: int | None = column("purchases")
    purchase_value: Money | None = column("purchase_value")
    purchase_value_account_currency: Money | None = column(
        "purchase_value_account_currency"
    )
    is_partial_day: bool | None = column("is_partial_day")
    loaded_at: datetime | None = column("loaded_at")
    load_id: str = column("load_id")


class CampaignRow(MetricsRow):
    """A campaign's day in one country."""

    table: ClassVar[str] = "core.meta_daily_metrics"

    campaign_id: str = column("campaign_id")
    campaign_name: str | None = column("campaign_name")
    country_code: str = column("country_code")
    effective_status: str | None = column("effective_status")
    effective_status_now: str | None = column("effective_status_now")
    is_active: bool | None = column("is_active")


class AdsetRow(CampaignRow):
    """An ad set's day in one country."""

    table: ClassVar[str] = "core.meta_adset_metrics"

    adset_id: str = column("adset_id")
    adset_name: str | None = column("adset_name")
    adset_effective_status: str | None = column("adset_effective_status")
    adset_effective_status_now: str | None = column("adset_effective_status_now")


class AdRow(AdsetRow):
    """An ad's day in one country."""

    table: ClassVar[str] = "core.meta_ad_metrics"

    ad_id: str = column("ad_id")
    ad_name: str | None = column("ad_name")
    ad_effective_status: str | None = column("ad_effective_status")
    ad_effective_status_now: str | None = column("ad_effective_status_now")


class AccountRow(MetricsRow):
    """An account's day, without a breakdown: with its true daily reach."""

    table: ClassVar[str] = "core.meta_level_totals"
