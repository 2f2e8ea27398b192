{#
    What a new campaign in each country would need to show what it can do: CTEs that
    follow those of `budget_pooling`. Ends in `budget_start_plans`: one row per store
    and country of the evidence.
#}
{% macro budget_start_plans() -%}
{%- set assumed = budget_assumptions() -%}
country_spends as (

    select
        store,
        country_code,
        sum(evidence_spend) as evidence_spend,
        count(case when exposure > 0 then 1 end) as campaigns
    from cells
    group by store, country_code

),

-- A campaign that does not exist yet has its country's rate and every campaign's doubt.
new_campaigns as (

    select
        windows.*,
        country_factors.country_code,
        country_factors.observed as equiv_purchases,
        country_factors.factor as country_factor,
        country_spends.evidence_spend,
        country_spends.campaigns,
        store_rates.cell_rate as store_rate,
        store_rates.exposure as store_exposure,
        store_rates.cell_rate * country_factors.factor as rate,
        (
            country_values.order_value
            + store_rates.spread / {{ assumed.order_value_country_variance }}
            * store_rates.cell_order_value
        ) / (
            country_values.purchases
            + store_rates.spread / {{ assumed.order_value_country_variance }}
        ) as order_value_mean,
        {{ assumed.campaign_variance }}
        + {{ assumed.cell_variance }}
        + 1 / (1 / {{ assumed.country_variance }} + country_factors.information)
        + {{ assumed.forecast_variance }} as rate_variance,
        {{ assumed.order_value_campaign_variance }}
        + {{ assumed.order_value_cell_variance }}
        + 1 / (
            1 / {{ assumed.order_value_country_variance }}
            + country_values.purchases / store_rates.spread
        ) as order_value_variance
    from country_factors
    inner join windows on country_factors.store = windows.store
    inner join store_rates on country_factors.store = store_rates.store
    inner join country_spends
        on
            country_factors.store = country_spends.store
            and country_factors.country_code = country_spends.country_code
    inner join country_values
        on
            country_factors.store = country_values.store
            and country_factors.country_code = country_values.country_code

),

shaped as (

    select
        *,
        rate * order_value_mean as mean_roas,
        greatest(1 / rate_variance, 1) as cac_shape,
        greatest(1 / (rate_variance + order_value_variance), 1) as roas_shape
    from new_campaigns

),

plan_ranges as (

    select
        *,
        1 / ({{ gamma_quantile("rate", "cac_shape", 90) }}) as cac_p10,
        1 / ({{ gamma_quantile("rate", "cac_shape", 50) }}) as cac_p50,
        1 / ({{ gamma_quantile("rate", "cac_shape", 10) }}) as cac_p90,
        {{ gamma_quantile("mean_roas", "roas_shape", 10) }} as roas_p10,
        {{ gamma_quantile("mean_roas", "roas_shape", 50) }} as roas_p50,
        {{ gamma_quantile("mean_roas", "roas_shape", 90) }} as roas_p90,
        {{ gamma_score("mean_roas", "roas_shape", "target_roas") }} as roas_score
    from shaped

),

plans as (

    select
        *,
        {{ normal_probability("roas_score") }} as probability_roas,
        cac_p10 * {{ assumed.test_purchases }} / {{ assumed.test_days }} as daily_low,
        cac_p50 * {{ assumed.test_purchases }} / {{ assumed.test_days }} as daily,
        cac_p90 * {{ assumed.test_purchases }} / {{ assumed.test_days }} as daily_high,
        cac_p50 * {{ assumed.test_purchases }} * rate as expected_purchases
    from plan_ranges

),

-- Counts vary by chance on top of the doubt about their rate.
counted as (

    select
        *,
        greatest(1 / (1 / expected_purchases + 1 / cac_shape), 1) as count_shape
    from plans

),

budget_start_plans as (

    select
        cast(store as varchar) as store,

        cast(country_code as varchar) as country_code,
        cast(reporting_currency as varchar) as reporting_currency,
        cast(
            case
                when as_of_day is null then 'no_complete_day'
                when store_exposure = 0 then 'no_convertible_spend'
                when rate is null then 'no_purchases'
                when mean_roas is null then 'no_purchase_value'
            end as varchar
        ) as missing_reason,
        cast(
            case
                when rate is null
                    then
                        'The store has no purchase on complete days with an exchange'
                        || ' rate: nothing to plan by.'
                else
                    'A new campaign here should pay ' || {{ in_words("cac_p50") }}
                    || ' for a purchase (80 % range ' || {{ in_words("cac_p10") }}
                    || ' to ' || {{ in_words("cac_p90") }} || '): the store pays '
                    || {{ in_words("1 / store_rate") }} || ', this country buys '
                    || {{ in_words("country_factor") }}
                    || ' times as much for the same spend. '
                    || '{{ assumed.test_purchases }} purchases in '
                    || '{{ assumed.test_days }} days take '
                    || {{ in_words("daily") }} || ' a day.'
            end as varchar
        ) as reason,

        cast(evidence_spend as decimal(18, 4)) as evidence_spend,
        cast(campaigns as bigint) as campaigns,
        cast(round(equiv_purchases, 6) as double) as equiv_purchases,
        cast(round(1 / store_rate, 6) as double) as store_cac,
        cast(round(country_factor, 6) as double) as country_factor,
        cast(round(cac_p10, 6) as double) as cac_p10,
        cast(round(cac_p50, 6) as double) as cac_p50,
        cast(round(cac_p90, 6) as double) as cac_p90,
        cast(round(roas_p10, 6) as double) as roas_p10,
        cast(round(roas_p50, 6) as double) as roas_p50,
        cast(round(roas_p90, 6) as double) as roas_p90,
        cast(round(probability_roas, 6) as double) as probability_roas_at_target,
        cast({{ assumed.test_purchases }} as double) as test_purchases,
        cast({{ assumed.test_days }} as bigint) as test_days,
        cast(daily_low as decimal(18, 4)) as daily_budget_low,
        cast(daily as decimal(18, 4)) as daily_budget,
        cast(daily_high as decimal(18, 4)) as daily_budget_high,
        cast(
            round(
                {{ gamma_quantile("expected_purchases", "count_shape", 10) }},
                6
            ) as double
        ) as expected_purchases_low,
        cast(round(expected_purchases, 6) as double) as expected_purchases,
        cast(
            round(
                {{ gamma_quantile("expected_purchases", "count_shape", 90) }},
                6
            ) as double
        ) as expected_purchases_high,

        cast(prior_since_day as date) as prior_since_day,
        cast(as_of_day as date) as as_of_day
    from counted

)
{%- endmacro %}
