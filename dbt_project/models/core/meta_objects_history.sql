{{ config(materialized="table") }}

-- Grain: one row per store, account, object type, object and version.
with objects as (

    select * from {{ ref("int_meta__objects") }}

),

typed as (

    select
        cast(store as varchar) as store,
        cast(account_id as varchar) as account_id,
        cast(object_id as varchar) as object_id,
        cast(parent_id as varchar) as parent_id,
        cast(grandparent_id as varchar) as grandparent_id,
        cast(object_type as varchar) as object_type,
        cast(object_name as varchar) as object_name,
        cast(parent_name as varchar) as parent_name,
        cast(grandparent_name as varchar) as grandparent_name,
        cast(objective as varchar) as objective,
        cast(optimization_goal as varchar) as optimization_goal,
        cast(bid_strategy as varchar) as bid_strategy,
        cast(attribution_spec as varchar) as attribution_spec,
        cast(status as varchar) as status,
        cast(effective_status as varchar) as effective_status,
        cast(account_currency as varchar) as account_currency,
        cast(budget_level as varchar) as budget_level,
        cast(daily_budget as decimal(18, 4)) as daily_budget,
        cast(lifetime_budget as decimal(18, 4)) as lifetime_budget,
        cast(is_active as boolean) as is_active,
        cast(is_present as boolean) as is_present,
        cast(created_at as timestamp with time zone) as created_at,
        cast(start_at as timestamp with time zone) as start_at,
        cast(stop_at as timestamp with time zone) as stop_at,
        cast(first_seen_at as timestamp with time zone) as first_seen_at,
        cast(valid_from as timestamp with time zone) as valid_from,
        cast(valid_to as timestamp with time zone) as valid_to
    from objects

)

select * from typed
