-- What a good engineer would write for one file and one purpose: from the raw tables of
-- `warehouse` to one table of facts, `ZZ` included, with the casts and joins that
-- core.meta_insights makes. No pegs, no history, no tests, nothing incremental.
create temp table accounts as
select
    accounts.account_id,
    stores.store,
    accounts.currency,
    stores.reporting_currency,
    accounts.timezone_name
from (
    select distinct on (account_id) *
    from warehouse.raw_meta.accounts
    order by account_id, _dlt_load_id desc
) as accounts
inner join warehouse.raw_meta.stores as stores
    on accounts.account_id = stores.account_id
where stores._dlt_load_id = (select max(_dlt_load_id) from warehouse.raw_meta.stores);

create temp table rates as
with days as (
    select
        currency,
        reporting_currency,
        unnest(generate_series(
            (select min(date_day) from warehouse.raw_meta.receipts),
            (select max(date_day) from warehouse.raw_meta.receipts),
            interval '1 day'
        ))::date as date_day
    from (select distinct currency, reporting_currency from accounts)
),

published as (
    select quote_currency, rate_date, arg_max(rate, fetched_at) as rate
    from warehouse.raw_fx.exchange_rates
    group by all
    union all
    select distinct base_currency, rate_date, 1 from warehouse.raw_fx.exchange_rates
),

crossed as (
    select
        own.quote_currency as currency,
        target.quote_currency as reporting_currency,
        own.rate_date,
        target.rate::double / own.rate as rate
    from published as own
    inner join published as target on own.rate_date = target.rate_date
)

select
    days.currency,
    days.reporting_currency,
    days.date_day,
    case
        when days.currency = days.reporting_currency then 1
        when days.date_day - crossed.rate_date <= 7 then round(crossed.rate, 10)
    end::decimal(20, 10) as fx_rate
from days
asof left join crossed
    on
        days.currency = crossed.currency
        and days.reporting_currency = crossed.reporting_currency
        and days.date_day >= crossed.rate_date;

create temp table shown as
with complete as (
    select distinct on (account_id, level, breakdown, date_day, _dlt_load_id) *
    from warehouse.raw_meta.receipts
    where
        resource = 'insights' and outcome = 'complete'
        and _dlt_load_id in (
            select load_id from warehouse.raw_meta._dlt_loads where status = 0
        )
),

whole as (
    select account_id, level, date_day, max(load_id) as load_id
    from (
        select account_id, level, date_day, _dlt_load_id as load_id
        from complete
        group by all
        having count(*) = 2
    )
    group by all
)

select
    complete.account_id,
    complete.level,
    complete.breakdown,
    complete.date_day,
    complete.is_partial_day,
    stored.requested_at as loaded_at,
    stored._dlt_load_id as rows_load_id
from complete
inner join complete as stored
    on
        complete.account_id = stored.account_id
        and complete.level = stored.level
        and complete.breakdown = stored.breakdown
        and complete.date_day = stored.date_day
        and coalesce(complete.rows_load_id, complete._dlt_load_id) = stored._dlt_load_id
inner join whole
    on
        complete.account_id = whole.account_id
        and complete.level = whole.level
        and complete.date_day = whole.date_day
        and complete._dlt_load_id = whole.load_id;

create temp table read as
with rows as (
    select 'account' as level, account_id as object_id, *
    from warehouse.raw_meta.account_insights
    union all
    select 'campaign', campaign_id, * from warehouse.raw_meta.campaign_insights
    union all
    select 'adset', adset_id, * from warehouse.raw_meta.adset_insights
    union all
    select 'ad', ad_id, * from warehouse.raw_meta.ad_insights
)

select
    rows.* exclude (actions, action_values, outbound_clicks),
    shown.is_partial_day,
    shown.loaded_at,
    map_from_entries(list_transform(
        from_json(rows.actions, '[{"action_type": "VARCHAR", "value": "VARCHAR"}]'),
        lambda item: struct_pack(k := item.action_type, v := item.value)
    )) as counts,
    map_from_entries(list_transform(
        from_json(rows.action_values, '[{"action_type": "VARCHAR", "value": "VARCHAR"}]'),
        lambda item: struct_pack(k := item.action_type, v := item.value)
    )) as amounts,
    map_from_entries(list_transform(
        from_json(rows.outbound_clicks, '[{"action_type": "VARCHAR", "value": "VARCHAR"}]'),
        lambda item: struct_pack(k := item.action_type, v := item.value)
    )) as outbound
from rows
inner join shown
    on
        rows._dlt_load_id = shown.rows_load_id
        and rows.account_id = shown.account_id
        and rows.level = shown.level
        and rows.breakdown = shown.breakdown
        and rows.date_start = shown.date_day
qualify row_number() over (
    partition by
        rows.account_id, rows.level, rows.object_id,
        rows.date_start, rows.breakdown, rows.country
    order by rows.spend
) = 1;

