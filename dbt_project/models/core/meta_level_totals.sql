{{ config(materialized="view") }}

-- Grain: one row per store, account, level, object and day, without a breakdown: the
-- only place with a day's true reach.
with facts as (

    select *
    from {{ ref("meta_insights").include(database=false) }}
    where is_total

),

renamed as (

    select
        store,
        account_id,
        object_id,
        campaign_id,
        adset_id,
        ad_id,
        load_id,

        level,
        account_currency,
        reporting_currency,
        fx_status,
        fx_source,
        purchase_action_type,
        attribution_setting,

        spend,
        spend_account_currency,
        impressions,
        clicks,
        link_clicks,
        outbound_clicks,
        reach,
        landing_page_views,
        add_to_cart,
        checkouts_initiated,
        purchases,
        purchase_value,
        purchase_value_account_currency,
        fx_rate,

        is_partial_day,

        date_day,
        fx_rate_date,

        loaded_at
    from facts

)

select * from renamed
