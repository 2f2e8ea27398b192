-- Grain: one row per dlt load.
with loads as (

    select * from {{ source_or_empty("raw_meta", "_dlt_loads") }}

),

renamed as (

    select
        load_id,

        status = 0 as is_completed,

        inserted_at as completed_at
    from loads

)

select * from renamed
