{{ config(materialized="table") }}

-- Grain: one row per account, level, object, day, breakdown, country and reading of the
-- changed partitions: the one that is shown, and the totals of accounts and campaigns
-- that were shown before it. A load may hold a row twice after a crash; it counts once.
with changed_partitions as (

    select * from {{ ref("int_meta__changed_partitions") }}

),

visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

day_versions as (

    select * from {{ ref("int_meta__day_versions") }}

),

readings as (

    select
        account_id,
        rows_load_id,
        cast(null as {{ dbt.type_string() }}) as superseded_load_id,
        level,
        breakdown,
        is_partial_day,
        date_day,
        loaded_at
    from visible_windows

    union all

    select
        account_id,
        load_id as rows_load_id,
        load_id as superseded_load_id,
        level,
        'none' as breakdown,
        cast(null as boolean) as is_partial_day,
        date_day,
        read_at as loaded_at
    from day_versions
    where next_load_id is not null and level in ('account', 'campaign')

),

wanted as (

    select readings.*
    from readings
    inner join changed_partitions
        on
            readings.account_id = changed_partitions.account_id
            and readings.date_day = changed_partitions.date_day

),

insights as (

    select * from {{ ref("stg_meta__account_insights") }}

    union all

    select * from {{ ref("stg_meta__campaign_insights") }}

    union all

    select * from {{ ref("stg_meta__adset_insights") }}

    union all

    select * from {{ ref("stg_meta__ad_insights") }}

),

read as (

    select
        insights.*,
        wanted.superseded_load_id,
        wanted.is_partial_day,
        wanted.loaded_at,
        row_number() over (
            partition by
                insights.account_id,
                insights.level,
                insights.object_id,
                insights.date_day,
                insights.breakdown,
                insights.country_code,
                wanted.superseded_load_id
            order by insights.spend
        ) as copy_rank
    from insights
    inner join wanted
        on
            insights.load_id = wanted.rows_load_id
            and insights.account_id = wanted.account_id
            and insights.level = wanted.level
            and insights.breakdown = wanted.breakdown
            and insights.date_day = wanted.date_day

),

unique_rows as (

    select *
    from read
    where copy_rank = 1

)

select * from unique_rows
