{{ config(materialized="table") }}

-- Grain: one row per store, object type and object, as it is now.
with objects as (

    select * from {{ ref("int_meta__objects") }}

),

receipts as (

    select * from {{ ref("stg_meta__receipts") }}

),

loads as (

    select * from {{ ref("int_meta__load_moments") }}

),

-- Presence is judged from whole listings only.
whole_listings as (

    select
        receipts.account_id,
        receipts.level as object_type,
        least(
            receipts.requested_at,
            coalesce(loads.next_began_at, receipts.requested_at)
        ) as listed_at
    from receipts
    inner join loads on receipts.load_id = loads.load_id
    where
        receipts.resource = 'objects'
        and receipts.outcome = 'complete'
        and receipts.is_whole

),

current_objects as (

    select *
    from objects
    where valid_to is null

),

last_listed as (

    select
        current_objects.account_id,
        current_objects.object_type,
        current_objects.object_id,
        max(whole_listings.listed_at) as listed_at
    from current_objects
    inner join whole_listings
        on
            current_objects.account_id = whole_listings.account_id
            and current_objects.object_type = whole_listings.object_type
            and (
                current_objects.is_present
                or current_objects.valid_from > whole_listings.listed_at
            )
    group by
        current_objects.account_id,
        current_objects.object_type,
        current_objects.object_id

),

typed as (

    select
        current_objects.store,
        current_objects.account_id,
        current_objects.object_id,
        current_objects.parent_id,
        current_objects.grandparent_id,
        current_objects.object_type,
        current_objects.object_name,
        current_objects.parent_name,
        current_objects.grandparent_name,
        current_objects.objective,
        current_objects.optimization_goal,
        current_objects.bid_strategy,
        current_objects.attribution_spec,
        current_objects.status,
        current_objects.effective_status,
        current_objects.account_currency,
        current_objects.budget_level,
        cast(current_objects.daily_budget as decimal(18, 4)) as daily_budget,
        cast(current_objects.lifetime_budget as decimal(18, 4)) as lifetime_budget,
        cast(current_objects.is_active as boolean) as is_active,
        cast(current_objects.is_present as boolean) as is_present,
        current_objects.created_at,
        current_objects.start_at,
        current_objects.stop_at,
        current_objects.first_seen_at,
        case
            when not current_objects.is_present then last_listed.listed_at
            when last_listed.listed_at > current_objects.valid_from
                then last_listed.listed_at
            else current_objects.valid_from
        end as last_seen_at
    from current_objects
    left join last_listed
        on
            current_objects.account_id = last_listed.account_id
            and current_objects.object_type = last_listed.object_type
            and current_objects.object_id = last_listed.object_id

)

select * from typed
