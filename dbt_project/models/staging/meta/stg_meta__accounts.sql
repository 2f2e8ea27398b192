-- Grain: one row per account and version of it.
with accounts as (

    select * from {{ source_or_empty("raw_meta", "accounts") }}

),

renamed as (

    select
        account_id,
        _dlt_load_id as load_id,

        name as account_name,
        currency as account_currency,
        timezone_name,
        account_status,

        {{ meta_moment("created_time") }} as created_at,
        requested_at
    from accounts

)

select * from renamed
