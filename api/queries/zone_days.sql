-- Grain: one row per time zone of the accounts that the caller may see (UTC where one
-- has not told its own), with the day that it is there at the clock.
with zones as (

    select distinct coalesce(timezone_name, 'UTC') as timezone_name
    from marts.accounts
    where
        cast($visible_stores as varchar[]) is null
        or list_contains(cast($visible_stores as varchar[]), store)

)

select
    timezone_name,
    cast(timezone(timezone_name, cast($now as timestamptz)) as date) as today
from zones
order by timezone_name
