-- Grain: one row per account currency, reporting currency and day that needs a rate.
-- One rate a pair and day, through the provider's base; a pegged currency stands for so
-- many units of its anchor. Without a rate at most {{ var("fx_carry_days") }} days old
-- it is null and `missing`, never 1.
with exchange_rates as (

    select * from {{ ref("stg_fx__exchange_rates") }}

),

pegs as (

    select * from {{ ref("currency_pegs") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

needed as (

    select distinct
        store_accounts.account_currency,
        store_accounts.reporting_currency,
        visible_windows.date_day
    from visible_windows
    inner join store_accounts on visible_windows.account_id = store_accounts.account_id

),

anchored as (

    select
        needed.*,
        coalesce(account_peg.anchor_currency, needed.account_currency)
            as account_anchor,
        coalesce(account_peg.units_an_anchor_unit, 1) as account_units,
        coalesce(reporting_peg.anchor_currency, needed.reporting_currency)
            as reporting_anchor,
        coalesce(reporting_peg.units_an_anchor_unit, 1) as reporting_units
    from needed
    left join pegs as account_peg on needed.account_currency = account_peg.currency
    left join pegs as reporting_peg
        on needed.reporting_currency = reporting_peg.currency

),

versioned_rates as (

    select
        exchange_rates.*,
        row_number() over (
            partition by
                exchange_rates.provider,
                exchange_rates.base_currency,
                exchange_rates.quote_currency,
                exchange_rates.rate_date
            order by exchange_rates.fetched_at desc, exchange_rates.load_id desc
        ) as version_rank
    from exchange_rates

),

current_rates as (

    select
        provider,
        base_currency,
        quote_currency,
        rate_date,
        quote_units_a_base_unit
    from versioned_rates
    where version_rank = 1

),

-- The base itself is a currency like the others, one unit of it each published day.
published_rates as (

    select
        provider,
        base_currency,
        quote_currency,
        rate_date,
        quote_units_a_base_unit
    from current_rates

    union all

    select
        exchange_rates.provider,
        exchange_rates.base_currency,
        exchange_rates.base_currency as quote_currency,
        exchange_rates.rate_date,
        1 as quote_units_a_base_unit
    from exchange_rates
    group by
        exchange_rates.provider, exchange_rates.base_currency, exchange_rates.rate_date

),

crossed_rates as (

    select
        account_rates.provider,
        account_rates.base_currency,
        account_rates.quote_currency as account_anchor,
        reporting_rates.quote_currency as reporting_anchor,
        account_rates.rate_date,
        account_rates.quote_units_a_base_unit as account_rate,
        reporting_rates.quote_units_a_base_unit as reporting_rate,
        max(account_rates.rate_date) over (
            partition by account_rates.quote_currency, reporting_rates.quote_currency
        ) as newest_rate_date
    from published_rates as account_rates
    inner join published_rates as reporting_rates
        on
            account_rates.rate_date = reporting_rates.rate_date
            and account_rates.provider = reporting_rates.provider
            and account_rates.base_currency = reporting_rates.base_currency

),

candidates as (

    select
        anchored.*,
        crossed_rates.provider,
        crossed_rates.rate_date,
        crossed_rates.account_rate,
        crossed_rates.reporting_rate,
        crossed_rates.newest_rate_date,
        row_number() over (
            partition by
                anchored.account_currency,
                anchored.reporting_currency,
                anchored.date_day
            order by
                crossed_rates.rate_date desc,
                crossed_rates.provider asc,
                crossed_rates.base_currency asc
        ) as age_rank
    from anchored
    left join crossed_rates
        on
            anchored.account_anchor = crossed_rates.account_anchor
            and anchored.reporting_anchor = crossed_rates.reporting_anchor
            and anchored.account_anchor <> anchored.reporting_anchor
            and anchored.date_day >= crossed_rates.rate_date
            and {{ dbt.dateadd("day", -var("fx_carry_days"), "anchored.date_day") }}
            <= crossed_rates.rate_date

),

decided as (

    select
        account_currency,
        reporting_currency,
        case
            when account_currency = reporting_currency then 'identity'
            when account_anchor = reporting_anchor then 'exact'
            when rate_date = date_day then 'exact'
            when rate_date is null then 'missing'
            -- No later rate is known: the day's own may still come.
            when rate_date = newest_rate_date then 'provisional'
            else 'carried'
        end as fx_status,
        case
            when account_currency = reporting_currency then 'identity'
            when account_anchor = reporting_anchor then 'peg'
            when account_units = 1 and reporting_units = 1 then provider
            else provider || ' and peg'
        end as fx_source,

        case
            when account_currency = reporting_currency then 1
            when account_anchor = reporting_anchor
                then cast(reporting_units as {{ type_double() }}) / account_units
            else
                cast(reporting_rate as {{ type_double() }}) * reporting_units
                / (cast(account_rate as {{ type_double() }}) * account_units)
        end as quotient,

        date_day,
        case
            when account_anchor = reporting_anchor then date_day
            else rate_date
        end as fx_rate_date
    from candidates
    where age_rank = 1

),

rounded as (

    select
        account_currency,
        reporting_currency,
        fx_status,
        fx_source,

        {{ rounded_rate("quotient") }} as fx_rate,

        date_day,
        fx_rate_date
    from decided

)

select * from rounded
