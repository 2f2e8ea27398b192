{#
    The rows of the AI Budget reader for any window: all CTEs that follow a CTE
    `asked_windows` (store, since_day, until_day; one window a store). Ends in
    `budget_rows`. Used by marts.budget_recommendations and metrics.budget_rows, so that
    the default window and any other follow one formula.
#}
{% macro budget_rows(relations) -%}
{%- set assumed = budget_assumptions() -%}
{{ budget_evidence(relations) }},

{{ budget_pooling() }},

{{ budget_posterior() }},

{{ budget_decision(relations) }},

ranged as (

    select
        *,
        1 / prior_rate as prior_cac,
        prior_rate * prior_order_value as prior_roas,
        exposure / nullif(own_purchases, 0) as own_cac,
        1 / rate as posterior_cac,
        1 / ({{ gamma_quantile("rate", "cac_shape", 90) }}) as cac_p10,
        1 / ({{ gamma_quantile("rate", "cac_shape", 50) }}) as cac_p50,
        1 / ({{ gamma_quantile("rate", "cac_shape", 10) }}) as cac_p90,
        {{ gamma_quantile("mean_roas", "roas_shape", 10) }} as roas_p10,
        {{ gamma_quantile("mean_roas", "roas_shape", 50) }} as roas_p50,
        {{ gamma_quantile("mean_roas", "roas_shape", 90) }} as roas_p90,
        complete_spend / nullif(complete_active_days, 0) as daily_spend,
        cast(complete_spend as double) * prior_rate as expected_purchases,
        cast(complete_spend as double) / nullif(complete_active_days, 0)
        * ({{ dbt.datediff("since_day", "until_day", "day") }} + 1)
        * rate as forecast_purchases
    from decisions

),

-- Counts vary by chance on top of the doubt about their rate.
forecast as (

    select
        *,
        greatest(1 / (1 / nullif(forecast_purchases, 0) + 1 / cac_shape), 1)
            as forecast_shape
    from ranged

),

{{ budget_reasons() }},

-- Six places: more than these estimates carry, and fewer than differ between two runs
-- that add up the same rows in another order.
budget_rows as (

    select
        cast(store as varchar) as store,
        cast(account_id as varchar) as account_id,
        cast(campaign_id as varchar) as campaign_id,
        cast(adset_id as varchar) as adset_id,

        cast(level as varchar) as level,
        cast(country_code as varchar) as country_code,
        cast(campaign_name as varchar) as campaign_name,
        cast(adset_name as varchar) as adset_name,
        cast(effective_status_now as varchar) as effective_status_now,
        cast(account_currency as varchar) as account_currency,
        cast(reporting_currency as varchar) as reporting_currency,
        cast(target_source as varchar) as target_source,
        cast(
            case when break_even_roas is null then 'target' else 'break_even' end
            as varchar
        ) as decision_rule,
        cast(sufficiency as varchar) as sufficiency,
        cast(action as varchar) as action,
        cast(action_at_lower_target as varchar) as action_at_lower_target,
        cast(action_at_higher_target as varchar) as action_at_higher_target,
        cast(missing_reason as varchar) as missing_reason,
        cast(reason as varchar) as reason,

        cast(spend as decimal(38, 14)) as spend,
        cast(purchases as bigint) as purchases,
        cast(purchase_value as decimal(38, 14)) as purchase_value,
        cast(metrics.cac(spend, purchases) as double) as cac,
        cast(metrics.roas(purchase_value, spend) as double) as roas,
        cast(metrics.aov(purchase_value, purchases) as double) as aov,
        cast(active_days as bigint) as active_days,
        cast(daily_spend as decimal(18, 4)) as daily_spend,
        cast(round(1 / store_rate, 6) as double) as store_cac,
        cast(round(country_factor, 6) as double) as country_factor,
        cast(round(campaign_factor, 6) as double) as campaign_factor,
        cast(round(prior_cac, 6) as double) as prior_cac,
        cast(round(prior_roas, 6) as double) as prior_roas,
        cast(round(strength, 6) as double) as equiv_purchases_prior,
        cast(round(history_purchases, 6) as double) as equiv_purchases_history,
        cast(round(window_purchases, 6) as double) as equiv_purchases_window,
        cast(round(prior_weight, 6) as double) as prior_weight,
        cast(round(own_cac, 6) as double) as own_cac,
        cast(round(posterior_cac, 6) as double) as posterior_cac,
        cast(round(cac_p10, 6) as double) as cac_p10,
        cast(round(cac_p50, 6) as double) as cac_p50,
        cast(round(cac_p90, 6) as double) as cac_p90,
        cast(round(mean_roas, 6) as double) as posterior_roas,
        cast(round(roas_p10, 6) as double) as roas_p10,
        cast(round(roas_p50, 6) as double) as roas_p50,
        cast(round(roas_p90, 6) as double) as roas_p90,
        cast(round(target_roas, 6) as double) as target_roas,
        cast(round(target_cac, 6) as double) as target_cac,
        cast(break_even_roas as double) as break_even_roas,
        cast(round(probability_roas, 6) as double) as probability_roas_at_target,
        cast(round(probability_cac, 6) as double) as probability_cac_at_target,
        cast(round(probability_marginal, 6) as double)
            as probability_marginal_roas_at_break_even,
        cast(round(expected_purchases, 6) as double) as expected_purchases,
        cast(round(forecast_purchases, 6) as double) as forecast_purchases,
        cast(
            floor(
                {{ gamma_quantile("forecast_purchases", "forecast_shape", 10) }}
            ) as bigint
        ) as forecast_purchases_p10,
        cast(
            ceil(
                {{ gamma_quantile("forecast_purchases", "forecast_shape", 90) }}
            ) as bigint
        ) as forecast_purchases_p90,
        cast(step_percent as double) as step_percent,
        cast(daily_spend * step_percent / 100 as decimal(18, 4)) as step_daily_spend,
        cast(unconvertible_rows as bigint) as unconvertible_rows,
        cast(unconvertible_spend_account_currency as decimal(18, 4))
            as unconvertible_spend_account_currency,

        cast(is_active as boolean) as is_active,
        cast(has_partial_day as boolean) as has_partial_day,

        cast(since_day as date) as since_day,
        cast(until_day as date) as until_day,
        cast(prior_since_day as date) as prior_since_day,
        cast(as_of_day as date) as as_of_day
    from reasons

)
{%- endmacro %}
