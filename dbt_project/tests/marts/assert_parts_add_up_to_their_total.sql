-- Guards the mart of conservation. If it failed, an explanation of a total by its
-- parts would lack something, or name it twice, and why two numbers differ would not
-- add up.
-- Grain of a failure: one row per account, day, law and level.
{% set metrics = [
    "spend_account_currency",
    "impressions",
    "clicks",
    "purchases",
    "purchase_value_account_currency",
] -%}
with conservation as (

    select * from {{ ref("conservation") }}

),

signed as (

    select
        conservation.*,
        case when conservation.is_total then 1 else -1 end as sign
    from conservation
    where {{ is_in_changed_partition("conservation") }}

),

summed as (

    select
        account_id,
        law,
        level,
        {% for metric in metrics -%}
        sum(sign * {{ metric }}) as {{ metric }},
        {% endfor -%}
        date_day
    from signed
    group by account_id, law, level, date_day

),

differing as (

    select *
    from summed
    where
        spend_account_currency <> 0
        {% for metric in metrics[1:] -%}
        or {{ metric }} <> 0
        {% endfor %}

)

select * from differing
