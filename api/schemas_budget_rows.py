"""The shapes of budget priors and advice, column for column those of the marts.

Their meanings are word for word those of the models (a test compares).
"""

from datetime import date

from api.schemas import Money, Shape, told


class BudgetPrior(Shape):
    """What a store, an account or a country did in the prior's days."""

    store: str = told("The store that the account belongs to in the configuration.")
    account_id: str | None = told("The ad account; null for all accounts of the store.")
    country_code: str | None = told(
        "ISO country; null for all, which alone keeps `ZZ` and `unknown`."
    )
    account_currency: str | None = told(
        "Currency of the accounts in the row; null when they have several."
    )
    reporting_currency: str | None = told(
        "The store's currency, ISO 4217, in which `spend` and `purchase_value` are "
        "given."
    )
    spend: Money | None = told(
        "Spend of the prior's days, reporting currency, over rows with a rate; null "
        "when none has one."
    )
    purchases: int | None = told(
        "Purchases of the same rows; null when none has a rate."
    )
    purchase_value: Money | None = told(
        "Value of those purchases, reporting currency; null when no row has a rate."
    )
    cac: float | None = told(
        "Spend for one purchase, reporting currency; null without a purchase."
    )
    roas: float | None = told(
        "Purchase value for one unit of spend; null without spend."
    )
    aov: float | None = told(
        "Value of one purchase, reporting currency; null without a purchase."
    )
    days_with_data: int | None = told("Complete days with a row, of the prior's days.")
    unconvertible_rows: int | None = told(
        "Rows (campaign, day, country) without a rate, left out of every other number."
    )
    unconvertible_spend_account_currency: Money | None = told(
        "What those rows spent, account currency; null when there is none or "
        "currencies differ."
    )
    as_of_day: date | None = told(
        "Last of the prior's days, included: a day with data that is partial for no "
        "account of the store."
    )


