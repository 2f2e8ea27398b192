-- Grain: one row per store, level (campaign, campaign_country, adset), campaign, ad set
-- and country that has rows in the store's default window.
with accounts as (

    select * from {{ ref("accounts") }}

),

newest_days as (

    select
        store,
        max(newest_day) as until_day
    from accounts
    where newest_day is not null
    group by store

),

asked_windows as (

    select
        store,
        cast(
            {{ dbt.dateadd("day", 1 - var("ai_budget_days"), "until_day") }} as date
        ) as since_day,
        until_day
    from newest_days

),

{{ budget_rows({
    "accounts": ref("accounts"),
    "budget_priors": ref("budget_priors"),
    "dashboard_campaigns": ref("dashboard_campaigns"),
    "dashboard_daily": ref("dashboard_daily"),
    "meta_level_totals": ref("meta_level_totals"),
    "meta_objects": ref("meta_objects"),
}) }}

select * from budget_rows
