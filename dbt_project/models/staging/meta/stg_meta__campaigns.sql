-- Grain: one row per campaign and version of it.
with campaigns as (

    select * from {{ source_or_empty("raw_meta", "campaigns") }}

),

renamed as (

    select
        account_id,
        id as campaign_id,
        _dlt_load_id as load_id,

        name as campaign_name,
        status,
        effective_status,
        objective,
        buying_type,
        bid_strategy,
        daily_budget as daily_budget_minor_units,
        lifetime_budget as lifetime_budget_minor_units,

        is_present,

        {{ meta_moment("created_time") }} as created_at,
        {{ meta_moment("updated_time") }} as updated_at,
        {{ meta_moment("start_time") }} as start_at,
        {{ meta_moment("stop_time") }} as stop_at,
        requested_at
    from campaigns

)

select * from renamed
