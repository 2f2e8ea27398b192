-- Grain: one row per adset and version of it.
with adsets as (

    select * from {{ source_or_empty("raw_meta", "adsets") }}

),

renamed as (

    select
        account_id,
        campaign_id,
        id as adset_id,
        _dlt_load_id as load_id,

        name as adset_name,
        status,
        effective_status,
        optimization_goal,
        bid_strategy,
        attribution_spec,
        daily_budget as daily_budget_minor_units,
        lifetime_budget as lifetime_budget_minor_units,

        is_present,

        {{ meta_moment("created_time") }} as created_at,
        {{ meta_moment("updated_time") }} as updated_at,
        {{ meta_moment("start_time") }} as start_at,
        {{ meta_moment("end_time") }} as stop_at,
        requested_at
    from adsets

)

select * from renamed
