-- Grain: one row per completed load.
-- Loads follow one another, so what a load saw it saw before the next one began. Where
-- a clock ran ahead and was set right, its moments are later than that.
with loads as (

    select * from {{ ref("stg_meta__loads") }}

),

receipts as (

    select * from {{ ref("stg_meta__receipts") }}

),

begun as (

    select
        loads.load_id,
        min(receipts.requested_at) as began_at
    from loads
    left join receipts on loads.load_id = receipts.load_id
    where loads.is_completed
    group by loads.load_id

),

followed as (

    select
        load_id,
        min(began_at) over (
            order by load_id
            rows between 1 following and unbounded following
        ) as next_began_at
    from begun

)

select * from followed
