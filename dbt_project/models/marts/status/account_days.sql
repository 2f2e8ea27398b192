-- Grain: one row per account and day that was read whole at campaign level, and how
-- settled it is.
with level_days as (

    select * from {{ ref("level_days") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

settling_curve as (

    select * from {{ ref("settling_curve") }}

),

read_days as (

    select
        level_days.store,
        level_days.account_id,
        level_days.is_partial_day,
        level_days.date_day,
        level_days.read_at,
        {{ dbt.datediff(
            "level_days.date_day",
            local_day("level_days.read_at", "store_accounts.timezone_name"),
            "day"
        ) }} as age_days
    from level_days
    inner join store_accounts on level_days.account_id = store_accounts.account_id
    where level_days.level = 'campaign'

),

days as (

    select
        read_days.store,
        read_days.account_id,
        cast(read_days.age_days as bigint) as age_days,
        -- Four weeks after a day its conversions are counted; a day that still runs
        -- has no share of what it will be.
        cast(
            case
                when read_days.age_days >= 28 then 1
                when not read_days.is_partial_day then settling_curve.settled_share
            end
            as {{ type_double() }}
        ) as settled_share,
        read_days.is_partial_day,
        read_days.date_day,
        read_days.read_at
    from read_days
    left join settling_curve
        on
            read_days.account_id = settling_curve.account_id
            and read_days.age_days = settling_curve.age_days

)

select * from days
