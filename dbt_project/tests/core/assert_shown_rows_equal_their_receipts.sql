-- Guards what is visible. A receipt is written from the whole answer, before it is
-- loaded. If this failed, rows would have been lost, doubled or altered on their way to
-- the facts, or pruned while still shown, and every sum would be silently wrong.
-- Grain of a failure: one row per account, level, breakdown and day.
with visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

changed_partitions as (

    select * from {{ ref("int_meta__changed_partitions") }}

),

insights as (

    select * from {{ ref("int_meta__insights_read") }}

),

promised as (

    select visible_windows.*
    from visible_windows
    inner join changed_partitions
        on
            visible_windows.account_id = changed_partitions.account_id
            and visible_windows.date_day = changed_partitions.date_day

),

loaded as (

    select
        account_id,
        level,
        breakdown,
        count(*) as row_count,
        sum(spend) as spend,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        date_day
    from insights
    where superseded_load_id is null
    group by account_id, level, breakdown, date_day

),

-- A window without rows, or whose rows leave a metric out, has the sum 0.
compared as (

    select
        coalesce(promised.account_id, loaded.account_id) as account_id,
        promised.rows_load_id,
        coalesce(promised.level, loaded.level) as level,
        coalesce(promised.breakdown, loaded.breakdown) as breakdown,
        coalesce(loaded.row_count, 0) as row_count,
        promised.row_count as promised_row_count,
        coalesce(loaded.spend, 0) as spend,
        coalesce(promised.spend, 0) as promised_spend,
        coalesce(loaded.impressions, 0) as impressions,
        coalesce(promised.impressions, 0) as promised_impressions,
        coalesce(loaded.clicks, 0) as clicks,
        coalesce(promised.clicks, 0) as promised_clicks,
        coalesce(promised.date_day, loaded.date_day) as date_day
    from promised
    full outer join loaded
        on
            promised.account_id = loaded.account_id
            and promised.level = loaded.level
            and promised.breakdown = loaded.breakdown
            and promised.date_day = loaded.date_day

),

differing as (

    select *
    from compared
    where
        row_count is distinct from promised_row_count
        or spend <> promised_spend
        or impressions <> promised_impressions
        or clicks <> promised_clicks

)

select * from differing
