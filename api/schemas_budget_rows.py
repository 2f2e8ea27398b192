"""The shapes of budget priors and advice, column for column those of the marts.

Their meanings are word for word those of the models (a test compares).
"""

from datetime import date
from typing import ClassVar

from api.columns import MEANINGS
from api.schemas import Money, Shape, own_column


class BudgetPrior(Shape):
    """What a store, an account or a country did in the prior's days."""

    table: ClassVar[str] = "marts.budget_priors"

    store: str = own_column(
        "store", "The store that the account belongs to in the configuration."
    )
    account_id: str | None = own_column(
        "account_id", "The ad account; null for all accounts of the store."
    )
    country_code: str | None = own_column(
        "country_code",
        "ISO country; null for all, which alone keeps `ZZ` and `unknown`.",
    )
    account_currency: str | None = own_column(
        "account_currency",
        "Currency of the accounts in the row; null when they have several.",
    )
    reporting_currency: str | None = own_column(
        "reporting_currency",
        "The store's currency, ISO 4217, in which `spend` and `purchase_value` are "
        "given.",
    )
    attribution_setting: str | None = own_column(
        "attribution_setting", MEANINGS["attribution_setting"]
    )
    spend: Money | None = own_column(
        "spend",
        "Spend of the prior's days, reporting currency, over rows with a rate; null "
        "when none has one.",
    )
    purchases: int | None = own_column(
        "purchases", "Purchases of the same rows; null when none has a rate."
    )
    purchase_value: Money | None = own_column(
        "purchase_value",
        "Value of those purchases, reporting currency; null when no row has a rate.",
    )
    cac: float | None = own_column(
        "cac", "Spend for one purchase, reporting currency; null without a purchase."
    )
    roas: float | None = own_column(
        "roas", "Purchase value for one unit of spend; null without spend."
    )
    aov: float | None = own_column(
        "aov", "Value of one purchase, reporting currency; null without a purchase."
    )
    days_with_data: int | None = own_column(
        "days_with_data", "Complete days with a row, of the prior's days."
    )
    unconvertible_rows: int | None = own_column(
        "unconvertible_rows",
        "Rows (campaign, day, country) without a rate, left out of every other number.",
    )
    unconvertible_spend_account_currency: Money | None = own_column(
        "unconvertible_spend_account_currency",
        "What those rows spent, account currency; null when there is none or "
        "currencies differ.",
    )
    as_of_day: date | None = own_column(
        "as_of_day",
        "Last of the prior's days, included: a day with data that is partial for no "
        "account of the store.",
    )


