{{
    config(
        materialized=kept_by_partition(),
        incremental_strategy="replace_partitions",
        on_schema_change="append_new_columns",
    )
}}

-- Grain: one row per account, day, parent object and level of its children whose totals
-- do not add up to its own; only days whose levels were read in one load.
with insights as (

    select * from {{ ref("meta_insights") }}

),

changed_partitions as (

    select * from {{ ref("int_meta__changed_partitions") }}

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

gaps as (

    select *
    from summed
    where
        spend_account_currency <> 0
        or impressions <> 0
        or clicks <> 0
        or purchases <> 0
        or purchase_value_account_currency <> 0

)

select * from gaps
