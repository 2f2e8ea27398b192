{{
    config(
        materialized=kept_by_partition(),
        incremental_strategy="replace_partitions",
        on_schema_change="append_new_columns",
    )
}}

-- Grain: one row per account, level (account or campaign), object, day and reading that
-- changed a number of it: what it was before and by how much it changed.
{% set metrics = [
    ("spend_account_currency", "decimal(18, 4)"),
    ("impressions", "bigint"),
    ("clicks", "bigint"),
    ("purchases", "bigint"),
    ("purchase_value_account_currency", "decimal(18, 4)"),
] -%}
with insights as (

    select * from {{ ref("int_meta__insights_measured") }}

),

day_versions as (

    select * from {{ ref("int_meta__day_versions") }}

),

changed_partitions as (

    select * from {{ ref("int_meta__changed_partitions") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

totals as (

    select *
    from insights
    where breakdown = 'none' and level in ('account', 'campaign')

),

versions as (

    select day_versions.*
    from day_versions
    inner join changed_partitions
        on
            day_versions.account_id = changed_partitions.account_id
            and day_versions.date_day = changed_partitions.date_day
    where day_versions.level in ('account', 'campaign')

),

objects as (

    select
        account_id,
        level,
        object_id,
        date_day,
        max(campaign_id) as campaign_id
    from totals
    group by account_id, level, object_id, date_day

),

-- An object without a row in a version had no delivery by it: 0, and its change shows.
measured as (

    select
        objects.object_id,
        objects.campaign_id,
        {% for metric, _ in metrics -%}
        coalesce(totals.{{ metric }}, 0) as {{ metric }},
        {% endfor -%}
        versions.*
    from versions
    inner join objects
        on
            versions.account_id = objects.account_id
            and versions.level = objects.level
            and versions.date_day = objects.date_day
    left join totals
        on
            versions.account_id = totals.account_id
            and versions.level = totals.level
            and versions.date_day = totals.date_day
            and versions.load_id = totals.load_id
            and objects.object_id = totals.object_id

),

compared as (

    select
        {% for metric, _ in metrics -%}
        lag({{ metric }}) over (
            partition by account_id, level, object_id, date_day order by load_id
        ) as {{ metric }}_before,
        {% endfor -%}
        *
    from measured

),

changed as (

    select
        store_accounts.store,
        compared.account_id,
        compared.object_id,
        compared.campaign_id,
        compared.load_id,
        compared.previous_load_id,
        compared.level,
        store_accounts.account_currency,
        {% for metric, data_type in metrics -%}
        cast(compared.{{ metric }}_before as {{ data_type }}) as {{ metric }}_before,
        cast(
            compared.{{ metric }} - compared.{{ metric }}_before as {{ data_type }}
        ) as {{ metric }}_change,
        {% endfor -%}
        cast(compared.date_day as date) as date_day,
        compared.previous_read_at,
        compared.read_at
    from compared
    inner join store_accounts on compared.account_id = store_accounts.account_id
    where
        compared.previous_load_id is not null
        and (
            compared.spend_account_currency <> compared.spend_account_currency_before
            {% for metric, _ in metrics[1:] -%}
            or compared.{{ metric }} <> compared.{{ metric }}_before
            {% endfor %}
        )

)

select * from changed
