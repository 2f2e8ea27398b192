-- Grain: one row per store, account and version of the configuration.
with stores as (

    select * from {{ source_or_empty("raw_meta", "stores") }}

),

renamed as (

    select
        account_id,
        _dlt_load_id as load_id,

        store,
        reporting_currency,

        target_roas,
        break_even_roas,

        requested_at as configured_at
    from stores

)

select * from renamed
