-- Grain: one row per account, object type, object and version of it, with the time it
-- held. A version holds from the moment it was first seen until a later load saw
-- another. A load may hold a version twice after a crash; it counts once.
with loads as (

    select * from {{ ref("int_meta__load_moments") }}

),

campaigns as (

    select * from {{ ref("stg_meta__campaigns") }}

),

adsets as (

    select * from {{ ref("stg_meta__adsets") }}

),

ads as (

    select * from {{ ref("stg_meta__ads") }}

),

objects as (

    select
        account_id,
        campaign_id as object_id,
        cast(null as {{ dbt.type_string() }}) as parent_id,
        cast(null as {{ dbt.type_string() }}) as grandparent_id,
        load_id,
        'campaign' as object_type,
        campaign_name as object_name,
        objective,
        cast(null as {{ dbt.type_string() }}) as optimization_goal,
        bid_strategy,
        cast(null as {{ dbt.type_string() }}) as attribution_spec,
        status,
        effective_status,
        daily_budget_minor_units,
        lifetime_budget_minor_units,
        is_present,
        created_at,
        start_at,
        stop_at,
        requested_at
    from campaigns

    union all

    select
        account_id,
        adset_id as object_id,
        campaign_id as parent_id,
        cast(null as {{ dbt.type_string() }}) as grandparent_id,
        load_id,
        'adset' as object_type,
        adset_name as object_name,
        cast(null as {{ dbt.type_string() }}) as objective,
        optimization_goal,
        bid_strategy,
        attribution_spec,
        status,
        effective_status,
        daily_budget_minor_units,
        lifetime_budget_minor_units,
        is_present,
        created_at,
        start_at,
        stop_at,
        requested_at
    from adsets

    union all

    select
        account_id,
        ad_id as object_id,
        adset_id as parent_id,
        campaign_id as grandparent_id,
        load_id,
        'ad' as object_type,
        ad_name as object_name,
        cast(null as {{ dbt.type_string() }}) as objective,
        cast(null as {{ dbt.type_string() }}) as optimization_goal,
        cast(null as {{ dbt.type_string() }}) as bid_strategy,
        cast(null as {{ dbt.type_string() }}) as attribution_spec,
        status,
        effective_status,
        cast(null as {{ dbt.type_string() }}) as daily_budget_minor_units,
        cast(null as {{ dbt.type_string() }}) as lifetime_budget_minor_units,
        is_present,
        created_at,
        cast(null as {{ type_moment() }}) as start_at,
        cast(null as {{ type_moment() }}) as stop_at,
        requested_at
    from ads

),

loaded as (

    select
        objects.*,
        least(
            objects.requested_at,
            coalesce(loads.next_began_at, objects.requested_at)
        ) as seen_at,
        row_number() over (
            partition by
                objects.account_id,
                objects.object_type,
                objects.object_id,
                objects.load_id,
                objects.requested_at
            order by objects.is_present desc
        ) as copy_rank
    from objects
    inner join loads on objects.load_id = loads.load_id

),

unique_versions as (

    select *
    from loaded
    where copy_rank = 1

),

dated as (

    select
        *,
        seen_at as valid_from,
        lead(seen_at) over (
            partition by account_id, object_type, object_id
            order by load_id, requested_at
        ) as valid_to,
        min(seen_at) over (
            partition by account_id, object_type, object_id
        ) as first_seen_at
    from unique_versions

)

select * from dated
