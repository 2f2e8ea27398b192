-- Grain: one row per account, level, object, day and reading that reports a purchase.
-- One sale shows up under several action types; exactly one counts: the first present
-- by rank on the row without a breakdown. Present with 0 is present.
with insights as (

    select * from {{ ref("int_meta__insights_read") }}

),

purchase_action_types as (

    select * from {{ ref("purchase_action_types") }}

),

present as (

    select
        insights.account_id,
        insights.object_id,
        insights.superseded_load_id,
        insights.level,
        purchase_action_types.action_type,
        insights.date_day,
        row_number() over (
            partition by
                insights.account_id,
                insights.level,
                insights.object_id,
                insights.date_day,
                insights.superseded_load_id
            order by purchase_action_types.rank
        ) as type_rank
    from insights
    cross join purchase_action_types
    where
        insights.breakdown = 'none'
        and {{ has_action("insights.actions", "purchase_action_types.action_type") }}

),

chosen as (

    select
        account_id,
        object_id,
        superseded_load_id,

        level,
        action_type as purchase_action_type,

        date_day
    from present
    where type_rank = 1

)

select * from chosen
