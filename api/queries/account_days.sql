-- Grain: one row per account of the store and day of the window or of the one it is
-- compared with: was it read at every level asked for, and was it still running when it
-- was at one.
with accounts as (

    select *
    from marts.accounts
    where store = $store

),

windows as (

    select
        true as is_current,
        cast($since as date) as since,
        cast($until as date) as until

    union all

    select
        false as is_current,
        cast($previous_since as date) as since,
        cast($previous_until as date) as until

),

expected as (

    select
        windows.is_current,
        accounts.account_id,
        cast(dates.date_day as date) as date_day,
        coalesce(
            cast(dates.date_day as date)
            < cast(timezone(accounts.timezone_name, accounts.created_at) as date),
            -- Its age is not known: it is expected to have the day.
            false
        ) as is_before_account
    from windows
    cross join
        unnest(
            range(windows.since, windows.until + 1, interval 1 day)
        ) as dates (date_day)
    cross join accounts

),

read_days as (

    select
        account_id,
        bool_or(is_partial_day) as is_partial_day,
        date_day
    from marts.level_days
    where
        store = $store
        and list_contains(cast($levels as varchar[]), level)
        -- The compared window may be none: the least and greatest of null and a day is
        -- the day.
        and date_day
        between least(cast($since as date), cast($previous_since as date))
        and greatest(cast($until as date), cast($previous_until as date))
    group by account_id, date_day
    having count(*) = len(cast($levels as varchar[]))

),

account_days as (

    select
        expected.account_id,
        expected.is_current,
        expected.is_before_account,
        read_days.account_id is not null as is_read,
        read_days.is_partial_day,
        expected.date_day
    from expected
    left join read_days
        on
            expected.account_id = read_days.account_id
            and expected.date_day = read_days.date_day

)

select * from account_days
order by is_current desc, date_day, account_id
