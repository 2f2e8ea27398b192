{{ config(materialized="table") }}

-- Grain: one row per store, account, object type, object and version.
with objects as (

    select * from {{ ref("int_meta__objects") }}

),

typed as (

    select
        store,
        account_id,
        object_id,
        parent_id,
        grandparent_id,
        object_type,
        object_name,
        parent_name,
        grandparent_name,
        objective,
        optimization_goal,
        bid_strategy,
        attribution_spec,
        status,
        effective_status,
        account_currency,
        budget_level,
        cast(daily_budget as decimal(18, 4)) as daily_budget,
        cast(lifetime_budget as decimal(18, 4)) as lifetime_budget,
        cast(is_active as boolean) as is_active,
        cast(is_present as boolean) as is_present,
        created_at,
        start_at,
        stop_at,
        first_seen_at,
        valid_from,
        valid_to
    from objects

)

select * from typed
