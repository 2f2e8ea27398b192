-- Grain: one row per reading of a window, a listing or an account.
with receipts as (

    select * from {{ source_or_empty("raw_meta", "receipts") }}

),

renamed as (

    select
        account_id,
        _dlt_load_id as load_id,
        coalesce(rows_load_id, _dlt_load_id) as rows_load_id, -- null: rows of its own

        resource,
        level,
        breakdown,
        outcome,
        error_code,
        error as error_message,
        content_hash,
        timezone_name,
        api_version,
        attribution_requested,

        row_count,
        spend,
        impressions,
        clicks,
        pages,
        attempts,

        is_whole,
        is_partial_day,

        date_day,

        changed_since,
        requested_at
    from receipts

)

select * from renamed
