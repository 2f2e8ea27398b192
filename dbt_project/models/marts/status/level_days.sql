-- Grain: one row per account, level and day that was read whole: what tells a day
-- without delivery from a day that was never read.
with visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

level_days as (

    select
        store_accounts.store,
        visible_windows.account_id,
        visible_windows.level,
        cast(visible_windows.is_partial_day as boolean) as is_partial_day,
        cast(visible_windows.date_day as date) as date_day,
        visible_windows.requested_at as read_at
    from visible_windows
    inner join store_accounts on visible_windows.account_id = store_accounts.account_id
    where visible_windows.breakdown = 'none'

)

select * from level_days
