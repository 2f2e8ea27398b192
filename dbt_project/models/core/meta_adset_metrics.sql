{{ config(materialized="view") }}

-- Grain: one row per store, account, day, ad set and country, `ZZ` included.
with facts as (

    select *
    from {{ ref("meta_insights").include(database=false) }}
    where level = 'adset' and not is_total

),

objects as (

    select * from {{ ref("meta_objects").include(database=false) }}

),

versions as (

    select * from {{ ref("meta_objects_history").include(database=false) }}

),

joined as (

    select
        facts.store,
        facts.account_id,
        facts.campaign_id,
        facts.adset_id,
        facts.load_id,

        coalesce(campaign_now.object_name, facts.reported_campaign_name)
            as campaign_name,
        coalesce(adset_now.object_name, facts.reported_adset_name) as adset_name,
        facts.country_code,
        facts.account_currency,
        facts.reporting_currency,
        campaign_then.effective_status,
        campaign_now.effective_status as effective_status_now,
        adset_then.effective_status as adset_effective_status,
        adset_now.effective_status as adset_effective_status_now,
        facts.fx_status,
        facts.fx_source,
        facts.purchase_action_type,
        facts.attribution_setting,

        facts.spend,
        facts.spend_account_currency,
        facts.impressions,
        facts.clicks,
        facts.link_clicks,
        facts.outbound_clicks,
        facts.reach,
        facts.landing_page_views,
        facts.add_to_cart,
        facts.checkouts_initiated,
        facts.purchases,
        facts.purchase_value,
        facts.purchase_value_account_currency,
        facts.fx_rate,

        facts.is_partial_day,
        coalesce(adset_now.is_active, true) as is_active, -- never listed: not known

        facts.date_day,
        facts.fx_rate_date,

        facts.loaded_at
    from facts
    left join objects as campaign_now
        on
            campaign_now.object_type = 'campaign'
            and facts.account_id = campaign_now.account_id
            and facts.campaign_id = campaign_now.object_id
    left join versions as campaign_then
        on
            campaign_then.object_type = 'campaign'
            and facts.account_id = campaign_then.account_id
            and facts.campaign_id = campaign_then.object_id
            and facts.day_ends_at > campaign_then.valid_from
            and (
                campaign_then.valid_to is null
                or facts.day_ends_at <= campaign_then.valid_to
            )
    left join objects as adset_now
        on
            adset_now.object_type = 'adset'
            and facts.account_id = adset_now.account_id
            and facts.adset_id = adset_now.object_id
    left join versions as adset_then
        on
            adset_then.object_type = 'adset'
            and facts.account_id = adset_then.account_id
            and facts.adset_id = adset_then.object_id
            and facts.day_ends_at > adset_then.valid_from
            and (
                adset_then.valid_to is null or facts.day_ends_at <= adset_then.valid_to
            )

)

select * from joined
