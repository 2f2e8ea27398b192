-- Grain: one row per account, level, object, day, breakdown and country.
-- Spend and value are converted with the same rate row; without a rate they are null.
with insights as (

    select * from {{ ref("int_meta__insights_measured") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

daily_rates as (

    select * from {{ ref("int_fx__daily_rates") }}

),

converted as (

    select
        insights.*,
        store_accounts.store,
        store_accounts.account_currency,
        store_accounts.reporting_currency,
        daily_rates.fx_status,
        daily_rates.fx_source,
        cast(
            insights.spend_account_currency * daily_rates.fx_rate
            as {{ type_converted_money() }}
        ) as spend,
        cast(
            insights.purchase_value_account_currency * daily_rates.fx_rate
            as {{ type_converted_money() }}
        ) as purchase_value,
        daily_rates.fx_rate,
        daily_rates.fx_rate_date,
        {{ end_of_day("insights.date_day", "store_accounts.timezone_name") }}
            as day_ends_at
    from insights
    inner join store_accounts on insights.account_id = store_accounts.account_id
    inner join daily_rates
        on
            store_accounts.account_currency = daily_rates.account_currency
            and store_accounts.reporting_currency = daily_rates.reporting_currency
            and insights.date_day = daily_rates.date_day
    where insights.superseded_load_id is null

)

select * from converted
