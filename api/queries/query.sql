-- Grain: one row per group of the dimensions asked for, of one level's rows: campaigns,
-- ad sets or ads by day and country, or an object's own totals by day, which alone have
-- what does not add up. Names choose among what stands here, never become part of it; a
-- dimension that was not asked for is null in every row, and so none of the group.
-- Money and orders are of rows with a rate, ratios that hold them of those same rows.
with facts as (

    select
        daily.*,
        campaigns.campaign_name,
        campaigns.effective_status as effective_status_now
    from marts.dashboard_daily as daily
    left join marts.dashboard_campaigns as campaigns
        on
            daily.store = campaigns.store
            and daily.account_id = campaigns.account_id
            and daily.campaign_id = campaigns.campaign_id
    where $level = 'campaign'

    union all by name

    select *
    from core.meta_adset_metrics
    where $level = 'adset'

    union all by name

    select *
    from core.meta_ad_metrics
    where $level = 'ad'

    union all by name

    select *
    from core.meta_level_totals
    where $level = 'total' and level = $total_level

),

filtered as (

    select *
    from facts
    where
        store = $store
        and date_day between cast($since as date) and cast($until as date)
        and (
            cast($filter_account_id as varchar[]) is null
            or coalesce(
                list_contains($filter_account_id, account_id), false
            )
            = $keeps_account_id
        )
        and (
            cast($filter_campaign_id as varchar[]) is null
            or coalesce(
                list_contains($filter_campaign_id, campaign_id), false
            )
            = $keeps_campaign_id
        )
        and (
            cast($filter_adset_id as varchar[]) is null
            or coalesce(
                list_contains($filter_adset_id, adset_id), false
            )
            = $keeps_adset_id
        )
        and (
            cast($filter_ad_id as varchar[]) is null
            or coalesce(
                list_contains($filter_ad_id, ad_id), false
            )
            = $keeps_ad_id
        )
        and (
            cast($filter_account_currency as varchar[]) is null
            or coalesce(
                list_contains($filter_account_currency, account_currency), false
            )
            = $keeps_account_currency
        )
        and (
            cast($filter_campaign_name as varchar[]) is null
            or coalesce(
                list_contains($filter_campaign_name, campaign_name), false
            )
            = $keeps_campaign_name
        )
        and (
            cast($filter_adset_name as varchar[]) is null
            or coalesce(
                list_contains($filter_adset_name, adset_name), false
            )
            = $keeps_adset_name
        )
        and (
            cast($filter_ad_name as varchar[]) is null
            or coalesce(
                list_contains($filter_ad_name, ad_name), false
            )
            = $keeps_ad_name
        )
        and (
            cast($filter_effective_status_now as varchar[]) is null
            or coalesce(
                list_contains($filter_effective_status_now, effective_status_now), false
            )
            = $keeps_effective_status_now
        )
        and (
            cast($filter_country_code as varchar[]) is null
            or coalesce(
                list_contains($filter_country_code, country_code), false
            )
            = $keeps_country_code
        )
        and (
            cast($filter_attribution_setting as varchar[]) is null
            or coalesce(
                list_contains($filter_attribution_setting, attribution_setting), false
            )
            = $keeps_attribution_setting
        )

),

cut as (

    select
        case
            when list_contains($dimensions, 'account_id') then account_id
        end as account_id,
        case
            when list_contains($dimensions, 'campaign_id') then campaign_id
        end as campaign_id,
        case
            when list_contains($dimensions, 'adset_id') then adset_id
        end as adset_id,
        case
            when list_contains($dimensions, 'ad_id') then ad_id
        end as ad_id,
        case
            when list_contains($dimensions, 'account_currency')
                then account_currency
        end as account_currency,
        case
            when list_contains($dimensions, 'campaign_name') then campaign_name
        end as campaign_name,
        case
            when list_contains($dimensions, 'adset_name') then adset_name
        end as adset_name,
        case
            when list_contains($dimensions, 'ad_name') then ad_name
        end as ad_name,
        case
            when list_contains($dimensions, 'effective_status_now')
                then effective_status_now
        end as effective_status_now,
        case
            when list_contains($dimensions, 'country_code') then country_code
        end as country_code,
        case
            when list_contains($dimensions, 'attribution_setting')
                then attribution_setting
        end as attribution_setting,
        account_currency as currency,
        attribution_setting as attribution,
        spend,
        spend_account_currency,
        impressions,
        clicks,
        link_clicks,
        outbound_clicks,
        landing_page_views,
        add_to_cart,
        checkouts_initiated,
        purchases,
        purchase_value,
        purchase_value_account_currency,
        reach,
        spend is not null as is_converted,
        is_partial_day,
        case
            when list_contains($dimensions, 'date_day')
                then
                    cast(
                        case $grain
                            when 'week' then date_trunc('week', date_day)
                            when 'month' then date_trunc('month', date_day)
                            else date_day
                        end as date
                    )
        end as date_day
    from filtered

),

