-- Grain: one row per account, level, breakdown and day that may be shown.
-- A day of a level is shown from the newest load in which both its total and its
-- country window were read whole.
with loads as (

    select * from {{ ref("stg_meta__loads") }}

),

receipts as (

    select * from {{ ref("stg_meta__receipts") }}

),

complete as (

    select receipts.*
    from receipts
    inner join loads on receipts.load_id = loads.load_id
    where
        loads.is_completed
        and receipts.resource = 'insights'
        and receipts.outcome = 'complete'

),

counted as (

    select
        complete.*,
        count(*) over (
            partition by
                complete.account_id,
                complete.level,
                complete.date_day,
                complete.load_id
        ) as windows_of_load
    from complete

),

ranked as (

    select
        counted.*,
        row_number() over (
            partition by
                counted.account_id,
                counted.level,
                counted.breakdown,
                counted.date_day
            order by counted.load_id desc
        ) as newest_rank
    from counted
    where counted.windows_of_load = 2

),

-- The moment these very rows were first read, in the load that stored them.
visible as (

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
    where ranked.newest_rank = 1

)

select * from visible
