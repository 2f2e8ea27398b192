-- Guards the residual rule. If it failed, a table by country and a total over the same
-- days would differ, and whoever sums countries would lose sales or count them twice.
-- Grain of a failure: one row per account, level, object and day.
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
with insights as (

    select * from {{ ref("meta_insights") }}

),

signed as (

    select
        insights.*,
        case when insights.is_total then 1 else -1 end as sign
    from insights
    where {{ is_in_changed_partition("insights") }}

),

summed as (

    select
        account_id,
        object_id,
        level,
        {% for metric in additive -%}
        sum(sign * {{ metric }}) as {{ metric }},
        {% endfor -%}
        date_day
    from signed
    group by account_id, object_id, level, date_day

),

gaps as (

    select *
    from summed
    where
        spend_account_currency <> 0
        {% for metric in additive[1:] -%}
        or {{ metric }} <> 0
        {% endfor %}

)

select * from gaps