summed as (

    select
        account_id,
        campaign_id,
        adset_id,
        ad_id,
        account_currency,
        campaign_name,
        adset_name,
        ad_name,
        effective_status_now,
        country_code,
        attribution_setting,
        sum(spend) as spend,
        sum(purchase_value) as revenue,
        sum(purchase_value) as purchase_value,
        sum(purchases) filter (where is_converted) as orders,
        sum(purchases) as purchases,
        -- Amounts of two currencies have no sum.
        case
            when min(currency) = max(currency) then sum(spend_account_currency)
        end as spend_account_currency,
        case
            when min(currency) = max(currency) then sum(purchase_value_account_currency)
        end as purchase_value_account_currency,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(link_clicks) as link_clicks,
        sum(outbound_clicks) as outbound_clicks,
        sum(landing_page_views) as landing_page_views,
        sum(add_to_cart) as add_to_cart,
        sum(checkouts_initiated) as checkouts_initiated,
        sum(impressions) filter (where is_converted) as converted_impressions,
        sum(clicks) filter (where is_converted) as converted_clicks,
        -- Asked for only where a group is one row.
        case when count(*) = 1 then max(reach) end as reach,
        bool_or(is_partial_day) as is_partial_day,
        bool_or(not is_converted) as has_unconverted,
        case
            when min(attribution) <> max(attribution) then true
            when bool_or(attribution = 'mixed') then true
            when count(attribution) = count(*) then false
        end as is_attribution_mixed,
        date_day
    from cut
    group by
        account_id,
        campaign_id,
        adset_id,
        ad_id,
        account_currency,
        campaign_name,
        adset_name,
        ad_name,
        effective_status_now,
        country_code,
        attribution_setting,
        date_day

),

rated as (

    select
        *,
        metrics.aov(revenue, orders) as aov,
        metrics.cac(spend, orders) as cac,
        metrics.roas(revenue, spend) as roas,
        metrics.ctr(clicks, impressions) as ctr,
        metrics.cpc(spend, converted_clicks) as cpc,
        metrics.cpm(spend, converted_impressions) as cpm,
        metrics.conversion_rate(orders, converted_clicks) as conversion_rate,
        case $grain
            when 'week'
                then
                    date_day < cast($since as date)
                    or date_day + 6 > cast($until as date)
            when 'month'
                then
                    date_day < cast($since as date)
                    or last_day(date_day) > cast($until as date)
            else false
        end as is_cut,
        case when spend is null then 'no_rate' end as money_reason
    from summed

),

reasoned as (

    select
        *,
        case
            when aov is null then coalesce(money_reason, 'no_purchases')
        end as aov_reason,
        case
            when cac is null then coalesce(money_reason, 'no_purchases')
        end as cac_reason,
        case
            when roas is null then coalesce(money_reason, 'no_spend')
        end as roas_reason,
        case when ctr is null then 'no_impressions' end as ctr_reason,
        case
            when cpc is null then coalesce(money_reason, 'no_clicks')
        end as cpc_reason,
        case
            when cpm is null then coalesce(money_reason, 'no_impressions')
        end as cpm_reason,
        case
            when conversion_rate is null then coalesce(money_reason, 'no_clicks')
        end as conversion_rate_reason,
        case $order_by
            when 'spend' then spend
            when 'revenue' then revenue
            when 'orders' then orders
            when 'purchases' then purchases
            when 'purchase_value' then purchase_value
            when 'spend_account_currency' then spend_account_currency
            when 'purchase_value_account_currency' then purchase_value_account_currency
            when 'impressions' then impressions
            when 'clicks' then clicks
            when 'link_clicks' then link_clicks
            when 'outbound_clicks' then outbound_clicks
            when 'landing_page_views' then landing_page_views
            when 'add_to_cart' then add_to_cart
            when 'checkouts_initiated' then checkouts_initiated
            when 'converted_impressions' then converted_impressions
            when 'converted_clicks' then converted_clicks
            when 'reach' then reach
            when 'aov' then aov
            when 'cac' then cac
            when 'roas' then roas
            when 'ctr' then ctr
            when 'cpc' then cpc
            when 'cpm' then cpm
            when 'conversion_rate' then conversion_rate
        end as number_to_order_by,
        case $order_by
            when 'account_id' then account_id
            when 'campaign_id' then campaign_id
            when 'adset_id' then adset_id
            when 'ad_id' then ad_id
            when 'account_currency' then account_currency
            when 'campaign_name' then campaign_name
            when 'adset_name' then adset_name
            when 'ad_name' then ad_name
            when 'effective_status_now' then effective_status_now
            when 'country_code' then country_code
            when 'attribution_setting' then attribution_setting
            when 'date_day' then cast(date_day as varchar)
        end as text_to_order_by
    from rated

)

select *
from reasoned
order by
    case when $is_descending then number_to_order_by end desc nulls last,
    case when not $is_descending then number_to_order_by end nulls last,
    case when $is_descending then text_to_order_by end desc nulls last,
    case when not $is_descending then text_to_order_by end nulls last,
    date_day nulls last,
    account_id nulls last,
    campaign_id nulls last,
    adset_id nulls last,
    ad_id nulls last,
    account_currency nulls last,
    campaign_name nulls last,
    adset_name nulls last,
    ad_name nulls last,
    effective_status_now nulls last,
    country_code nulls last,
    attribution_setting nulls last
limit $row_limit offset $rows_before
