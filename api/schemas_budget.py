"""The shape of what AI Budget reads: advice for the next step, and its grounds."""

from datetime import date
from typing import ClassVar

from api.schemas import Money, Shape, told
from api.schemas_budget_rows import BudgetPrior, BudgetRow


class StartPlan(Shape):
    """What a new campaign in a country needs to show what it can do."""

    function: ClassVar[str] = "metrics.budget_start_plans"

    country_code: str = told("ISO country as Meta gives it.")
    reporting_currency: str | None = told(
        "The store's currency, in which all amounts are given."
    )
    missing_reason: str | None = told("Why there is no plan; null where there is one.")
    reason: str | None = told("The plan in a sentence with its figures.")
    evidence_spend: Money | None = told(
        "Spend behind it, recent days weighing more, reporting currency."
    )
    campaigns: int | None = told("Campaigns behind it.")
    equiv_purchases: float | None = told(
        "Purchases behind it, recent days weighing more."
    )
    store_cac: float | None = told(
        "CAC of the whole store in the evidence, reporting currency."
    )
    country_factor: float | None = told(
        "Purchases for a unit of spend, relative to the store."
    )
    cac_p10: float | None = told(
        "CAC that the truth undercuts with 10 % probability, reporting currency."
    )
    cac_p50: float | None = told("Middle of the CAC's range, reporting currency.")
    cac_p90: float | None = told(
        "CAC that the truth exceeds with 10 % probability, reporting currency."
    )
    roas_p10: float | None = told(
        "ROAS that the truth undercuts with 10 % probability."
    )
    roas_p50: float | None = told("Middle of the ROAS's range.")
    roas_p90: float | None = told("ROAS that the truth exceeds with 10 % probability.")
    probability_roas_at_target: float | None = told(
        "Probability, 0 to 1, that ROAS is at least the target."
    )
    test_purchases: float | None = told("Purchases that the test should bring.")
    test_days: int | None = told("Days that it takes.")
    daily_budget_low: Money | None = told(
        "Daily budget if CAC is at its p10, reporting currency."
    )
    daily_budget: Money | None = told("Daily budget to start with, reporting currency.")
    daily_budget_high: Money | None = told(
        "Daily budget if CAC is at its p90, reporting currency."
    )
    expected_purchases_low: float | None = told(
        "Purchases that the test undercuts with 10 % probability."
    )
    expected_purchases: float | None = told("Purchases to expect of the test.")
    expected_purchases_high: float | None = told(
        "Purchases that the test exceeds with 10 % probability."
    )
    prior_since_day: date | None = told("First of the prior's days.")
    as_of_day: date | None = told("Last complete day that counts as evidence.")


class ReallocatedCampaign(Shape):
    """A campaign's share of the same total spend, shared out anew."""

    function: ClassVar[str] = "metrics.budget_reallocation"

    account_id: str = told("The ad account, its digits without `act_`.")
    campaign_id: str = told("Meta's id of the campaign, as text.")
    campaign_name: str | None = told("Name of the campaign now.")
    reporting_currency: str | None = told(
        "The store's currency, in which all amounts are given."
    )
    active_bound: str | None = told(
        "lowest or highest: the limit of change that it met; null for neither."
    )
    left_out_reason: str | None = told(
        "Why it keeps its spend; null where it takes part."
    )
    posterior_roas: float | None = told("ROAS to expect.")
    multiple: float | None = told("Proposed spend for one unit of today's.")
    daily_spend: Money | None = told("Spend of a complete day, reporting currency.")
    proposed_daily_spend: Money | None = told(
        "Spend proposed for a day, reporting currency."
    )
    proposed_marginal_roas: float | None = told(
        "What another unit of spend would return then."
    )
    expected_daily_value: Money | None = told(
        "Value to expect of a day as it is, reporting currency."
    )
    proposed_daily_value: Money | None = told(
        "Value to expect of a day as proposed, reporting currency."
    )


