{{ config(materialized="view") }}

-- Grain: one row per account, day, parent object and level of its children whose totals
-- do not add up to its own, with the cause as far as it can be told.
with gaps as (

    select * from {{ ref("meta_level_gaps").include(database=false) }}

),

objects as (

    select * from {{ ref("meta_objects").include(database=false) }}

),

lost_children as (

    select
        account_id,
        case object_type when 'campaign' then account_id else parent_id end
            as parent_id,
        object_type as child_level,
        count(*) as lost_count,
        min(object_id) as example
    from objects
    where not is_present or effective_status in ('DELETED', 'ARCHIVED')
    group by
        account_id,
        case object_type when 'campaign' then account_id else parent_id end,
        object_type

),

named as (

    select
        gaps.store,
        gaps.account_id,
        gaps.parent_id,
        gaps.parent_level,
        gaps.child_level,
        case
            when not gaps.is_one_load then 'levels_read_apart'
            when
                gaps.impressions = 0
                and gaps.clicks = 0
                and gaps.purchases = 0
                and gaps.purchase_value_account_currency = 0
                and abs(gaps.spend_account_currency) <= 0.01 * (gaps.child_count + 1)
                then 'rounding'
            when lost_children.lost_count is not null then 'deleted_child'
            else 'hidden_by_meta'
        end as cause,
        case
            when gaps.is_one_load then lost_children.example
        end as lost_child_id,
        gaps.spend_account_currency,
        gaps.impressions,
        gaps.clicks,
        gaps.purchases,
        gaps.purchase_value_account_currency,
        gaps.date_day
    from gaps
    left join lost_children
        on
            gaps.account_id = lost_children.account_id
            and gaps.parent_id = lost_children.parent_id
            and gaps.child_level = lost_children.child_level

)

select * from named
