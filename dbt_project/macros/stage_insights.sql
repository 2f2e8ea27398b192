{# Staging of one level's insights: all levels have the same columns in raw. #}
{% macro stage_insights(level) -%}
with insights as (

    select * from {{ source_or_empty("raw_meta", level ~ "_insights") }}

),

renamed as (

    select
        account_id,
        campaign_id,
        adset_id,
        ad_id,
        {{ level }}_id as object_id,
        _dlt_load_id as load_id,

        '{{ level }}' as level,
        breakdown,
        country as country_code,
        campaign_name,
        adset_name,
        ad_name,
        attribution_setting,
        outbound_clicks as outbound_click_actions,
        actions,
        action_values,

        cast(spend as {{ type_money() }}) as spend,
        cast(impressions as bigint) as impressions,
        cast(clicks as bigint) as clicks,
        cast(inline_link_clicks as bigint) as link_clicks,
        cast(reach as bigint) as reach,

        date_start as date_day
    from insights

)

select * from renamed
{%- endmacro %}
