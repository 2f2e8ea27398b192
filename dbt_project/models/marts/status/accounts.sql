-- Grain: one row per account of a configured store.
with store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

readings as (

    select
        account_id,
        min(date_day) as first_day,
        max(date_day) as newest_day,
        max(case when not is_partial_day then date_day end) as newest_complete_day
    from visible_windows
    where level = 'campaign'
    group by account_id

),

joined as (

    select
        store_accounts.store,
        store_accounts.account_id,
        store_accounts.account_name,
        store_accounts.account_currency,
        store_accounts.reporting_currency,
        store_accounts.timezone_name,
        store_accounts.account_status,
        cast(store_accounts.target_roas as decimal(18, 4)) as target_roas,
        cast(store_accounts.break_even_roas as decimal(18, 4)) as break_even_roas,
        cast(readings.first_day as date) as first_day,
        cast(readings.newest_day as date) as newest_day,
        cast(readings.newest_complete_day as date) as newest_complete_day,
        store_accounts.created_at
    from store_accounts
    left join readings on store_accounts.account_id = readings.account_id

)

select * from joined
