{{ config(materialized="view") }}

-- Grain: one row per account, day, law, level and part. Within a law and level the
-- parts add up to the total (`is_total`), to the smallest unit; each part that is no
-- ordinary one is named by its cause.
{% set metrics = [
    "spend_account_currency",
    "impressions",
    "clicks",
    "purchases",
    "purchase_value_account_currency",
] -%}
with insights as (

    select * from {{ ref("meta_insights").include(database=false) }}

),

level_gaps as (

    select * from {{ ref("level_gaps").include(database=false) }}

),

-- The total of an object and its countries, what Meta gave to none of them included.
countries as (

    select
        store,
        account_id,
        'countries' as law,
        level,
        case
            when is_total then 'total'
            when country_code = 'ZZ' then 'breakdown_shortfall'
            when country_code = 'unknown' then 'unknown_country'
            else 'countries'
        end as part,
        is_total,
        {% for metric in metrics -%}
        {{ metric }},
        {% endfor -%}
        date_day
    from insights

),

-- The totals of a level and of the one below it.
parents as (

    select
        store,
        account_id,
        'levels' as law,
        case level
            when 'account' then 'campaign' when 'campaign' then 'adset' else 'ad'
        end as level,
        'total' as part,
        true as is_total,
        {% for metric in metrics -%}
        {{ metric }},
        {% endfor -%}
        date_day
    from insights
    where is_total and level <> 'ad'

),

children as (

    select
        store,
        account_id,
        'levels' as law,
        level,
        'children' as part,
        false as is_total,
        {% for metric in metrics -%}
        {{ metric }},
        {% endfor -%}
        date_day
    from insights
    where is_total and level <> 'account'

),

gaps as (

    select
        store,
        account_id,
        'levels' as law,
        child_level as level,
        cause as part,
        false as is_total,
        {% for metric in metrics -%}
        {{ metric }},
        {% endfor -%}
        date_day
    from level_gaps

),

-- Original amounts by how they were converted; those without a rate were not.
conversion as (

    select
        store,
        account_id,
        'conversion' as law,
        level,
        'total' as part,
        true as is_total,
        {% for metric in metrics -%}
        {{ metric }},
        {% endfor -%}
        date_day
    from insights
    where is_total

    union all

    select
        store,
        account_id,
        'conversion' as law,
        level,
        fx_status as part,
        false as is_total,
        {% for metric in metrics -%}
        {{ metric }},
        {% endfor -%}
        date_day
    from insights
    where not is_total

),

unioned as (

    select * from countries

    union all

    select * from parents

    union all

    select * from children

    union all

    select * from gaps

    union all

    select * from conversion

),

summed as (

    select
        store,
        account_id,
        law,
        level,
        part,
        cast(sum(spend_account_currency) as decimal(18, 4)) as spend_account_currency,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(purchases) as bigint) as purchases,
        cast(sum(purchase_value_account_currency) as decimal(18, 4))
            as purchase_value_account_currency,
        is_total,
        date_day
    from unioned
    group by store, account_id, law, level, part, is_total, date_day

)

select * from summed
