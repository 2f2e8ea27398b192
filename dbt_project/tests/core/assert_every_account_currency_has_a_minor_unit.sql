-- Guards the budget unit. If it failed, an account's budgets would be unknown; guessed
-- at 100, a budget in yen would be a hundredth of itself. Add the currency to seed
-- currency_minor_units with Meta's offset, not ISO's.
-- Grain of a failure: one row per currency that the seed lacks.
with store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

minor_units as (

    select * from {{ ref("currency_minor_units") }}

),

lacking as (

    select
        store_accounts.account_currency,
        count(*) as account_count
    from store_accounts
    left join minor_units on store_accounts.account_currency = minor_units.currency
    where minor_units.minor_unit is null
    group by store_accounts.account_currency

)

select * from lacking