class BudgetRow(Shape):
    """Advice for a campaign, a campaign in a country or an ad set."""

    store: str = told("The store that the account belongs to in the configuration.")
    account_id: str | None = told("The ad account, its digits without `act_`.")
    campaign_id: str = told("Meta's id of the campaign, as text.")
    adset_id: str | None = told(
        "Meta's id of the ad set, as text; null on other levels."
    )
    level: str = told(
        "campaign, campaign_country or adset. Levels hold the same spend: never add "
        "them."
    )
    country_code: str | None = told(
        "ISO country of a campaign_country row, never `ZZ` or `unknown`; null on "
        "other levels, whose totals keep both."
    )
    campaign_name: str | None = told(
        "Name of the campaign now; as the insights gave it where the campaign was "
        "never listed."
    )
    adset_name: str | None = told(
        "Name of the ad set now; null on other levels and where it was never listed."
    )
    effective_status_now: str | None = told(
        "Effective status, when last listed, of the ad set on its own level, else "
        "of the campaign; null if never listed."
    )
    account_currency: str | None = told("The ad account's currency, ISO 4217.")
    reporting_currency: str | None = told(
        "The store's currency, ISO 4217, in which `spend` and `purchase_value` are "
        "given."
    )
    target_source: str | None = told(
        "configured: the store's target ROAS. store_prior: its own ROAS of the "
        "prior's days, as none is configured. Null when it has neither."
    )
    decision_rule: str | None = told(
        "break_even: the move of highest expected value at the configured "
        "break-even ROAS. target: how sure the target is."
    )
    sufficiency: str | None = told(
        "enough or insufficient: judged by the purchases that the spend should have "
        "brought, never by those it brought."
    )
    action: str | None = told(
        "Scale, Hold, Cut or Insufficient Data. Advice on the next step; nothing "
        "acts on it."
    )
    action_at_lower_target: str | None = told(
        "The action with target and break-even ROAS a tenth lower."
    )
    action_at_higher_target: str | None = told(
        "The action with target and break-even ROAS a tenth higher."
    )
    missing_reason: str | None = told(
        "Why there is no estimate: no_complete_day, no_convertible_spend, "
        "no_purchases, no_purchase_value. Null where there is one."
    )
    reason: str | None = told("The action in a sentence with its figures.")
    spend: Money | None = told(
        "Spend of the window, today's running day included, reporting currency, "
        "over rows with a rate; null when none has one."
    )
    purchases: int | None = told(
        "Purchases of the same rows; null when none has a rate."
    )
    purchase_value: Money | None = told(
        "Value of those purchases, reporting currency; null when no row has a rate."
    )
    cac: float | None = told(
        "Raw CAC of the window, reporting currency; null without a purchase."
    )
    roas: float | None = told(
        "Raw ROAS of the window; 0 when spend brought nothing, null without spend."
    )
    aov: float | None = told(
        "Raw value of one purchase in the window, reporting currency; null without "
        "a purchase."
    )
    active_days: int | None = told("Days of the window with spend that has a rate.")
    daily_spend: Money | None = told(
        "Spend of a complete day of the window that had any, reporting currency; "
        "null without such a day."
    )
    store_cac: float | None = told(
        "CAC of the whole store in the evidence, recent days weighing more, "
        "reporting currency; over countries alone in campaign_country rows."
    )
    country_factor: float | None = told(
        "Purchases for a unit of spend in the row's countries, relative to the store."
    )
    campaign_factor: float | None = told(
        "The same of the campaign's other countries (campaign_country) or other ad "
        "sets (adset); 1 for a campaign."
    )
    prior_cac: float | None = told(
        "CAC that the rest of the account leads to expect, reporting currency: "
        "store_cac / country_factor / campaign_factor."
    )
    prior_roas: float | None = told(
        "ROAS that the rest of the account leads to expect."
    )
    equiv_purchases_prior: float | None = told("Strength of the prior, in purchases.")
    equiv_purchases_history: float | None = told(
        "Own purchases before the window, each halved in weight every 28 days."
    )
    equiv_purchases_window: float | None = told(
        "Own purchases on complete days of the window, weighted likewise."
    )
    prior_weight: float | None = told(
        "Share of the prior in the posterior rate, 0 to 1: by spend, so that spend "
        "without a purchase counts."
    )
    own_cac: float | None = told(
        "CAC of the row's own evidence, weighted, reporting currency; null without "
        "a purchase."
    )
    posterior_cac: float | None = told(
        "CAC to expect: 1 / (prior_weight / prior_cac + (1 - prior_weight) / "
        "own_cac), reporting currency."
    )
    cac_p10: float | None = told(
        "CAC that the truth undercuts with 10 % probability, reporting currency."
    )
    cac_p50: float | None = told("Middle of the CAC's range, reporting currency.")
    cac_p90: float | None = told(
        "CAC that the truth exceeds with 10 % probability, reporting currency."
    )
    posterior_roas: float | None = told("ROAS to expect.")
    roas_p10: float | None = told(
        "ROAS that the truth undercuts with 10 % probability."
    )
    roas_p50: float | None = told("Middle of the ROAS's range.")
    roas_p90: float | None = told("ROAS that the truth exceeds with 10 % probability.")
    target_roas: float | None = told(
        "ROAS that the row is measured against; null when the store has no purchase "
        "either."
    )
    target_cac: float | None = told(
        "The store's order value of the prior's days divided by target_roas, "
        "reporting currency; null without either."
    )
    break_even_roas: float | None = told(
        "Configured ROAS at which a sale pays its ad; null when not configured."
    )
    probability_roas_at_target: float | None = told(
        "Probability, 0 to 1, that ROAS is at least target_roas."
    )
    probability_cac_at_target: float | None = told(
        "Probability, 0 to 1, that CAC is at most target_cac."
    )
    probability_marginal_roas_at_break_even: float | None = told(
        "Probability, 0 to 1, that another unit of spend returns at least "
        "break_even_roas; null when that is not configured."
    )
    expected_purchases: float | None = told(
        "Purchases that the spend of the window's complete days brings at prior_cac."
    )
    forecast_purchases: float | None = told(
        "Purchases to expect in as many days as the window has, at daily_spend; "
        "null without it."
    )
    forecast_purchases_p10: int | None = told(
        "Count that they undercut with at most 10 % probability."
    )
    forecast_purchases_p90: int | None = told(
        "Count that they exceed with at most 10 % probability."
    )
    step_percent: float | None = told(
        "Change of spend advised for the next step, -20 to 20; 0 for Hold and "
        "Insufficient Data."
    )
    step_daily_spend: Money | None = told(
        "The same as money a day, reporting currency; null without daily_spend."
    )
    unconvertible_rows: int | None = told(
        "Rows of the window without a rate, left out of every number."
    )
    unconvertible_spend_account_currency: Money | None = told(
        "What those rows spent, account currency; null when there is none."
    )
    is_active: bool | None = told(
        "Whether the ad set (its own level) or campaign counts as active now; true "
        "where never listed."
    )
    has_partial_day: bool | None = told(
        "Whether the window holds a running day: in the raw numbers, not in the "
        "estimates."
    )
    since_day: date | None = told("First day of the window, included.")
    until_day: date | None = told("Last day of the window, included.")
    prior_since_day: date | None = told(
        "First of the prior's days; null before the first complete day."
    )
    as_of_day: date | None = told(
        "Last complete day that counts as evidence; null before the first one."
    )
