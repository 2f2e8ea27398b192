{{
    config(
        materialized=kept_by_partition(),
        incremental_strategy="replace_partitions",
        on_schema_change="append_new_columns",
    )
}}

-- Grain: one row per store, account, day, campaign and country, `ZZ` included.
with insights as (

    select * from {{ ref("meta_insights") }}

),

changed_partitions as (

    select * from {{ ref("int_meta__changed_partitions") }}

),

campaign_days as (

    select
        insights.store,
        insights.account_id,
        insights.campaign_id,
        insights.country_code,
        insights.account_currency,
        insights.reporting_currency,
        insights.fx_source,
        insights.fx_status,
        insights.attribution_setting,
        cast(insights.spend as decimal(38, 14)) as spend,
        cast(insights.spend_account_currency as decimal(18, 4))
            as spend_account_currency,
        cast(insights.impressions as bigint) as impressions,
        cast(insights.clicks as bigint) as clicks,
        cast(insights.link_clicks as bigint) as link_clicks,
        cast(insights.outbound_clicks as bigint) as outbound_clicks,
        cast(insights.landing_page_views as bigint) as landing_page_views,
        cast(insights.add_to_cart as bigint) as add_to_cart,
        cast(insights.checkouts_initiated as bigint) as checkouts_initiated,
        cast(insights.purchases as bigint) as purchases,
        cast(insights.purchase_value as decimal(38, 14)) as purchase_value,
        cast(insights.purchase_value_account_currency as decimal(18, 4))
            as purchase_value_account_currency,
        cast(insights.fx_rate as decimal(20, 10)) as fx_rate,
        cast(insights.is_partial_day as boolean) as is_partial_day,
        cast(insights.date_day as date) as date_day,
        cast(insights.fx_rate_date as date) as fx_rate_date
    from insights
    inner join changed_partitions
        on
            insights.account_id = changed_partitions.account_id
            and insights.date_day = changed_partitions.date_day
    where insights.level = 'campaign' and not insights.is_total
    order by insights.date_day, insights.store, insights.campaign_id

)

select * from campaign_days
