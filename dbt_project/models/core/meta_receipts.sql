{{
    config(
        materialized="incremental",
        incremental_strategy="append",
        on_schema_change="append_new_columns",
    )
}}

-- Grain: one row per reading of a window, a listing or an account, of completed loads.
with receipts as (

    select * from {{ ref("stg_meta__receipts") }}

),

loads as (

    select * from {{ ref("stg_meta__loads") }}

),

completed as (

    select
        cast(receipts.account_id as varchar) as account_id,
        cast(receipts.load_id as varchar) as load_id,
        cast(receipts.rows_load_id as varchar) as rows_load_id,
        cast(receipts.resource as varchar) as resource,
        cast(receipts.level as varchar) as level,
        cast(receipts.breakdown as varchar) as breakdown,
        cast(receipts.outcome as varchar) as outcome,
        cast(receipts.error_code as varchar) as error_code,
        cast(receipts.error_message as varchar) as error_message,
        cast(receipts.content_hash as varchar) as content_hash,
        cast(receipts.timezone_name as varchar) as timezone_name,
        cast(receipts.api_version as varchar) as api_version,
        cast(receipts.attribution_requested as varchar) as attribution_requested,
        cast(receipts.row_count as bigint) as row_count,
        cast(receipts.spend as decimal(18, 4)) as spend,
        cast(receipts.impressions as bigint) as impressions,
        cast(receipts.clicks as bigint) as clicks,
        cast(receipts.pages as bigint) as pages,
        cast(receipts.attempts as bigint) as attempts,
        cast(receipts.is_whole as boolean) as is_whole,
        cast(receipts.is_partial_day as boolean) as is_partial_day,
        cast(receipts.date_day as date) as date_day,
        cast(receipts.changed_since as timestamp with time zone) as changed_since,
        cast(receipts.requested_at as timestamp with time zone) as requested_at
    from receipts
    inner join loads on receipts.load_id = loads.load_id
    where
        loads.is_completed
        {% if is_incremental() -%}
        and receipts.load_id > (select coalesce(max(load_id), '') from {{ this }})
        {%- endif %}

)

select * from completed
