{{ config(materialized="table") }}

-- Grain: one row per account and day to rebuild; those to be emptied are among them.
-- depends_on: {{ ref("purchase_action_types") }}
with partitions as (

    select * from {{ ref("int_meta__partitions") }}

),

built as (

    {{ built_partitions({
        "meta_insights": "core",
        "dashboard_daily": "marts",
        "meta_level_gaps": "core",
        "restatements": "marts",
        "built_partitions": "core"
    }) }}

),

changed as (

    select
        coalesce(partitions.account_id, built.account_id) as account_id,

        partitions.fingerprint,

        coalesce(partitions.date_day, built.date_day) as date_day
    from partitions
    full outer join built
        on
            partitions.account_id = built.account_id
            and partitions.date_day = built.date_day
    where partitions.fingerprint is distinct from built.fingerprint

)

select * from changed