create temp table converted as
with chosen as (
    select
        account_id,
        level,
        object_id,
        date_start,
        case
            when map_contains(counts, 'omni_purchase') then 'omni_purchase'
            when map_contains(counts, 'purchase') then 'purchase'
            when map_contains(counts, 'offsite_conversion.fb_pixel_purchase')
                then 'offsite_conversion.fb_pixel_purchase'
            when map_contains(counts, 'offsite_conversion.purchase')
                then 'offsite_conversion.purchase'
            when map_contains(counts, 'onsite_conversion.purchase')
                then 'onsite_conversion.purchase'
        end as purchase_action_type
    from read
    where breakdown = 'none'
),

typed as (
    select
        accounts.store,
        read.account_id,
        read.campaign_id,
        read.adset_id,
        read.ad_id,
        read.object_id,
        read._dlt_load_id as load_id,
        read.level,
        read.breakdown = 'none' as is_total,
        read.country as country_code,
        read.campaign_name,
        read.adset_name,
        read.ad_name,
        accounts.currency as account_currency,
        accounts.reporting_currency,
        chosen.purchase_action_type,
        read.attribution_setting,
        coalesce(read.spend::decimal(18, 4), 0) as spend_account_currency,
        coalesce(read.impressions::bigint, 0) as impressions,
        coalesce(read.clicks::bigint, 0) as clicks,
        coalesce(read.inline_link_clicks::bigint, 0) as link_clicks,
        coalesce(read.outbound['outbound_click']::decimal(18, 4)::bigint, 0)
            as outbound_clicks,
        coalesce(read.counts['landing_page_view']::decimal(18, 4)::bigint, 0)
            as landing_page_views,
        coalesce(read.counts['add_to_cart']::decimal(18, 4)::bigint, 0) as add_to_cart,
        coalesce(read.counts['initiate_checkout']::decimal(18, 4)::bigint, 0)
            as checkouts_initiated,
        coalesce(read.counts[chosen.purchase_action_type]::decimal(18, 4)::bigint, 0)
            as purchases,
        coalesce(read.amounts[chosen.purchase_action_type]::decimal(18, 4), 0)
            as purchase_value_account_currency,
        read.reach::bigint as reach,
        read.is_partial_day,
        read.date_start as date_day,
        read.loaded_at,
        timezone(accounts.timezone_name, (read.date_start + interval '1 day')::timestamp)
            as day_ends_at
    from read
    inner join accounts on read.account_id = accounts.account_id
    left join chosen
        on
            read.account_id = chosen.account_id
            and read.level = chosen.level
            and read.object_id = chosen.object_id
            and read.date_start = chosen.date_start
)

select
    typed.*,
    rates.fx_rate,
    (typed.spend_account_currency * rates.fx_rate)::decimal(38, 14) as spend,
    (typed.purchase_value_account_currency * rates.fx_rate)::decimal(38, 14)
        as purchase_value
from typed
inner join rates
    on
        typed.account_currency = rates.currency
        and typed.reporting_currency = rates.reporting_currency
        and typed.date_day = rates.date_day;

create table facts as
with residual as (
    select
        store,
        account_id,
        campaign_id,
        adset_id,
        ad_id,
        object_id,
        max(load_id) as load_id,
        level,
        false as is_total,
        'ZZ' as country_code,
        max(campaign_name) as campaign_name,
        max(adset_name) as adset_name,
        max(ad_name) as ad_name,
        account_currency,
        reporting_currency,
        max(purchase_action_type) as purchase_action_type,
        max(attribution_setting) filter (is_total) as attribution_setting,
        sum(if(is_total, 1, -1) * spend_account_currency) as spend_account_currency,
        sum(if(is_total, 1, -1) * impressions) as impressions,
        sum(if(is_total, 1, -1) * clicks) as clicks,
        sum(if(is_total, 1, -1) * link_clicks) as link_clicks,
        sum(if(is_total, 1, -1) * outbound_clicks) as outbound_clicks,
        sum(if(is_total, 1, -1) * landing_page_views) as landing_page_views,
        sum(if(is_total, 1, -1) * add_to_cart) as add_to_cart,
        sum(if(is_total, 1, -1) * checkouts_initiated) as checkouts_initiated,
        sum(if(is_total, 1, -1) * purchases) as purchases,
        sum(if(is_total, 1, -1) * purchase_value_account_currency)
            as purchase_value_account_currency,
        null::bigint as reach,
        bool_or(is_partial_day) as is_partial_day,
        date_day,
        max(loaded_at) as loaded_at,
        day_ends_at,
        fx_rate,
        sum(if(is_total, 1, -1) * spend) as spend,
        sum(if(is_total, 1, -1) * purchase_value) as purchase_value
    from converted
    group by all
)

select *
from (
    select * from converted
    union all
    select *
    from residual
    where
        spend_account_currency <> 0
        or impressions <> 0
        or clicks <> 0
        or link_clicks <> 0
        or outbound_clicks <> 0
        or landing_page_views <> 0
        or add_to_cart <> 0
        or checkouts_initiated <> 0
        or purchases <> 0
        or purchase_value_account_currency <> 0
)
order by date_day, level, account_id, object_id, country_code;
