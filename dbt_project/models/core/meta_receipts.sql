{{
    config(
        materialized=kept_by_partition(),
        incremental_strategy="append",
        on_schema_change="append_new_columns",
        post_hook="{{ forget_thinned_receipts() }}",
    )
}}

-- Grain: one row per reading of a window, a listing or an account, of completed loads.
-- A load may hold a receipt twice after a crash; it counts once. What was thinned out
-- of raw goes here too.
with receipts as (

    select * from {{ ref("stg_meta__receipts") }}

),

loads as (

    select * from {{ ref("stg_meta__loads") }}

),

completed as (

    select
        receipts.*,
        row_number() over (
            partition by
                receipts.load_id,
                receipts.account_id,
                receipts.resource,
                receipts.level,
                receipts.breakdown,
                receipts.date_day
            order by receipts.requested_at, receipts.content_hash
        ) as copy_rank
    from receipts
    inner join loads on receipts.load_id = loads.load_id
    where
        loads.is_completed
        {% if is_incremental() -%}
        and receipts.load_id > (
            select coalesce(max(known.load_id), '') from {{ this }} as known
        )
        {%- endif %}

),

typed as (

    select
        account_id,
        load_id,
        rows_load_id,
        resource,
        level,
        breakdown,
        outcome,
        error_code,
        error_message,
        content_hash,
        timezone_name,
        api_version,
        attribution_requested,
        cast(row_count as bigint) as row_count,
        cast(spend as decimal(18, 4)) as spend,
        cast(impressions as bigint) as impressions,
        cast(clicks as bigint) as clicks,
        cast(pages as bigint) as pages,
        cast(attempts as bigint) as attempts,
        cast(is_whole as boolean) as is_whole,
        cast(is_partial_day as boolean) as is_partial_day,
        cast(date_day as date) as date_day,
        changed_since,
        requested_at
    from completed
    where copy_rank = 1

)

select * from typed
