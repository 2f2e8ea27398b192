-- Grain: one row per table that a reader adds up: what it holds of the days, country
-- and campaigns asked for, in account currency, and whether as much as the first.
with unioned as (

    select
        1 as table_rank,
        store,
        account_id,
        campaign_id,
        country_code,
        spend_account_currency,
        purchases,
        purchase_value_account_currency,
        date_day
    from marts.dashboard_daily

    union all

    select
        2 as table_rank,
        store,
        account_id,
        campaign_id,
        country_code,
        spend_account_currency,
        purchases,
        purchase_value_account_currency,
        date_day
    from core.meta_daily_metrics

    union all

    select
        3 as table_rank,
        store,
        account_id,
        campaign_id,
        country_code,
        spend_account_currency,
        purchases,
        purchase_value_account_currency,
        date_day
    from core.meta_adset_metrics

),

summed as (

    select
        table_rank,
        sum(spend_account_currency) as spend_account_currency,
        sum(purchases) as purchases,
        sum(purchase_value_account_currency) as purchase_value_account_currency,
        count(*) as row_count
    from unioned
    where
        store = $store
        and not list_contains(cast($left_out as varchar[]), account_id)
        and date_day between cast($first_day as date) and cast($last_day as date)
        and (cast($country as varchar) is null or country_code = $country)
        and (
            cast($campaign_ids as varchar[]) is null
            or list_contains(cast($campaign_ids as varchar[]), campaign_id)
        )
    group by table_rank

),

tables as (

    select
        1 as table_rank,
        'marts.dashboard_daily' as table_name

    union all

    select
        2 as table_rank,
        'core.meta_daily_metrics' as table_name

    union all

    select
        3 as table_rank,
        'core.meta_adset_metrics' as table_name

),

-- Without a row there is nothing: 0.
filled as (

    select
        tables.table_rank,
        tables.table_name,
        coalesce(summed.row_count, 0) as row_count,
        coalesce(summed.spend_account_currency, 0) as spend_account_currency,
        coalesce(summed.purchases, 0) as purchases,
        coalesce(summed.purchase_value_account_currency, 0)
            as purchase_value_account_currency
    from tables
    left join summed on tables.table_rank = summed.table_rank

),

compared as (

    select
        *,
        spend_account_currency = first_value(spend_account_currency) over ranked
        and purchases = first_value(purchases) over ranked
        and purchase_value_account_currency
        = first_value(purchase_value_account_currency) over ranked as is_as_first
    from filled
    window ranked as (order by table_rank)

)

select * from compared
order by table_rank
