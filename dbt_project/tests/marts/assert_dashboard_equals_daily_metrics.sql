-- Guards the two readers' agreement. If it failed, the dashboard and AI Budget would
-- show different numbers for the same account and day, before any filter of theirs.
-- Grain of a failure: one row per account and day.
{% set additive = [
    "spend_account_currency",
    "purchase_value_account_currency",
    "spend",
    "purchase_value",
    "impressions",
    "clicks",
    "link_clicks",
    "outbound_clicks",
    "landing_page_views",
    "add_to_cart",
    "checkouts_initiated",
    "purchases",
] -%}
with dashboard_daily as (

    select * from {{ ref("dashboard_daily") }}

),

daily_metrics as (

    select * from {{ ref("meta_daily_metrics") }}

),

signed as (

    select
        store,
        account_id,
        1 as sign,
        {% for metric in additive -%}
        {{ metric }},
        {% endfor -%}
        date_day
    from dashboard_daily
    where {{ is_in_changed_partition("dashboard_daily") }}

    union all

    select
        store,
        account_id,
        -1 as sign,
        {% for metric in additive -%}
        {{ metric }},
        {% endfor -%}
        date_day
    from daily_metrics
    where {{ is_in_changed_partition("daily_metrics") }}

),

summed as (

    select
        store,
        account_id,
        sum(sign) as row_count,
        {% for metric in additive -%}
        sum(sign * {{ metric }}) as {{ metric }},
        {% endfor -%}
        date_day
    from signed
    group by store, account_id, date_day

),

differing as (

    select *
    from summed
    where
        row_count <> 0
        {% for metric in additive -%}
        or {{ metric }} <> 0
        {% endfor %}

)

select * from differing
