-- Grain: one row per account and day that was read whole at campaign level: what tells
-- a day without delivery from a day that was never read.
with visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

settling_curve as (

    select * from {{ ref("settling_curve") }}

),

read_days as (

    select
        store_accounts.store,
        visible_windows.account_id,
        visible_windows.is_partial_day,
        visible_windows.date_day,
        visible_windows.requested_at as read_at,
        {{ dbt.datediff(
            "visible_windows.date_day",
            local_day("visible_windows.requested_at", "store_accounts.timezone_name"),
            "day"
        ) }} as age_days
    from visible_windows
    inner join store_accounts on visible_windows.account_id = store_accounts.account_id
    where visible_windows.level = 'campaign' and visible_windows.breakdown = 'none'

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
        cast(read_days.is_partial_day as boolean) as is_partial_day,
        cast(read_days.date_day as date) as date_day,
        read_days.read_at
    from read_days
    left join settling_curve
        on
            read_days.account_id = settling_curve.account_id
            and read_days.age_days = settling_curve.age_days

)

select * from days
