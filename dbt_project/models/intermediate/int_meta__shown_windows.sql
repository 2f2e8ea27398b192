-- Grain: one row per account, level, breakdown, day and load that readers were shown.
-- A day of a level is shown from a load in which both its total and its country window
-- were read whole, until a later one takes its place. A load may hold a receipt twice
-- after a crash; it counts once.
with loads as (

    select * from {{ ref("stg_meta__loads") }}

),

receipts as (

    select * from {{ ref("stg_meta__receipts") }}

),

copies as (

    select
        receipts.*,
        row_number() over (
            partition by
                receipts.account_id,
                receipts.level,
                receipts.breakdown,
                receipts.date_day,
                receipts.load_id
            order by receipts.requested_at, receipts.content_hash
        ) as copy_rank
    from receipts
    inner join loads on receipts.load_id = loads.load_id
    where
        loads.is_completed
        and receipts.resource = 'insights'
        and receipts.outcome = 'complete'

),

complete as (

    select *
    from copies
    where copy_rank = 1

),

counted as (

    select
        *,
        count(*) over (
            partition by account_id, level, date_day, load_id
        ) as windows_of_load
    from complete

),

ranked as (

    select
        *,
        row_number() over (
            partition by account_id, level, breakdown, date_day
            order by load_id desc
        ) as newest_rank
    from counted
    where windows_of_load = 2

),

-- The moment these very rows were first read, in the load that stored them.
shown as (

    select
        ranked.account_id,
        ranked.load_id,
        ranked.rows_load_id,

        ranked.level,
        ranked.breakdown,

        ranked.row_count,
        ranked.spend,
        ranked.impressions,
        ranked.clicks,
        ranked.newest_rank,

        ranked.is_partial_day,

        ranked.date_day,

        ranked.requested_at,
        complete.requested_at as loaded_at
    from ranked
    inner join complete
        on
            ranked.account_id = complete.account_id
            and ranked.level = complete.level
            and ranked.breakdown = complete.breakdown
            and ranked.date_day = complete.date_day
            and ranked.rows_load_id = complete.load_id

)

select * from shown
