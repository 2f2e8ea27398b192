{{ config(materialized="table") }}

-- Grain: one row per account, level, object, day, breakdown and country of the changed
-- partitions. A load may hold a row twice after a crash; it counts once.
with changed_partitions as (

    select * from {{ ref("int_meta__changed_partitions") }}

),

visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

wanted as (

    select visible_windows.*
    from visible_windows
    inner join changed_partitions
        on
            visible_windows.account_id = changed_partitions.account_id
            and visible_windows.date_day = changed_partitions.date_day

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
        wanted.is_partial_day,
        wanted.loaded_at,
        row_number() over (
            partition by
                insights.account_id,
                insights.level,
                insights.object_id,
                insights.date_day,
                insights.breakdown,
                insights.country_code
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
