{{
    config(
        materialized="incremental",
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
        cast(converted.store as varchar) as store,
        cast(converted.account_id as varchar) as account_id,
        cast(converted.campaign_id as varchar) as campaign_id,
        cast(converted.adset_id as varchar) as adset_id,
        cast(converted.ad_id as varchar) as ad_id,
        cast(converted.object_id as varchar) as object_id,
        cast(converted.load_id as varchar) as load_id,
        cast(converted.level as varchar) as level,
        cast(converted.country_code as varchar) as country_code,
        cast(converted.reported_campaign_name as varchar) as reported_campaign_name,
        cast(converted.reported_adset_name as varchar) as reported_adset_name,
        cast(converted.reported_ad_name as varchar) as reported_ad_name,
        cast(converted.account_currency as varchar) as account_currency,
        cast(converted.reporting_currency as varchar) as reporting_currency,
        cast(converted.fx_status as varchar) as fx_status,
        cast(converted.fx_source as varchar) as fx_source,
        cast(converted.purchase_action_type as varchar) as purchase_action_type,
        cast(converted.attribution_setting as varchar) as attribution_setting,
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
        cast(converted.loaded_at as timestamp with time zone) as loaded_at,
        cast(converted.day_ends_at as timestamp with time zone) as day_ends_at
    from converted

),

residual_rows as (

    select
        cast(residual.store as varchar) as store,
        cast(residual.account_id as varchar) as account_id,
        cast(residual.campaign_id as varchar) as campaign_id,
        cast(residual.adset_id as varchar) as adset_id,
        cast(residual.ad_id as varchar) as ad_id,
        cast(residual.object_id as varchar) as object_id,
        cast(residual.load_id as varchar) as load_id,
        cast(residual.level as varchar) as level,
        cast('ZZ' as varchar) as country_code,
        cast(residual.reported_campaign_name as varchar) as reported_campaign_name,
        cast(residual.reported_adset_name as varchar) as reported_adset_name,
        cast(residual.reported_ad_name as varchar) as reported_ad_name,
        cast(residual.account_currency as varchar) as account_currency,
        cast(residual.reporting_currency as varchar) as reporting_currency,
        cast(residual.fx_status as varchar) as fx_status,
        cast(residual.fx_source as varchar) as fx_source,
        cast(residual.purchase_action_type as varchar) as purchase_action_type,
        cast(residual.attribution_setting as varchar) as attribution_setting,
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
        cast(residual.loaded_at as timestamp with time zone) as loaded_at,
        cast(residual.day_ends_at as timestamp with time zone) as day_ends_at
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
