{#
    What a store's other campaigns and countries lead to expect, as CTEs that follow
    those of `budget_evidence`. Three levels, multiplicative: the store's purchases per
    unit of spend, a factor of each country, a factor of each campaign; the same for
    order values. Countries and campaigns are estimated in turns, as each is judged
    beside the other.

    Ends in `cell_priors`: one row per campaign and country, whose own data are left out
    of its country's and its campaign's factor.
#}
{% macro budget_pooling() -%}
{%- set assumed = budget_assumptions() -%}
{%- set rounds = 2 -%}
cells as (

    select
        *,
        history_purchases + window_purchases as own_purchases
    from units
    where level = 'campaign_country'

),

-- How much one order's value differs from the next, squared and relative to the mean,
-- as far as days of one cell show it.
order_spread as (

    select
        store,
        least(
            greatest(
                sum(
                    (sold_squares - power(sold_value, 2) / sold_purchases)
                    / power(sold_value / sold_purchases, 2)
                ) / sum(selling_days - 1),
                0.05
            ),
            4
        ) as spread
    from cells
    where selling_days > 1 and sold_value > 0
    group by store

),

cell_totals as (

    select
        store,
        sum(own_purchases) / nullif(sum(exposure), 0) as rate,
        sum(order_value) / nullif(sum(own_purchases), 0) as order_value_mean
    from cells
    group by store

),

campaign_totals as (

    select
        store,
        sum(exposure) as exposure,
        sum(history_purchases + window_purchases) / nullif(sum(exposure), 0) as rate,
        sum(order_value) / nullif(sum(history_purchases + window_purchases), 0)
            as order_value_mean
    from units
    where level = 'campaign'
    group by store

),

-- Nothing sold is no rate, and no value of what was sold is no order value: not known,
-- so that nothing below divides by 0.
store_rates as (

    select
        campaign_totals.store,
        campaign_totals.exposure,
        nullif(cell_totals.rate, 0) as cell_rate,
        nullif(campaign_totals.rate, 0) as campaign_rate,
        nullif(cell_totals.order_value_mean, 0) as cell_order_value,
        nullif(campaign_totals.order_value_mean, 0) as campaign_order_value,
        -- Too few selling days to see the spread: that of orders unlike each other.
        coalesce(order_spread.spread, 1) as spread
    from campaign_totals
    left join cell_totals on campaign_totals.store = cell_totals.store
    left join order_spread on campaign_totals.store = order_spread.store

),

campaign_factors_0 as (

    select distinct
        store,
        account_id,
        campaign_id,
        1.0 as factor
    from cells

),

{% for round in range(1, rounds + 1) -%}
country_sums_{{ round }} as (

    select
        cells.store,
        cells.country_code,
        sum(cells.own_purchases) as observed,
        sum(cells.exposure * store_rates.cell_rate * campaigns.factor) as expected,
        sum(power(cells.exposure * store_rates.cell_rate * campaigns.factor, 2))
            as squares
    from cells
    inner join store_rates on cells.store = store_rates.store
    inner join campaign_factors_{{ round - 1 }} as campaigns
        on
            cells.account_id = campaigns.account_id
            and cells.campaign_id = campaigns.campaign_id
    group by cells.store, cells.country_code

),

country_information_{{ round }} as (

    select
        *,
        {{ group_information(
            "expected",
            "squares",
            assumed.cell_variance + assumed.campaign_variance / 4
        ) }} as information
    from country_sums_{{ round }}

),

country_raw_{{ round }} as (

    select
        *,
        {{ pooled_factor(
            assumed.country_variance, "information", "observed", "expected"
        ) }} as raw_factor
    from country_information_{{ round }}

),

-- The factors of all countries together leave the store's purchases as they are.
country_scale_{{ round }} as (

    select
        store,
        sum(expected) / nullif(sum(raw_factor * expected), 0) as scale
    from country_raw_{{ round }}
    group by store

),

country_factors_{{ round }} as (

    select
        raw.*,
        scale.scale,
        raw.raw_factor * scale.scale as factor
    from country_raw_{{ round }} as raw
    inner join country_scale_{{ round }} as scale on raw.store = scale.store

),

campaign_sums_{{ round }} as (

    select
        cells.store,
        cells.account_id,
        cells.campaign_id,
        sum(cells.own_purchases) as observed,
        sum(cells.exposure * store_rates.cell_rate * countries.factor) as expected,
        sum(power(cells.exposure * store_rates.cell_rate * countries.factor, 2))
            as squares
    from cells
    inner join store_rates on cells.store = store_rates.store
    inner join country_factors_{{ round }} as countries
        on
            cells.store = countries.store
            and cells.country_code = countries.country_code
    group by cells.store, cells.account_id, cells.campaign_id

),

campaign_information_{{ round }} as (

    select
        *,
        {{ group_information("expected", "squares", assumed.cell_variance) }}
            as information
    from campaign_sums_{{ round }}

),

campaign_factors_{{ round }} as (

    select
        *,
        {{ pooled_factor(
            assumed.campaign_variance, "information", "observed", "expected"
        ) }} as factor
    from campaign_information_{{ round }}

),

{% endfor -%}
country_factors as (

    select * from country_factors_{{ rounds }}

),

campaign_factors as (

    select * from campaign_factors_{{ rounds }}

),

country_values as (

    select
        store,
        country_code,
        sum(order_value) as order_value,
        sum(own_purchases) as purchases
    from cells
    group by store, country_code

),

cells_in_groups as (

    select
        cells.*,
        store_rates.cell_rate,
        store_rates.cell_order_value,
        store_rates.spread,
        cells.exposure * store_rates.cell_rate * campaigns.factor as country_share,
        cells.exposure * store_rates.cell_rate * countries.factor as campaign_share,
        countries.observed as country_observed,
        countries.expected as country_expected,
        countries.squares as country_squares,
        countries.scale as country_scale,
        campaigns.observed as campaign_observed,
        campaigns.expected as campaign_expected,
        campaigns.squares as campaign_squares,
        greatest(country_values.order_value - cells.order_value, 0)
            as other_country_value,
        greatest(country_values.purchases - cells.own_purchases, 0)
            as other_country_purchases
    from cells
    inner join store_rates on cells.store = store_rates.store
    inner join country_factors as countries
        on
            cells.store = countries.store
            and cells.country_code = countries.country_code
    inner join campaign_factors as campaigns
        on
            cells.account_id = campaigns.account_id
            and cells.campaign_id = campaigns.campaign_id
    inner join country_values
        on
            cells.store = country_values.store
            and cells.country_code = country_values.country_code

),

-- Both groups without the cell itself: what it is drawn towards must not be itself.
others as (

    select
        *,
        greatest(country_observed - own_purchases, 0) as other_country_observed,
        greatest(country_expected - country_share, 0) as other_country_expected,
        greatest(country_squares - power(country_share, 2), 0) as other_country_squares,
        greatest(campaign_observed - own_purchases, 0) as other_campaign_observed,
        greatest(campaign_expected - campaign_share, 0) as other_campaign_expected,
        greatest(campaign_squares - power(campaign_share, 2), 0)
            as other_campaign_squares,
        (
            other_country_value
            + spread / {{ assumed.order_value_country_variance }} * cell_order_value
        ) / (
            other_country_purchases
            + spread / {{ assumed.order_value_country_variance }}
        ) as country_order_value
    from cells_in_groups

),

informed as (

    select
        *,
        {{ group_information(
            "other_country_expected",
            "other_country_squares",
            assumed.cell_variance + assumed.campaign_variance / 4
        ) }} as country_information,
        {{ group_information(
            "other_campaign_expected",
            "other_campaign_squares",
            assumed.cell_variance
        ) }} as campaign_information,
        1 / (
            1 / {{ assumed.order_value_country_variance }}
            + other_country_purchases / spread
        ) as country_order_variance,
        own_purchases * country_order_value as expected_order_value
    from others

),

campaign_values as (

    select
        account_id,
        campaign_id,
        sum(order_value) as order_value,
        sum(expected_order_value) as expected_order_value,
        sum(own_purchases) as purchases
    from informed
    group by account_id, campaign_id

),

cell_priors as (

    select
        informed.store,
        informed.account_id,
        informed.campaign_id,
        informed.country_code,
        informed.exposure,
        informed.cell_rate,
        {{ pooled_factor(
            assumed.country_variance,
            "informed.country_information",
            "informed.other_country_observed",
            "informed.other_country_expected"
        ) }} * informed.country_scale as country_factor,
        1 / (1 / {{ assumed.country_variance }} + informed.country_information)
            as country_uncertainty,
        {{ pooled_factor(
            assumed.campaign_variance,
            "informed.campaign_information",
            "informed.other_campaign_observed",
            "informed.other_campaign_expected"
        ) }} as campaign_factor,
        1 / (1 / {{ assumed.campaign_variance }} + informed.campaign_information)
            as campaign_uncertainty,
        informed.country_order_value,
        informed.country_order_variance,
        informed.country_order_value * (
            greatest(campaign_values.order_value - informed.order_value, 0)
            + informed.spread / {{ assumed.order_value_campaign_variance }}
            * informed.cell_order_value
        ) / (
            greatest(
                campaign_values.expected_order_value - informed.expected_order_value, 0
            )
            + informed.spread / {{ assumed.order_value_campaign_variance }}
            * informed.cell_order_value
        ) as prior_order_value,
        {{ assumed.order_value_cell_variance }}
        + informed.country_order_variance
        + 1 / (
            1 / {{ assumed.order_value_campaign_variance }}
            + greatest(campaign_values.purchases - informed.own_purchases, 0)
            / informed.spread
        ) as order_value_variance
    from informed
    inner join campaign_values
        on
            informed.account_id = campaign_values.account_id
            and informed.campaign_id = campaign_values.campaign_id

)
{%- endmacro %}
