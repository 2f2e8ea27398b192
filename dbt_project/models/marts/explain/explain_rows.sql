{{ config(materialized="view") }}

-- Grain: one row per store, account, level, object, day and country, `ZZ` included: all
-- that a reader contract may judge it by, with statuses of the object and its campaign,
-- now and on that day.
with facts as (

    select *
    from {{ ref("meta_insights").include(database=false) }}
    where not is_total

),

objects as (

    select * from {{ ref("meta_objects").include(database=false) }}

),

versions as (

    select * from {{ ref("meta_objects_history").include(database=false) }}

),

-- What was never listed is not known, and what is not known counts as active.
joined as (

    select
        facts.store,
        facts.account_id,
        facts.object_id,
        facts.campaign_id,

        facts.level,
        coalesce(campaign_now.object_name, facts.reported_campaign_name)
            as campaign_name,
        facts.country_code,
        facts.account_currency,
        facts.reporting_currency,
        object_then.effective_status as object_effective_status,
        object_now.effective_status as object_effective_status_now,
        campaign_then.effective_status,
        campaign_now.effective_status as effective_status_now,
        facts.fx_status,

        facts.spend,
        facts.spend_account_currency,
        facts.impressions,
        facts.clicks,
        facts.link_clicks,
        facts.outbound_clicks,
        facts.landing_page_views,
        facts.add_to_cart,
        facts.checkouts_initiated,
        facts.purchases,
        facts.purchase_value,
        facts.purchase_value_account_currency,

        facts.is_partial_day,
        coalesce(object_now.is_active, true) as is_active,
        coalesce(object_then.is_active, true) as was_active,
        coalesce(campaign_now.is_active, true) as is_campaign_active,
        coalesce(campaign_then.is_active, true) as was_campaign_active,

        facts.date_day
    from facts
    left join objects as object_now
        on
            facts.level = object_now.object_type
            and facts.account_id = object_now.account_id
            and facts.object_id = object_now.object_id
    left join versions as object_then
        on
            facts.level = object_then.object_type
            and facts.account_id = object_then.account_id
            and facts.object_id = object_then.object_id
            and facts.day_ends_at > object_then.valid_from
            and (
                object_then.valid_to is null
                or facts.day_ends_at <= object_then.valid_to
            )
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

)

select * from joined
