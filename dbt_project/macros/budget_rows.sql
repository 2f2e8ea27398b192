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
        cast(complete_spend as {{ type_double() }}) / nullif(complete_active_days, 0)
            as daily_spend,
        cast(complete_spend as {{ type_double() }}) * prior_rate as expected_purchases,
        cast(complete_spend as {{ type_double() }}) / nullif(complete_active_days, 0)
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
        store,
        account_id,
        campaign_id,
        adset_id,

        level,
        country_code,
        campaign_name,
        adset_name,
        effective_status_now,
        account_currency,
        reporting_currency,
        attribution_setting,
        target_source,
        case when break_even_roas is null then 'target' else 'break_even' end
            as decision_rule,
        sufficiency,
        action,
        action_at_lower_target,
        action_at_higher_target,
        missing_reason,
        reason,

        cast(spend as decimal(38, 14)) as spend,
        cast(purchases as bigint) as purchases,
        cast(purchase_value as decimal(38, 14)) as purchase_value,
        metrics.cac(spend, purchases) as cac,
        metrics.roas(purchase_value, spend) as roas,
        metrics.aov(purchase_value, purchases) as aov,
        cast(active_days as bigint) as active_days,
        cast(daily_spend as decimal(18, 4)) as daily_spend,
        {{ in_six_places("1 / store_rate") }} as store_cac,
        {{ in_six_places("country_factor") }} as country_factor,
        {{ in_six_places("campaign_factor") }} as campaign_factor,
        {{ in_six_places("prior_cac") }} as prior_cac,
        {{ in_six_places("prior_roas") }} as prior_roas,
        {{ in_six_places("strength") }} as equiv_purchases_prior,
        {{ in_six_places("history_purchases") }} as equiv_purchases_history,
        {{ in_six_places("window_purchases") }} as equiv_purchases_window,
        {{ in_six_places("prior_weight") }} as prior_weight,
        {{ in_six_places("own_cac") }} as own_cac,
        {{ in_six_places("posterior_cac") }} as posterior_cac,
        {{ in_six_places("cac_p10") }} as cac_p10,
        {{ in_six_places("cac_p50") }} as cac_p50,
        {{ in_six_places("cac_p90") }} as cac_p90,
        {{ in_six_places("mean_roas") }} as posterior_roas,
        {{ in_six_places("roas_p10") }} as roas_p10,
        {{ in_six_places("roas_p50") }} as roas_p50,
        {{ in_six_places("roas_p90") }} as roas_p90,
        {{ in_six_places("target_roas") }} as target_roas,
        {{ in_six_places("target_cac") }} as target_cac,
        break_even_roas,
        {{ in_six_places("probability_roas") }} as probability_roas_at_target,
        {{ in_six_places("probability_cac") }} as probability_cac_at_target,
        {{ in_six_places("probability_marginal") }}
            as probability_marginal_roas_at_break_even,
        {{ in_six_places("expected_purchases") }} as expected_purchases,
        {{ in_six_places("forecast_purchases") }} as forecast_purchases,
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
        cast(step_percent as {{ type_double() }}) as step_percent,
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
