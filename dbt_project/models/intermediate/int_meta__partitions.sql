-- Grain: one row per account and day that may be shown, with its fingerprint: all that
-- its rows depend on. A partition is rebuilt when the fingerprint is not the built one.
with visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

daily_rates as (

    select * from {{ ref("int_fx__daily_rates") }}

),

day_versions as (

    select * from {{ ref("int_meta__day_versions") }}

),

versions_of_day as (

    select
        account_id,
        date_day,
        {{ dbt.listagg(
            "concat_ws(' ', level, load_id)", "','", "order by level, load_id"
        ) }} as versions
    from day_versions
    where level in ('account', 'campaign')
    group by account_id, date_day

),

windows_of_day as (

    select
        account_id,
        date_day,
        {{ dbt.listagg(
            "concat_ws(' ', level, breakdown, rows_load_id, is_partial_day)",
            "','",
            "order by level, breakdown"
        ) }} as windows,
        count(distinct load_id) as load_count
    from visible_windows
    group by account_id, date_day

),

fingerprinted as (

    select
        windows_of_day.account_id,

        md5(concat_ws(
            '|',
            {{ project_hash() }},
            windows_of_day.windows,
            versions_of_day.versions,
            windows_of_day.load_count = 1,
            store_accounts.store,
            store_accounts.account_currency,
            store_accounts.reporting_currency,
            store_accounts.timezone_name,
            daily_rates.fx_status,
            daily_rates.fx_source,
            daily_rates.fx_rate,
            daily_rates.fx_rate_date
        )) as fingerprint,

        windows_of_day.date_day
    from windows_of_day
    inner join store_accounts on windows_of_day.account_id = store_accounts.account_id
    left join versions_of_day
        on
            windows_of_day.account_id = versions_of_day.account_id
            and windows_of_day.date_day = versions_of_day.date_day
    left join daily_rates
        on
            store_accounts.account_currency = daily_rates.account_currency
            and store_accounts.reporting_currency = daily_rates.reporting_currency
            and windows_of_day.date_day = daily_rates.date_day

)

select * from fingerprinted
