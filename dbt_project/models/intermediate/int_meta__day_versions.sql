-- Grain: one row per account, level, day and version of its totals that was shown, as
-- far as raw still holds it. A reading that found nothing new makes no version.
with shown_windows as (

    select * from {{ ref("int_meta__shown_windows") }}

),

versions as (

    select
        account_id,
        rows_load_id as load_id,

        level,

        date_day,

        min(loaded_at) as read_at
    from shown_windows
    where breakdown = 'none'
    group by account_id, rows_load_id, level, date_day

),

followed as (

    select
        *,
        lag(load_id) over (
            partition by account_id, level, date_day order by load_id
        ) as previous_load_id,
        lead(load_id) over (
            partition by account_id, level, date_day order by load_id
        ) as next_load_id,
        lag(read_at) over (
            partition by account_id, level, date_day order by load_id
        ) as previous_read_at
    from versions

)

select * from followed
