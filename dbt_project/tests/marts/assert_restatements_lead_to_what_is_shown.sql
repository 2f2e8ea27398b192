-- Guards restatements. If it failed, the changes of a day would not lead from what was
-- shown first to what is shown now, and a change would be told that never was.
-- Grain of a failure: one row per account, level, object and day.
{% set metrics = [
    "spend_account_currency",
    "impressions",
    "clicks",
    "purchases",
    "purchase_value_account_currency",
] -%}
with restatements as (

    select * from {{ ref("restatements") }}

),

insights as (

    select * from {{ ref("meta_insights") }}

),

ordered as (

    select
        restatements.*,
        row_number() over (
            partition by
                restatements.account_id,
                restatements.level,
                restatements.object_id,
                restatements.date_day
            order by restatements.load_id desc
        ) as newest_rank
    from restatements
    where {{ is_in_changed_partition("restatements") }}

),

newest as (

    select *
    from ordered
    where newest_rank = 1

),

differing as (

    select
        newest.account_id,
        newest.level,
        newest.object_id,
        newest.date_day
    from newest
    left join insights
        on
            newest.account_id = insights.account_id
            and newest.level = insights.level
            and newest.object_id = insights.object_id
            and newest.date_day = insights.date_day
            and insights.is_total
    where
        newest.spend_account_currency_before + newest.spend_account_currency_change
        <> coalesce(insights.spend_account_currency, 0)
        {% for metric in metrics[1:] -%}
        or newest.{{ metric }}_before + newest.{{ metric }}_change
        <> coalesce(insights.{{ metric }}, 0)
        {% endfor %}

)

select * from differing
