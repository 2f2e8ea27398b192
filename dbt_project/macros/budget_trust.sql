{#
    What the estimates rest on, and what they are not: CTEs that follow those of
    `budget_pooling`. Ends in `budget_trust`: one row per asked window, data or none.
#}
{% macro budget_trust() -%}
{%- set assumed = budget_assumptions() -%}
evidence_totals as (

    select
        store,
        sum(evidence_spend) as evidence_spend,
        sum(history_purchases) as equiv_purchases_history,
        sum(window_purchases) as equiv_purchases_window,
        sum(unconvertible_rows) as unconvertible_rows,
        max(case when has_partial_day then 1 else 0 end) = 1 as has_partial_day,
        count(*) as campaigns
    from units
    where level = 'campaign'
    group by store

),

budget_trust as (

    select
        cast(windows.store as varchar) as store,

        '{{ assumed.formula_version }}' as formula_version,
        'Purchases are those that Meta attributes to ads, not those that ads caused.'
        || ' Advice reaches one step ahead. Campaigns bidding against each other are'
        || ' not seen. How often the ranges hold has not been measured on this store.'
            as caveat,
        cast(windows.reporting_currency as varchar) as reporting_currency,
        cast(windows.target_source as varchar) as target_source,
        case
            when windows.break_even_roas is null then 'target' else 'break_even'
        end as decision_rule,

        cast(windows.target_roas as double) as target_roas,
        cast(windows.break_even_roas as double) as break_even_roas,
        cast({{ var("prior_days") }} as bigint) as prior_days,
        cast({{ assumed.half_life_days }} as bigint) as half_life_days,
        {%- for name in [
            "country_variance",
            "campaign_variance",
            "cell_variance",
            "adset_variance",
            "order_value_country_variance",
            "order_value_campaign_variance",
            "order_value_cell_variance",
            "forecast_variance",
            "elasticity",
            "scale_probability",
            "cut_probability",
            "insufficient_prior_weight",
            "step_percent",
        ] %}
        cast({{ assumed[name] }} as double) as {{ name }},
        {%- endfor %}
        cast(round(store_rates.spread, 6) as double) as order_value_spread,
        cast(evidence_totals.evidence_spend as decimal(18, 4)) as evidence_spend,
        cast(round(evidence_totals.equiv_purchases_history, 6) as double)
            as equiv_purchases_history,
        cast(round(evidence_totals.equiv_purchases_window, 6) as double)
            as equiv_purchases_window,
        cast(coalesce(evidence_totals.campaigns, 0) as bigint) as campaigns,
        cast(coalesce(evidence_totals.unconvertible_rows, 0) as bigint)
            as unconvertible_rows,

        coalesce(evidence_totals.has_partial_day, false) as has_partial_day,

        windows.since_day,
        windows.until_day,
        windows.prior_since_day,
        windows.as_of_day
    from windows
    left join store_rates on windows.store = store_rates.store
    left join evidence_totals on windows.store = evidence_totals.store

)
{%- endmacro %}
