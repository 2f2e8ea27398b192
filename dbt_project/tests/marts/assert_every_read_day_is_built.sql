-- Guards incremental builds. If it failed, a day would be announced as read and have no
-- rows, so no delivery would be shown where there was some; or a day that is no longer
-- shown would keep its old rows.
-- Grain of a failure: one row per account, day and table.
with account_days as (

    select * from {{ ref("account_days") }}

),

built_partitions as (

    select * from {{ ref("built_partitions") }}

),

changed_partitions as (

    select * from {{ ref("int_meta__changed_partitions") }}

),

insights as (

    select * from {{ ref("meta_insights") }}

),

dashboard_daily as (

    select * from {{ ref("dashboard_daily") }}

),

not_built as (

    select
        account_days.account_id,
        'built_partitions' as table_name,
        account_days.date_day
    from account_days
    left join built_partitions
        on
            account_days.account_id = built_partitions.account_id
            and account_days.date_day = built_partitions.date_day
    where built_partitions.account_id is null

),

not_emptied as (

    select distinct
        insights.account_id,
        'meta_insights' as table_name,
        insights.date_day
    from insights
    inner join changed_partitions
        on
            insights.account_id = changed_partitions.account_id
            and insights.date_day = changed_partitions.date_day
    where changed_partitions.fingerprint is null

    union all

    select distinct
        dashboard_daily.account_id,
        'dashboard_daily' as table_name,
        dashboard_daily.date_day
    from dashboard_daily
    inner join changed_partitions
        on
            dashboard_daily.account_id = changed_partitions.account_id
            and dashboard_daily.date_day = changed_partitions.date_day
    where changed_partitions.fingerprint is null

),

failures as (

    select * from not_built

    union all

    select * from not_emptied

)

select * from failures
