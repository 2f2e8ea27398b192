-- Guards the currency, country and reach rules, row by row. If it failed, money would
-- be counted at a rate that nobody published (1.0 above all), unknown money would pass
-- for 0, or the reach of a residual, which cannot be subtracted, would be shown.
-- Grain of a failure: one row per account, level, object, day, country and broken law.
with insights as (

    select * from {{ ref("meta_insights") }}

),

tested as (

    select
        *,
        cast(spend_account_currency * fx_rate as {{ type_converted_money() }})
            as expected_spend,
        cast(purchase_value_account_currency * fx_rate as {{ type_converted_money() }})
            as expected_value
    from insights
    where {{ is_in_changed_partition("insights") }}

),

broken as (

    select
        *,
        case
            when spend <> expected_spend or purchase_value <> expected_value
                then 'converted is original times rate'
            when
                (spend is null) <> (fx_status = 'missing')
                or (purchase_value is null) <> (fx_status = 'missing')
                or (fx_rate is null) <> (fx_status = 'missing')
                then 'converted is null exactly where the rate is missing'
            when (account_currency = reporting_currency) <> (fx_status = 'identity')
                then 'the rate is identity exactly for equal currencies'
            when fx_status = 'identity' and fx_rate <> 1
                then 'the rate of equal currencies is 1'
            when
                fx_status not in (
                    'exact', 'carried', 'provisional', 'missing', 'identity'
                )
                then 'fx_status is one of five'
            when fx_rate_date > date_day then 'no rate comes from a later day'
            when country_code = 'ZZ' and reach is not null
                then 'a residual has no reach'
            when is_total <> (country_code is null)
                then 'exactly the totals have no country'
        end as broken_law
    from tested

)

select
    account_id,
    object_id,
    level,
    country_code,
    broken_law,
    date_day
from broken
where broken_law is not null
