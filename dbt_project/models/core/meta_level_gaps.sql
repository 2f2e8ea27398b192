{{
    config(
        materialized=kept_by_partition(),
        incremental_strategy="replace_partitions",
        on_schema_change="append_new_columns",
    )
}}

-- Grain: one row per account, day, parent object and level of its children whose totals
-- do not add up to its own: the parent's minus the sum of its children's, signed.
with insights as (

    select * from {{ ref("meta_insights") }}

),

changed_partitions as (

    select * from {{ ref("int_meta__changed_partitions") }}

),

visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

totals as (

    select insights.*
    from insights
    inner join changed_partitions
        on
            insights.account_id = changed_partitions.account_id
            and insights.date_day = changed_partitions.date_day
    where insights.is_total

),

signed as (

    select
        store,
        account_id,
        level as parent_level,
        object_id as parent_id,
        case level
            when 'account' then 'campaign' when 'campaign' then 'adset' else 'ad'
        end as child_level,
        0 as child_count,
        spend_account_currency,
        impressions,
        clicks,
        purchases,
        purchase_value_account_currency,
        date_day
    from totals
    where level <> 'ad'

    union all

    select
        store,
        account_id,
        case level
            when 'campaign' then 'account' when 'adset' then 'campaign' else 'adset'
        end as parent_level,
        case level
            when 'campaign' then account_id when 'adset' then campaign_id else adset_id
        end as parent_id,
        level as child_level,
        1 as child_count,
        -spend_account_currency as spend_account_currency,
        -impressions as impressions,
        -clicks as clicks,
        -purchases as purchases,
        -purchase_value_account_currency as purchase_value_account_currency,
        date_day
    from totals
    where level <> 'account'

),

summed as (

    select
        store,
        account_id,
        parent_id,
        parent_level,
        child_level,
        cast(sum(child_count) as bigint) as child_count,
        cast(sum(spend_account_currency) as decimal(18, 4)) as spend_account_currency,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(purchases) as bigint) as purchases,
        cast(sum(purchase_value_account_currency) as decimal(18, 4))
            as purchase_value_account_currency,
        cast(date_day as date) as date_day
    from signed
    group by store, account_id, parent_id, parent_level, child_level, date_day

),

split_days as (

    select
        account_id,
        date_day
    from visible_windows
    group by account_id, date_day
    having count(distinct load_id) > 1

),

gaps as (

    select
        summed.store,
        summed.account_id,
        summed.parent_id,
        summed.parent_level,
        summed.child_level,
        summed.child_count,
        summed.spend_account_currency,
        summed.impressions,
        summed.clicks,
        summed.purchases,
        summed.purchase_value_account_currency,
        cast(split_days.account_id is null as boolean) as is_one_load,
        summed.date_day
    from summed
    left join split_days
        on
            summed.account_id = split_days.account_id
            and summed.date_day = split_days.date_day
    where
        summed.spend_account_currency <> 0
        or summed.impressions <> 0
        or summed.clicks <> 0
        or summed.purchases <> 0
        or summed.purchase_value_account_currency <> 0

)

select * from gaps
