-- Grain: one row per account, level, breakdown and day that may be shown: the newest
-- reading of those that ever were.
with shown_windows as (

    select * from {{ ref("int_meta__shown_windows") }}

),

visible as (

    select
        account_id,
        load_id,
        rows_load_id,

        level,
        breakdown,

        row_count,
        spend,
        impressions,
        clicks,

        is_partial_day,

        date_day,

        requested_at,
        loaded_at
    from shown_windows
    where newest_rank = 1

)

select * from visible
