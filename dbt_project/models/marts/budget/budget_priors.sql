-- Grain: one row per store, account or all (null), country or all (null) and complete
-- day with data: sums of the 60 days that end with it.
with dashboard_daily as (

    select * from {{ ref("dashboard_daily") }}

),

country_days as (

    select
        store,
        account_id,
        country_code,
        reporting_currency,
        account_currency,
        date_day,
        max(case when is_partial_day then 1 else 0 end) as is_partial_day,
        min(attribution_setting) as first_setting,
        max(attribution_setting) as last_setting,
        count(*) - count(attribution_setting) as rows_without_setting,
        sum(spend) as spend,
        sum(case when spend is not null then purchases end) as purchases,
        sum(purchase_value) as purchase_value,
        count(case when spend is null then 1 end) as unconvertible_rows,
        sum(case when spend is null then spend_account_currency end)
            as unconvertible_spend
    from dashboard_daily
    group by
        store,
        account_id,
        country_code,
        reporting_currency,
        account_currency,
        date_day

),

-- A day is partial for the store when it is for any of its accounts.
as_of_days as (

    select
        store,
        date_day as as_of_day
    from country_days
    group by store, date_day
    having max(is_partial_day) = 0

),

complete_days as (

    select *
    from country_days
    where is_partial_day = 0

),

rolled_up as (

    select
        store,
        account_id,
        country_code,
        date_day,
        max(reporting_currency) as reporting_currency,
        min(account_currency) as first_currency,
        max(account_currency) as last_currency,
        min(first_setting) as first_setting,
        max(last_setting) as last_setting,
        sum(rows_without_setting) as rows_without_setting,
        sum(spend) as spend,
        sum(purchases) as purchases,
        sum(purchase_value) as purchase_value,
        sum(unconvertible_rows) as unconvertible_rows,
        sum(unconvertible_spend) as unconvertible_spend
    from complete_days
    -- Grouping sets are unknown to the linter.
    group by grouping sets ( -- noqa: PRS
        (store, date_day, account_id, country_code),
        (store, date_day, account_id),
        (store, date_day, country_code),
        (store, date_day)
    )

),

-- `ZZ` and `unknown` are no country to plan for: they count among all countries only.
days as (

    select *
    from rolled_up
    where country_code is null or country_code not in ('ZZ', 'unknown')

),

spans as (

    select
        store,
        account_id,
        country_code,
        max(reporting_currency) as reporting_currency,
        min(first_currency) as first_currency,
        max(last_currency) as last_currency,
        min(date_day) as first_day,
        max(date_day) as last_day
    from days
    group by store, account_id, country_code

),

-- A day without a row of its own still has the 59 before it.
spine as (

    select
        spans.*,
        as_of_days.as_of_day
    from spans
    inner join as_of_days
        on
            spans.store = as_of_days.store
            and spans.first_day <= as_of_days.as_of_day
            and as_of_days.as_of_day < cast(
                {{ dbt.dateadd("day", var("prior_days"), "spans.last_day") }} as date
            )

),

-- Complete days of one account that are partial for another end no window of their own
-- but are part of later ones.
all_days as (

    select
        coalesce(spine.store, days.store) as store,
        coalesce(spine.account_id, days.account_id) as account_id,
        coalesce(spine.country_code, days.country_code) as country_code,
        spine.reporting_currency,
        case
            when spine.first_currency = spine.last_currency then spine.first_currency
        end as account_currency,
        coalesce(spine.as_of_day, days.date_day) as as_of_day,
        spine.as_of_day is not null as is_as_of_day,
        case when days.date_day is not null then 1 else 0 end as has_data,
        days.first_setting,
        days.last_setting,
        days.rows_without_setting,
        days.spend,
        days.purchases,
        days.purchase_value,
        days.unconvertible_rows,
        days.unconvertible_spend
    from spine
    full outer join days
        on
            spine.store = days.store
            -- Null stands for all. Postgres joins both sides in full on equality only.
            and coalesce(spine.account_id, '') = coalesce(days.account_id, '')
            and coalesce(spine.country_code, '') = coalesce(days.country_code, '')
            and spine.as_of_day = days.date_day

),

windowed as (

    select
        store,
        account_id,
        country_code,
        reporting_currency,
        account_currency,
        as_of_day,
        is_as_of_day,
        min(first_setting) over prior_window as first_setting,
        max(last_setting) over prior_window as last_setting,
        sum(rows_without_setting) over prior_window as rows_without_setting,
        sum(spend) over prior_window as spend,
        sum(purchases) over prior_window as purchases,
        sum(purchase_value) over prior_window as purchase_value,
        sum(has_data) over prior_window as days_with_data,
        sum(unconvertible_rows) over prior_window as unconvertible_rows,
        sum(unconvertible_spend) over prior_window as unconvertible_spend
    from all_days
    window prior_window as (
        partition by store, account_id, country_code
        order by as_of_day
        range between interval '{{ var("prior_days") - 1 }} days' preceding
        and current row
    )

),

typed as (

    select
        store,
        account_id,
        country_code,
        account_currency,
        reporting_currency,
        case
            when first_setting <> last_setting then 'mixed'
            when rows_without_setting = 0 then first_setting
        end as attribution_setting,

        cast(spend as decimal(38, 14)) as spend,
        cast(purchases as bigint) as purchases,
        cast(purchase_value as decimal(38, 14)) as purchase_value,
        metrics.cac(spend, purchases) as cac,
        metrics.roas(purchase_value, spend) as roas,
        metrics.aov(purchase_value, purchases) as aov,
        cast(days_with_data as bigint) as days_with_data,
        cast(unconvertible_rows as bigint) as unconvertible_rows,
        cast(
            case when account_currency is not null then unconvertible_spend end
            as decimal(18, 4)
        ) as unconvertible_spend_account_currency,

        cast(as_of_day as date) as as_of_day
    from windowed
    where is_as_of_day and days_with_data > 0

)

select * from typed
