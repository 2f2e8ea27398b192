-- Grain: one row per store and day that was read: the share of its final purchases that
-- is known. Accounts weigh by the purchases that they are expected to end with: those
-- known over the account's own share.
with account_days as (

    select * from {{ ref("account_days") }}

),

dashboard_daily as (

    select * from {{ ref("dashboard_daily") }}

),

store_days as (

    select
        store,
        date_day,
        count(*) as account_count,
        count(settled_share) as accounts_with_share,
        min(settled_share) as lowest_share,
        max(settled_share) as highest_share
    from account_days
    group by store, date_day

),

-- One share for all needs no weights: most days are not read again.
days_to_weigh as (

    select *
    from store_days
    where accounts_with_share = account_count and lowest_share < highest_share

),

purchases_of_account as (

    select
        dashboard_daily.store,
        dashboard_daily.account_id,
        dashboard_daily.date_day,
        sum(dashboard_daily.purchases) as purchases
    from dashboard_daily
    inner join days_to_weigh
        on
            dashboard_daily.store = days_to_weigh.store
            and dashboard_daily.date_day = days_to_weigh.date_day
    group by
        dashboard_daily.store, dashboard_daily.account_id, dashboard_daily.date_day

),

expected as (

    select
        purchases_of_account.*,
        -- Decimal: a sum of it is the same in every order.
        cast(
            purchases_of_account.purchases / account_days.settled_share
            as decimal(18, 4)
        ) as final_purchases
    from purchases_of_account
    inner join account_days
        on
            purchases_of_account.account_id = account_days.account_id
            and purchases_of_account.date_day = account_days.date_day

),

weighed as (

    select
        store,
        date_day,
        cast(sum(purchases) as {{ type_double() }})
        / nullif(sum(final_purchases), 0) as settled_share
    from expected
    group by store, date_day

),

joined as (

    select
        store_days.store,
        cast(store_days.account_count as bigint) as account_count,
        cast(
            case
                when store_days.accounts_with_share < store_days.account_count then null
                when store_days.lowest_share = store_days.highest_share
                    then store_days.lowest_share
                else weighed.settled_share
            end
            as {{ type_double() }}
        ) as settled_share,
        cast(store_days.date_day as date) as date_day
    from store_days
    left join weighed
        on
            store_days.store = weighed.store
            and store_days.date_day = weighed.date_day

)

select * from joined
