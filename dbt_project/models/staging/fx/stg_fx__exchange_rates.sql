-- Grain: one row per provider, currency, day and version of the rate.
with exchange_rates as (

    select * from {{ source_or_empty("raw_fx", "exchange_rates") }}

),

renamed as (

    select
        _dlt_load_id as load_id,

        provider,
        base_currency,
        quote_currency,

        rate as quote_units_a_base_unit,

        rate_date,

        fetched_at
    from exchange_rates

)

select * from renamed
