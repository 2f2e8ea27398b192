-- Grain: one row per part of the dashboard and key. Parts: overview (of the window
-- and of the one it is compared with), trend (of a day, of a week from Monday on, or of
-- a month), campaign, country; hidden: all that the status filter leaves out; currency:
-- what lacks a rate, by account currency.
-- One scan feeds all parts, so they add up. Money and orders are of rows with a rate,
-- ratios that hold them of those same rows; delivery is of all rows.
with campaigns as (

    select *
    from marts.dashboard_campaigns
    where store = $store

),

read_days as (

    select unnest(cast($read_days as date[])) as date_day

),

windows as (

    select
        true as is_current,
        cast($since as date) as since,
        cast($until as date) as until

    union all

    select
        false as is_current,
        cast($previous_since as date) as since,
        cast($previous_until as date) as until

),

-- What the window has of each trend; one that goes beyond the window is cut.
trends as (

    select
        cast(
            case $grain
                when 'week' then date_trunc('week', dates.date_day)
                when 'month' then date_trunc('month', dates.date_day)
                else dates.date_day
            end as date
        ) as first_day,
        bool_or(read_days.date_day is not null) as is_read,
        case $grain
            when 'week' then count(*) < 7
            when 'month' then count(*) < extract('day' from last_day(first_day))
            else false
        end as is_cut,
        cast(min(dates.date_day) as date) as trend_since,
        cast(max(dates.date_day) as date) as trend_until
    from
        unnest(
            range(cast($since as date), cast($until as date) + 1, interval 1 day)
        ) as dates (date_day)
    left join read_days on dates.date_day = read_days.date_day
    group by first_day

),

facts as (

    select
        windows.is_current,
        daily.*,
        cast(
            case $grain
                when 'week' then date_trunc('week', daily.date_day)
                when 'month' then date_trunc('month', daily.date_day)
                else daily.date_day
            end as date
        ) as first_day,
        daily.spend is not null as is_converted,
        -- A campaign that was never listed counts as active, as in the status rule.
        coalesce(campaigns.is_active, true) or $include_inactive as is_shown
    from marts.dashboard_daily as daily
    inner join windows on daily.date_day between windows.since and windows.until
    left join campaigns
        on
            daily.account_id = campaigns.account_id
            and daily.campaign_id = campaigns.campaign_id
    where
        daily.store = $store
        and (cast($country as varchar) is null or daily.country_code = $country)
        and (
            cast($campaign_ids as varchar[]) is null
            or list_contains(cast($campaign_ids as varchar[]), daily.campaign_id)
        )

),

sums as (

    select
        is_current,
        case
            when not is_shown then 'hidden'
            when grouping(first_day) = 0 then 'trend'
            when grouping(campaign_id) = 0 then 'campaign'
            when grouping(country_code) = 0 then 'country'
            when grouping(account_currency) = 0 then 'currency'
            else 'overview'
        end as part,
        -- Of these at most one is not null; the overview has none.
        coalesce(
            cast(first_day as varchar), campaign_id, country_code, account_currency, ''
        ) as part_key,
        count(*) as row_count,
        count(distinct campaign_id) as campaign_count,
        case
            when min(attribution_setting) <> max(attribution_setting) then 'mixed'
            when count(attribution_setting) = count(*) then min(attribution_setting)
        end as attribution_setting,
        sum(spend) as spend,
        sum(purchase_value) as revenue,
        sum(purchases) filter (where is_converted) as orders,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(link_clicks) as link_clicks,
        sum(outbound_clicks) as outbound_clicks,
        sum(landing_page_views) as landing_page_views,
        sum(add_to_cart) as add_to_cart,
        sum(checkouts_initiated) as checkouts_initiated,
        sum(impressions) filter (where is_converted) as converted_impressions,
        sum(clicks) filter (where is_converted) as converted_clicks,
        count(*) filter (where not is_converted) as unconverted_rows,
        sum(spend_account_currency) filter (where not is_converted)
            as unconverted_spend,
        sum(purchase_value_account_currency) filter (where not is_converted)
            as unconverted_purchase_value,
        sum(purchases) filter (where not is_converted) as unconverted_purchases
    from facts
    -- Grouping sets are unknown to the linter.
    group by grouping sets ( -- noqa: PRS
        (is_current, is_shown),
        (is_current, is_shown, first_day),
        (is_current, is_shown, campaign_id),
        (is_current, is_shown, country_code),
        (is_current, is_shown, account_currency)
    )
    having is_shown or grouping_id(
        first_day, campaign_id, country_code, account_currency
    ) = 15

),

parts as (

    select 'overview' as part

    union all

    select 'hidden' as part

),

-- What is answered even without a row.
cells as (

    select
        windows.is_current,
        parts.part,
        '' as part_key,
        exists(
            select 1
            from read_days
            where read_days.date_day between windows.since and windows.until
        ) as is_read
    from windows
    cross join parts
    where windows.since is not null

    union all

    select
        true as is_current,
        'trend' as part,
        cast(first_day as varchar) as part_key,
        is_read
    from trends

    union all

    select
        true as is_current,
        'campaign' as part,
        campaign_id as part_key,
        list_contains(cast($read_account_ids as varchar[]), account_id) as is_read
    from campaigns
    where
        is_active
        and is_present
        and (
            cast($campaign_ids as varchar[]) is null
            or list_contains(cast($campaign_ids as varchar[]), campaign_id)
        )

),

