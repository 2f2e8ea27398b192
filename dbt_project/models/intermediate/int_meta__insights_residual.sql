-- Grain: one row per account, level, object and day whose countries do not add up.
-- Residual `ZZ`: the row without a breakdown minus the sum of its countries, signed. It
-- has no reach, which cannot be subtracted.
{% set additive = [
    "spend_account_currency",
    "impressions",
    "clicks",
    "link_clicks",
    "outbound_clicks",
    "landing_page_views",
    "add_to_cart",
    "checkouts_initiated",
    "purchases",
    "purchase_value_account_currency",
    "spend",
    "purchase_value",
] -%}
with insights as (

    select * from {{ ref("int_meta__insights_converted") }}

),

-- One side negated: a single pass over both, and an object that only one side knows
-- needs no outer join.
signed as (

    select
        *,
        case when breakdown = 'none' then 1 else -1 end as sign
    from insights

),

summed as (

    select
        account_id,
        campaign_id,
        adset_id,
        ad_id,
        object_id,
        max(load_id) as load_id,

        store,
        level,
        account_currency,
        reporting_currency,
        fx_status,
        fx_source,
        max(reported_campaign_name) as reported_campaign_name,
        max(reported_adset_name) as reported_adset_name,
        max(reported_ad_name) as reported_ad_name,
        max(case when breakdown = 'none' then attribution_setting end)
            as attribution_setting,
        max(purchase_action_type) as purchase_action_type,

        {% for metric in additive -%}
        sum(sign * {{ metric }}) as {{ metric }},
        {% endfor %}
        fx_rate,

        {{ dbt.bool_or("is_partial_day") }} as is_partial_day,

        date_day,
        fx_rate_date,

        max(loaded_at) as loaded_at,
        day_ends_at
    from signed
    group by
        account_id,
        campaign_id,
        adset_id,
        ad_id,
        object_id,
        store,
        level,
        account_currency,
        reporting_currency,
        fx_status,
        fx_source,
        fx_rate,
        date_day,
        fx_rate_date,
        day_ends_at

),

residual as (

    select *
    from summed
    where
        spend_account_currency <> 0
        {% for metric in additive if metric not in ("spend", "purchase_value") -%}
        or {{ metric }} <> 0
        {% endfor %}

)

select * from residual