class BudgetRow(Shape):
    """Advice for a campaign, a campaign in a country or an ad set."""

    table: ClassVar[str] = "marts.budget_recommendations"

    store: str = own_column(
        "store", "The store that the account belongs to in the configuration."
    )
    account_id: str | None = own_column(
        "account_id", "The ad account, its digits without `act_`."
    )
    campaign_id: str = own_column("campaign_id", "Meta's id of the campaign, as text.")
    adset_id: str | None = own_column(
        "adset_id", "Meta's id of the ad set, as text; null on other levels."
    )
    level: str = own_column(
        "level",
        "campaign, campaign_country or adset. Levels hold the same spend: never add "
        "them.",
    )
    country_code: str | None = own_column(
        "country_code",
        "ISO country of a campaign_country row, never `ZZ` or `unknown`; null on "
        "other levels, whose totals keep both.",
    )
    campaign_name: str | None = own_column(
        "campaign_name",
        "Name of the campaign now; as the insights gave it where the campaign was "
        "never listed.",
    )
    adset_name: str | None = own_column(
        "adset_name",
        "Name of the ad set now; null on other levels and where it was never listed.",
    )
    effective_status_now: str | None = own_column(
        "effective_status_now",
        "Effective status, when last listed, of the ad set on its own level, else "
        "of the campaign; null if never listed.",
    )
    account_currency: str | None = own_column(
        "account_currency", "The ad account's currency, ISO 4217."
    )
    reporting_currency: str | None = own_column(
        "reporting_currency",
        "The store's currency, ISO 4217, in which `spend` and `purchase_value` are "
        "given.",
    )
    attribution_setting: str | None = own_column(
        "attribution_setting", MEANINGS["attribution_setting"]
    )
    target_source: str | None = own_column(
        "target_source",
        "configured: the store's target ROAS. store_prior: its own ROAS of the "
        "prior's days, as none is configured. Null when it has neither.",
    )
    decision_rule: str | None = own_column(
        "decision_rule",
        "break_even: the move of highest expected value at the configured "
        "break-even ROAS. target: how sure the target is.",
    )
    sufficiency: str | None = own_column(
        "sufficiency",
        "enough or insufficient: judged by the purchases that the spend should have "
        "brought, never by those it brought.",
    )
    action: str | None = own_column(
        "action",
        "Scale, Hold, Cut or Insufficient Data. Advice on the next step; nothing "
        "acts on it.",
    )
    action_at_lower_target: str | None = own_column(
        "action_at_lower_target",
        "The action with target and break-even ROAS a tenth lower.",
    )
    action_at_higher_target: str | None = own_column(
        "action_at_higher_target",
        "The action with target and break-even ROAS a tenth higher.",
    )
    missing_reason: str | None = own_column(
        "missing_reason",
        "Why there is no estimate: no_complete_day, no_convertible_spend, "
        "no_purchases, no_purchase_value. Null where there is one.",
    )
    reason: str | None = own_column(
        "reason", "The action in a sentence with its figures."
    )
    spend: Money | None = own_column(
        "spend",
        "Spend of the window, today's running day included, reporting currency, "
        "over rows with a rate; null when none has one.",
    )
    purchases: int | None = own_column(
        "purchases", "Purchases of the same rows; null when none has a rate."
    )
    purchase_value: Money | None = own_column(
        "purchase_value",
        "Value of those purchases, reporting currency; null when no row has a rate.",
    )
    cac: float | None = own_column(
        "cac", "Raw CAC of the window, reporting currency; null without a purchase."
    )
    roas: float | None = own_column(
        "roas",
        "Raw ROAS of the window; 0 when spend brought nothing, null without spend.",
    )
    aov: float | None = own_column(
        "aov",
        "Raw value of one purchase in the window, reporting currency; null without "
        "a purchase.",
    )
    active_days: int | None = own_column(
        "active_days", "Days of the window with spend that has a rate."
    )
    daily_spend: Money | None = own_column(
        "daily_spend",
        "Spend of a complete day of the window that had any, reporting currency; "
        "null without such a day.",
    )
    store_cac: float | None = own_column(
        "store_cac",
        "CAC of the whole store in the evidence, recent days weighing more, "
        "reporting currency; over countries alone in campaign_country rows.",
    )
    country_factor: float | None = own_column(
        "country_factor",
        "Purchases for a unit of spend in the row's countries, relative to the store.",
    )
    campaign_factor: float | None = own_column(
        "campaign_factor",
        "The same of the campaign's other countries (campaign_country) or other ad "
        "sets (adset); 1 for a campaign.",
    )
    prior_cac: float | None = own_column(
        "prior_cac",
        "CAC that the rest of the account leads to expect, reporting currency: "
        "store_cac / country_factor / campaign_factor.",
    )
    prior_roas: float | None = own_column(
        "prior_roas", "ROAS that the rest of the account leads to expect."
    )
    equiv_purchases_prior: float | None = own_column(
        "equiv_purchases_prior", "Strength of the prior, in purchases."
    )
    equiv_purchases_history: float | None = own_column(
        "equiv_purchases_history",
        "Own purchases before the window, each halved in weight every 28 days.",
    )
    equiv_purchases_window: float | None = own_column(
        "equiv_purchases_window",
        "Own purchases on complete days of the window, weighted likewise.",
    )
    prior_weight: float | None = own_column(
        "prior_weight",
        "Share of the prior in the posterior rate, 0 to 1: by spend, so that spend "
        "without a purchase counts.",
    )
    own_cac: float | None = own_column(
        "own_cac",
        "CAC of the row's own evidence, weighted, reporting currency; null without "
        "a purchase.",
    )
    posterior_cac: float | None = own_column(
        "posterior_cac",
        "CAC to expect: 1 / (prior_weight / prior_cac + (1 - prior_weight) / "
        "own_cac), reporting currency.",
    )
    cac_p10: float | None = own_column(
        "cac_p10",
        "CAC that the truth undercuts with 10 % probability, reporting currency.",
    )
    cac_p50: float | None = own_column(
        "cac_p50", "Middle of the CAC's range, reporting currency."
    )
    cac_p90: float | None = own_column(
        "cac_p90",
        "CAC that the truth exceeds with 10 % probability, reporting currency.",
    )
    posterior_roas: float | None = own_column("posterior_roas", "ROAS to expect.")
    roas_p10: float | None = own_column(
        "roas_p10", "ROAS that the truth undercuts with 10 % probability."
    )
    roas_p50: float | None = own_column("roas_p50", "Middle of the ROAS's range.")
    roas_p90: float | None = own_column(
        "roas_p90", "ROAS that the truth exceeds with 10 % probability."
    )
    target_roas: float | None = own_column(
        "target_roas",
        "ROAS that the row is measured against; null when the store has no purchase "
        "either.",
    )
    target_cac: float | None = own_column(
        "target_cac",
        "The store's order value of the prior's days divided by target_roas, "
        "reporting currency; null without either.",
    )
    break_even_roas: float | None = own_column(
        "break_even_roas",
        "Configured ROAS at which a sale pays its ad; null when not configured.",
    )
    probability_roas_at_target: float | None = own_column(
        "probability_roas_at_target",
        "Probability, 0 to 1, that ROAS is at least target_roas.",
    )
    probability_cac_at_target: float | None = own_column(
        "probability_cac_at_target",
        "Probability, 0 to 1, that CAC is at most target_cac.",
    )
    probability_marginal_roas_at_break_even: float | None = own_column(
        "probability_marginal_roas_at_break_even",
        "Probability, 0 to 1, that another unit of spend returns at least "
        "break_even_roas; null when that is not configured.",
    )
    expected_purchases: float | None = own_column(
        "expected_purchases",
        "Purchases that the spend of the window's complete days brings at prior_cac.",
    )
    forecast_purchases: float | None = own_column(
        "forecast_purchases",
        "Purchases to expect in as many days as the window has, at daily_spend; "
        "null without it.",
    )
    forecast_purchases_p10: int | None = own_column(
        "forecast_purchases_p10",
        "Count that they undercut with at most 10 % probability.",
    )
    forecast_purchases_p90: int | None = own_column(
        "forecast_purchases_p90",
        "Count that they exceed with at most 10 % probability.",
    )
    step_percent: float | None = own_column(
        "step_percent",
        "Change of spend advised for the next step, -20 to 20; 0 for Hold and "
        "Insufficient Data.",
    )
    step_daily_spend: Money | None = own_column(
        "step_daily_spend",
        "The same as money a day, reporting currency; null without daily_spend.",
    )
    unconvertible_rows: int | None = own_column(
        "unconvertible_rows",
        "Rows of the window without a rate, left out of every number.",
    )
    unconvertible_spend_account_currency: Money | None = own_column(
        "unconvertible_spend_account_currency",
        "What those rows spent, account currency; null when there is none.",
    )
    is_active: bool | None = own_column(
        "is_active",
        "Whether the ad set (its own level) or campaign counts as active now; true "
        "where never listed.",
    )
    has_partial_day: bool | None = own_column(
        "has_partial_day",
        "Whether the window holds a running day: in the raw numbers, not in the "
        "estimates.",
    )
    since_day: date | None = own_column(
        "since_day", "First day of the window, included."
    )
    until_day: date | None = own_column(
        "until_day", "Last day of the window, included."
    )
    prior_since_day: date | None = own_column(
        "prior_since_day",
        "First of the prior's days; null before the first complete day.",
    )
    as_of_day: date | None = own_column(
        "as_of_day",
        "Last complete day that counts as evidence; null before the first one.",
    )