known as (

    select
        is_current,
        part,
        part_key,
        sums.* exclude (is_current, part, part_key),
        -- A row proves that its day was read.
        sums.row_count is not null or cells.is_read as is_known,
        -- A day that was read and has no row is 0; one that was not is not known.
        case when sums.row_count is null and cells.is_read then 0 end as zero
    from cells
    -- Both sides' keys in one column: what `using` is for.
    full join sums using (is_current, part, part_key) -- noqa: ST07
    where is_current or part = 'overview'

),

filled as (

    select
        * replace (
            coalesce(campaign_count, zero) as campaign_count,
            coalesce(spend, zero) as spend,
            coalesce(revenue, zero) as revenue,
            coalesce(orders, zero) as orders,
            coalesce(impressions, zero) as impressions,
            coalesce(clicks, zero) as clicks,
            coalesce(link_clicks, zero) as link_clicks,
            coalesce(outbound_clicks, zero) as outbound_clicks,
            coalesce(landing_page_views, zero) as landing_page_views,
            coalesce(add_to_cart, zero) as add_to_cart,
            coalesce(checkouts_initiated, zero) as checkouts_initiated,
            coalesce(converted_impressions, zero) as converted_impressions,
            coalesce(converted_clicks, zero) as converted_clicks,
            coalesce(unconverted_rows, zero) as unconverted_rows
        )
    from known

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
        case
            when not is_known then 'not_read'
            when spend is null then 'no_rate'
        end as money_reason,
        case when not is_known then 'not_read' end as count_reason
    from filled

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
        case
            when ctr is null then coalesce(count_reason, 'no_impressions')
        end as ctr_reason,
        case
            when cpc is null then coalesce(money_reason, 'no_clicks')
        end as cpc_reason,
        case
            when cpm is null then coalesce(money_reason, 'no_impressions')
        end as cpm_reason,
        case
            when conversion_rate is null then coalesce(money_reason, 'no_clicks')
        end as conversion_rate_reason
    from rated

),

previous as (

    select *
    from reasoned
    where part = 'overview' and not is_current

),

-- At most one row, so a join costs less than looking back from each of them.
compared as (

    select
        reasoned.*,
        metrics.change(reasoned.spend, previous.spend) as spend_change,
        metrics.change(reasoned.revenue, previous.revenue) as revenue_change,
        metrics.change(reasoned.orders, previous.orders) as orders_change,
        metrics.change(reasoned.impressions, previous.impressions)
            as impressions_change,
        metrics.change(reasoned.clicks, previous.clicks) as clicks_change,
        metrics.change(reasoned.link_clicks, previous.link_clicks)
            as link_clicks_change,
        metrics.change(reasoned.outbound_clicks, previous.outbound_clicks)
            as outbound_clicks_change,
        metrics.change(reasoned.landing_page_views, previous.landing_page_views)
            as landing_page_views_change,
        metrics.change(reasoned.add_to_cart, previous.add_to_cart)
            as add_to_cart_change,
        metrics.change(reasoned.checkouts_initiated, previous.checkouts_initiated)
            as checkouts_initiated_change,
        metrics.change(reasoned.aov, previous.aov) as aov_change,
        metrics.change(reasoned.cac, previous.cac) as cac_change,
        metrics.change(reasoned.roas, previous.roas) as roas_change,
        metrics.change(reasoned.ctr, previous.ctr) as ctr_change,
        metrics.change(reasoned.cpc, previous.cpc) as cpc_change,
        metrics.change(reasoned.cpm, previous.cpm) as cpm_change,
        metrics.change(reasoned.conversion_rate, previous.conversion_rate)
            as conversion_rate_change
    from reasoned
    left join previous on reasoned.part = 'overview' and reasoned.is_current

),

described as (

    select
        compared.*,
        campaigns.account_id,
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.status,
        campaigns.effective_status,
        campaigns.objective,
        campaigns.account_currency,
        campaigns.budget_level,
        campaigns.daily_budget,
        campaigns.lifetime_budget,
        campaigns.is_active,
        campaigns.is_present,
        settled_days.settled_share,
        trends.is_cut,
        trends.trend_since,
        trends.trend_until
    from compared
    left join campaigns
        on compared.part = 'campaign' and compared.part_key = campaigns.campaign_id
    left join marts.settled_days as settled_days
        on
            compared.part = 'trend'
            -- A share of several days is none of theirs.
            and $grain = 'day'
            and settled_days.store = $store
            and compared.part_key = cast(settled_days.date_day as varchar)
    left join trends
        on
            compared.part = 'trend'
            and compared.part_key = cast(trends.first_day as varchar)

)

select * from described
order by
    part,
    is_current desc,
    case when part in ('campaign', 'country') then spend end desc nulls last,
    part_key
