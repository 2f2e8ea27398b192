-- Grain: one row: the days asked for and those they are compared with, both ends
-- included. Today is the store's newest local day at the clock.
with clock as (

    select
        coalesce(
            max(cast(timezone(timezone_name, cast($now as timestamptz)) as date)),
            -- No account has told its zone yet.
            cast(timezone('UTC', cast($now as timestamptz)) as date)
        ) as today
    from marts.accounts
    where store = $store

),

ended as (

    select
        today,
        case $period
            when 'yesterday' then today - 1
            when 'last_month' then cast(date_trunc('month', today) as date) - 1
            -- Without an end, and in every other period, a window ends today.
            else coalesce(cast($until as date), today)
        end as until
    from clock

),

asked as (

    select
        today,
        case $period
            when 'today' then today
            when 'yesterday' then until
            when 'last_7d' then today - 6
            when 'last_14d' then today - 13
            when 'last_30d' then today - 29
            when 'last_60d' then today - 59
            when 'last_90d' then today - 89
            when 'mtd' then cast(date_trunc('month', today) as date)
            when 'last_month' then cast(date_trunc('month', until) as date)
            -- Without a start, the default length.
            else coalesce(
                cast($since as date),
                until - (cast($default_days as integer) - 1)
            )
        end as since,
        until
    from ended

),

counted as (

    select
        *,
        cast(until - since as integer) + 1 as day_count
    from asked

),

compared as (

    select
        today,
        since,
        until,
        day_count,
        case $compare
            when 'previous_period' then since - day_count
            when 'previous_year' then cast(since - interval 1 year as date)
        end as previous_since,
        case $compare
            when 'previous_period' then since - 1
            when 'previous_year' then cast(until - interval 1 year as date)
        end as previous_until
    from counted

)

select * from compared
