-- Grain: one row per account and day that was read whole at campaign level: what tells
-- a day without delivery from a day that was never read.
with visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

days as (

    select
        store_accounts.store,
        store_accounts.account_id,
        cast(visible_windows.is_partial_day as boolean) as is_partial_day,
        cast(visible_windows.date_day as date) as date_day
    from visible_windows
    inner join store_accounts on visible_windows.account_id = store_accounts.account_id
    where visible_windows.level = 'campaign' and visible_windows.breakdown = 'none'

)

select * from days
