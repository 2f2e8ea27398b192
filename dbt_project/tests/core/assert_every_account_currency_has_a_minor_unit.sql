{{ config(severity="warn") }}

-- Guards the budget unit. If it warns, the account's budgets are unknown; guessed at
-- 100, a budget in yen would be a hundredth of itself. All else is published, and
-- marts.status_checks says so too. Add the currency to seed currency_minor_units with
-- Meta's offset, not ISO's.
-- Grain of a failure: one row per account whose currency the seed lacks.
with store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

minor_units as (

    select * from {{ ref("currency_minor_units") }}

),

lacking as (

    select
        store_accounts.account_id,
        store_accounts.store,
        store_accounts.account_name,
        store_accounts.account_currency
    from store_accounts
    left join minor_units on store_accounts.account_currency = minor_units.currency
    where minor_units.minor_unit is null

)

select * from lacking
