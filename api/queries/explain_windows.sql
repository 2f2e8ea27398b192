-- Grain: one row per reader whose window is taken and reader whose today it ends on:
-- the days that come of it, both ends included.
with readers as (

    select
        'a' as side,
        $time_zone_a as time_zone,
        cast($window_days_a as integer) as window_days,
        cast($now_a as timestamptz) as now_at

    union all

    select
        'b' as side,
        $time_zone_b as time_zone,
        cast($window_days_b as integer) as window_days,
        cast($now_b as timestamptz) as now_at

),

zones as (

    select
        readers.side as zone_of,
        store_accounts.timezone_name
    from readers
    inner join marts.accounts as store_accounts on readers.time_zone = 'account'
    where store_accounts.store = $store and store_accounts.timezone_name is not null

    union all

    select
        side as zone_of,
        time_zone as timezone_name
    from readers
    where time_zone <> 'account'

),

todays as (

    select
        windows.side as window_of,
        sides.side as zone_of,
        windows.window_days,
        coalesce(
            max(cast(timezone(zones.timezone_name, windows.now_at) as date)),
            -- No account has told its zone yet.
            cast(timezone('UTC', windows.now_at) as date)
        ) as today
    from readers as windows
    cross join readers as sides
    left join zones on sides.side = zones.zone_of
    group by windows.side, sides.side, windows.window_days, windows.now_at

),

ended as (

    select
        *,
        coalesce(cast($until as date), today) as until
    from todays

),

bounded as (

    select
        window_of,
        zone_of,
        today,
        coalesce(cast($since as date), until - (window_days - 1)) as since,
        until
    from ended

)

select * from bounded
order by window_of, zone_of
