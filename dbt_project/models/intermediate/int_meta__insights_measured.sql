-- Grain: one row per account, level, object, day, breakdown, country and reading.
-- Lists of actions become columns. Meta leaves a metric of 0 out of its answer, so an
-- absent one that was asked for is 0; reach may be withheld, so absent reach is not
-- known.
with insights as (

    select * from {{ ref("int_meta__insights_read") }}

),

purchase_types as (

    select * from {{ ref("int_meta__purchase_types") }}

),

measured as (

    select
        insights.account_id,
        insights.campaign_id,
        insights.adset_id,
        insights.ad_id,
        insights.object_id,
        insights.load_id,
        insights.superseded_load_id,

        insights.level,
        insights.breakdown,
        insights.country_code,
        insights.campaign_name as reported_campaign_name,
        insights.adset_name as reported_adset_name,
        insights.ad_name as reported_ad_name,
        insights.attribution_setting,
        purchase_types.purchase_action_type,

        coalesce(insights.spend, 0) as spend_account_currency,
        coalesce(insights.impressions, 0) as impressions,
        coalesce(insights.clicks, 0) as clicks,
        coalesce(insights.link_clicks, 0) as link_clicks,
        {{ count_of_action("insights.outbound_click_actions", "'outbound_click'") }}
            as outbound_clicks,
        {{ count_of_action("insights.actions", "'landing_page_view'") }}
            as landing_page_views,
        {{ count_of_action("insights.actions", "'add_to_cart'") }} as add_to_cart,
        {{ count_of_action("insights.actions", "'initiate_checkout'") }}
            as checkouts_initiated,
        {{ count_of_action("insights.actions", "purchase_types.purchase_action_type") }}
            as purchases,
        cast(
            coalesce(
                {{ action_value(
                    "insights.action_values", "purchase_types.purchase_action_type"
                ) }},
                0
            )
            as {{ type_money() }}
        ) as purchase_value_account_currency,
        insights.reach,

        insights.is_partial_day,

        insights.date_day,

        insights.loaded_at
    from insights
    left join purchase_types
        on
            insights.account_id = purchase_types.account_id
            and insights.level = purchase_types.level
            and insights.object_id = purchase_types.object_id
            and insights.date_day = purchase_types.date_day
            and coalesce(insights.superseded_load_id, '')
            = coalesce(purchase_types.superseded_load_id, '')

)

select * from measured
