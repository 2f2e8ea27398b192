{{
    config(
        materialized=kept_by_partition(),
        incremental_strategy="replace_partitions",
        on_schema_change="append_new_columns",
    )
}}

-- Grain: one row per account, level, object, day and country, `ZZ` included, and one
-- without a country (`is_total`) per account, level, object and day.
with converted as (

    select * from {{ ref("int_meta__insights_converted") }}

),

residual as (

    select * from {{ ref("int_meta__insights_residual") }}

),

read_rows as (

    select
        converted.store,
        converted.account_id,
        converted.campaign_id,
        converted.adset_id,
        converted.ad_id,
        converted.object_id,
        converted.load_id,
        converted.level,
        converted.country_code,
        converted.reported_campaign_name,
        converted.reported_adset_name,
        converted.reported_ad_name,
        converted.account_currency,
        converted.reporting_currency,
        converted.fx_status,
        converted.fx_source,
        converted.purchase_action_type,
        converted.attribution_setting,
        cast(converted.spend as decimal(38, 14)) as spend,
        cast(converted.spend_account_currency as decimal(18, 4))
            as spend_account_currency,
        cast(converted.impressions as bigint) as impressions,
        cast(converted.clicks as bigint) as clicks,
        cast(converted.link_clicks as bigint) as link_clicks,
        cast(converted.outbound_clicks as bigint) as outbound_clicks,
        cast(converted.reach as bigint) as reach,
        cast(converted.landing_page_views as bigint) as landing_page_views,
        cast(converted.add_to_cart as bigint) as add_to_cart,
        cast(converted.checkouts_initiated as bigint) as checkouts_initiated,
        cast(converted.purchases as bigint) as purchases,
        cast(converted.purchase_value as decimal(38, 14)) as purchase_value,
        cast(converted.purchase_value_account_currency as decimal(18, 4))
            as purchase_value_account_currency,
        cast(converted.fx_rate as decimal(20, 10)) as fx_rate,
        cast(converted.breakdown = 'none' as boolean) as is_total,
        cast(converted.is_partial_day as boolean) as is_partial_day,
        cast(converted.date_day as date) as date_day,
        cast(converted.fx_rate_date as date) as fx_rate_date,
        converted.loaded_at,
        converted.day_ends_at
    from converted

),

residual_rows as (

    select
        residual.store,
        residual.account_id,
        residual.campaign_id,
        residual.adset_id,
        residual.ad_id,
        residual.object_id,
        residual.load_id,
        residual.level,
        'ZZ' as country_code,
        residual.reported_campaign_name,
        residual.reported_adset_name,
        residual.reported_ad_name,
        residual.account_currency,
        residual.reporting_currency,
        residual.fx_status,
        residual.fx_source,
        residual.purchase_action_type,
        residual.attribution_setting,
        cast(residual.spend as decimal(38, 14)) as spend,
        cast(residual.spend_account_currency as decimal(18, 4))
            as spend_account_currency,
        cast(residual.impressions as bigint) as impressions,
        cast(residual.clicks as bigint) as clicks,
        cast(residual.link_clicks as bigint) as link_clicks,
        cast(residual.outbound_clicks as bigint) as outbound_clicks,
        cast(null as bigint) as reach,
        cast(residual.landing_page_views as bigint) as landing_page_views,
        cast(residual.add_to_cart as bigint) as add_to_cart,
        cast(residual.checkouts_initiated as bigint) as checkouts_initiated,
        cast(residual.purchases as bigint) as purchases,
        cast(residual.purchase_value as decimal(38, 14)) as purchase_value,
        cast(residual.purchase_value_account_currency as decimal(18, 4))
            as purchase_value_account_currency,
        cast(residual.fx_rate as decimal(20, 10)) as fx_rate,
        cast(false as boolean) as is_total,
        cast(residual.is_partial_day as boolean) as is_partial_day,
        cast(residual.date_day as date) as date_day,
        cast(residual.fx_rate_date as date) as fx_rate_date,
        residual.loaded_at,
        residual.day_ends_at
    from residual

),

unioned as (

    select * from read_rows

    union all

    select * from residual_rows

),

-- Readers ask for days: rows in this order let the engine skip the rest.
sorted as (

    select *
    from unioned
    order by date_day, level, account_id, object_id, country_code

)

select * from sorted
