-- Grain: one row per ad and version of it.
with ads as (

    select * from {{ source_or_empty("raw_meta", "ads") }}

),

renamed as (

    select
        account_id,
        campaign_id,
        adset_id,
        id as ad_id,
        _dlt_load_id as load_id,

        name as ad_name,
        status,
        effective_status,

        is_present,

        {{ meta_moment("created_time") }} as created_at,
        {{ meta_moment("updated_time") }} as updated_at,
        requested_at
    from ads

)

select * from renamed