class ReallocationTotals(Shape):
    """All campaigns together, before and after."""

    function: ClassVar[str] = "metrics.budget_reallocation_totals"

    reporting_currency: str | None = told(
        "The store's currency, in which all amounts are given."
    )
    meaning: str | None = told("What the values are, and are not.")
    campaigns_moved: int | None = told("Campaigns that take part.")
    campaigns_left_out: int | None = told("Campaigns that keep their spend.")
    campaigns_at_lowest: int | None = told("Campaigns cut as far as allowed.")
    campaigns_at_highest: int | None = told("Campaigns raised as far as allowed.")
    lowest_multiple: float | None = told("The furthest cut allowed.")
    highest_multiple: float | None = told("The furthest raise allowed.")
    elasticity: float | None = told("Percent of value that one percent of spend adds.")
    total_daily_spend: Money | None = told(
        "Spend of a complete day, reporting currency."
    )
    proposed_total_daily_spend: Money | None = told(
        "Spend proposed for a day, reporting currency."
    )
    unallocated_daily_spend: Money | None = told(
        "What no campaign can take, reporting currency."
    )
    expected_daily_value: Money | None = told(
        "Value to expect of a day as it is, reporting currency."
    )
    proposed_daily_value: Money | None = told(
        "Value to expect of a day as proposed, reporting currency."
    )


class BudgetTrust(Shape):
    """What the estimates rest on, and what they are not."""

    function: ClassVar[str] = "metrics.budget_trust"

    formula_version: str = told("Version of formulas and assumptions.")
    caveat: str | None = told("What the estimates are not.")
    reporting_currency: str | None = told(
        "The store's currency, in which all amounts are given."
    )
    target_source: str | None = told("configured or store_prior; null with neither.")
    decision_rule: str | None = told("break_even or target.")
    target_roas: float | None = told("ROAS that rows are measured against.")
    break_even_roas: float | None = told(
        "Configured ROAS at which a sale pays its ad; null when not configured."
    )
    prior_days: int | None = told("Days behind a prior.")
    half_life_days: int | None = told("Days after which evidence weighs half.")
    country_variance: float | None = told(
        "Assumed relative variance of purchase rates between countries."
    )
    campaign_variance: float | None = told("The same between campaigns.")
    cell_variance: float | None = told("The same between countries of one campaign.")
    adset_variance: float | None = told("The same between ad sets of one campaign.")
    order_value_country_variance: float | None = told(
        "Assumed relative variance of order values between countries."
    )
    order_value_campaign_variance: float | None = told("The same between campaigns.")
    order_value_cell_variance: float | None = told(
        "The same between countries of one campaign."
    )
    forecast_variance: float | None = told(
        "Assumed relative variance of what is to come."
    )
    elasticity: float | None = told("Percent of value that one percent of spend adds.")
    scale_probability: float | None = told("Probability from which spend is raised.")
    cut_probability: float | None = told("Probability up to which spend is cut.")
    insufficient_prior_weight: float | None = told(
        "Share of the prior above which evidence is insufficient."
    )
    step_percent: float | None = told("Largest change advised for one step, percent.")
    order_value_spread: float | None = told(
        "Relative spread of order values in the store."
    )
    evidence_spend: Money | None = told(
        "Spend in the evidence, recent days weighing more, reporting currency."
    )
    equiv_purchases_history: float | None = told(
        "Purchases before the window, recent days weighing more."
    )
    equiv_purchases_window: float | None = told(
        "Purchases on complete days of the window, weighted likewise."
    )
    campaigns: int | None = told("Campaigns in the evidence.")
    unconvertible_rows: int | None = told(
        "Rows without a rate, left out of every number."
    )
    has_partial_day: bool | None = told("Whether the window holds a running day.")
    since_day: date | None = told("First day of the window, included.")
    until_day: date | None = told("Last day of the window, included.")
    prior_since_day: date | None = told(
        "First of the prior's days; null before the first complete day."
    )
    as_of_day: date | None = told(
        "Last complete day that counts as evidence; null before the first one."
    )


class Reallocation(Shape):
    """The same total spend shared out anew over active campaigns."""

    totals: ReallocationTotals | None = told(
        "All campaigns together; null without any."
    )
    campaigns: list[ReallocatedCampaign] = told("Each campaign, by id.")


class Budget(Shape):
    """All statuses, complete days as evidence. Nothing acts on it."""

    priors: list[BudgetPrior] = told(
        "History up to the last complete day of the window."
    )
    campaigns: list[BudgetRow] = told("Campaigns, by spend. Levels are never added.")
    campaign_countries: list[BudgetRow] = told("Campaigns in a country, by spend.")
    adsets: list[BudgetRow] = told("Ad sets, by spend.")
    start_plans: list[StartPlan] = told("New campaigns, by country.")
    reallocation: Reallocation = told("Spend shared out anew.")
    trust: BudgetTrust | None = told("What it rests on; null without accounts.")
