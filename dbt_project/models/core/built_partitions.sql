{{
    config(
        materialized=kept_by_partition(),
        incremental_strategy="replace_partitions",
        on_schema_change="append_new_columns",
    )
}}

-- Grain: one row per account and day that stands in core and marts, with the
-- fingerprint it was built from. Written last: a build cut short marks nothing.
-- depends_on: {{ ref("meta_insights") }}
-- depends_on: {{ ref("dashboard_daily") }}
-- depends_on: {{ ref("meta_level_gaps") }}
-- depends_on: {{ ref("restatements") }}
with changed_partitions as (

    select * from {{ ref("int_meta__changed_partitions") }}

),

built as (

    select
        account_id,

        fingerprint,

        cast(date_day as date) as date_day
    from changed_partitions
    where fingerprint is not null

)

select * from built
