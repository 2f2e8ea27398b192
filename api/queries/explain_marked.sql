-- Grain: no row. Makes the table explain_marked: one row per fact that some mixture of
-- the rules of both readers lets in, with a bit for each rule that does.
-- Bits: 1 as of, 8 partial day, 16 level, 32 status, 64 country. Window and time zone
-- (2 and 4) are judged together: day_bits has 1 for A's window at A's today, 2 for B's
-- window at A's, 4 for A's at B's, 8 for B's at B's. Currency (128) and definition
-- (256) let every row in and change its parts: `_ab` is by A's currency and B's
-- definition. A ratio has a top and a bottom part, any other metric a top.
create or replace temporary table explain_marked as
with facts as not materialized (

    select
        *,
        spend is not null as is_converted,
        case $status_moment_a
            when 'now' then true
            when 'day' then false
            else date_day > cast($today_a as date) - 61
        end as is_status_now_a,
        case $status_moment_b
            when 'now' then true
            when 'day' then false
            else date_day > cast($today_b as date) - 61
        end as is_status_now_b
    from explain_facts
    where
        store = $store
        and date_day between cast($first_day as date) and cast($last_day as date)
        and level in ($level_a, $level_b)
        and (cast($country as varchar) is null or country_code = $country)
        and (
            cast($campaign_ids as varchar[]) is null
            or list_contains(cast($campaign_ids as varchar[]), campaign_id)
        )

),

statuses as not materialized (

    select
        *,
        case
            when $status_level_a = 'own' and is_status_now_a then is_active
            when $status_level_a = 'own' then was_active
            when is_status_now_a then is_campaign_active
            else was_campaign_active
        end as is_active_a,
        case
            when $status_level_b = 'own' and is_status_now_b then is_active
            when $status_level_b = 'own' then was_active
            when is_status_now_b then is_campaign_active
            else was_campaign_active
        end as is_active_b,
        case
            when $status_level_a = 'own' and is_status_now_a
                then object_effective_status_now
            when $status_level_a = 'own' then object_effective_status
            when is_status_now_a then effective_status_now
            else effective_status
        end as status_a,
        case
            when $status_level_b = 'own' and is_status_now_b
                then object_effective_status_now
            when $status_level_b = 'own' then object_effective_status
            when is_status_now_b then effective_status_now
            else effective_status
        end as status_b
    from facts

),

judged as not materialized (

    select
        *,
        case when date_day between $since_aa and $until_aa then 1 else 0 end
        + case when date_day between $since_ba and $until_ba then 2 else 0 end
        + case when date_day between $since_ab and $until_ab then 4 else 0 end
        + case when date_day between $since_bb and $until_bb then 8 else 0 end
            as day_bits,
        case when is_in_a then 1 else 0 end
        + case
            when $partial_days_a = 'include' or not is_partial_day then 8 else 0
        end
        + case when level = $level_a then 16 else 0 end
        + case
            when $status_a = 'all' then 32
            when $status_a = 'active' and is_active_a then 32
            when $status_a = 'ref_active' and status_a is null then 32
            when $status_a = 'ref_active' and status_a in ('ACTIVE', 'UNKNOWN')
                then 32
            else 0
        end as bits_a,
        case when is_in_b then 1 else 0 end
        + case
            when $partial_days_b = 'include' or not is_partial_day then 8 else 0
        end
        + case when level = $level_b then 16 else 0 end
        + case
            when $status_b = 'all' then 32
            when $status_b = 'active' and is_active_b then 32
            when $status_b = 'ref_active' and status_b is null then 32
            when $status_b = 'ref_active' and status_b in ('ACTIVE', 'UNKNOWN')
                then 32
            else 0
        end as bits_b
    from statuses

),

-- Which countries a reader shows follows from its own rules, not from the other's.
orders_a as not materialized (

    select country_code
    from judged
    where
        $countries_a = 'with_orders'
        and bits_a = 57
        and day_bits & 1 = 1
    group by country_code
    having sum(purchases) > 0

),

shown_a as not materialized (

    select list(country_code) as codes
    from orders_a

),

orders_b as not materialized (

    select country_code
    from judged
    where
        $countries_b = 'with_orders'
        and bits_b = 57
        and day_bits & 8 = 8
    group by country_code
    having sum(purchases) > 0

),

shown_b as not materialized (

    select list(country_code) as codes
    from orders_b

),

let_in as not materialized (

    select
        * replace (
            bits_a
            + case
                when $countries_a = 'all' then 64
                when country_code = 'ZZ' then 0
                when $countries_a = 'no_residual' then 64
                when country_code = 'unknown' then 0
                when $countries_a = 'known' then 64
                when list_contains((select shown_a.codes from shown_a), country_code)
                    then 64
                else 0
            end as bits_a,
            bits_b
            + case
                when $countries_b = 'all' then 64
                when country_code = 'ZZ' then 0
                when $countries_b = 'no_residual' then 64
                when country_code = 'unknown' then 0
                when $countries_b = 'known' then 64
                when list_contains((select shown_b.codes from shown_b), country_code)
                    then 64
                else 0
            end as bits_b
        )
    from judged

),

-- A part is money, converted or original, or a count.
read_parts as not materialized (

    select
        *,
        case $clicks_a
            when 'link' then link_clicks when 'outbound' then outbound_clicks
            else clicks
        end as clicks_a,
        case $clicks_b
            when 'link' then link_clicks when 'outbound' then outbound_clicks
            else clicks
        end as clicks_b,
        case $top
            when 'spend' then spend
            when 'purchase_value' then purchase_value
        end as top_converted,
        case $top
            when 'spend' then spend_account_currency
            when 'purchase_value' then purchase_value_account_currency
        end as top_original,
        case $top
            when 'spend_account_currency' then spend_account_currency
            when 'purchase_value_account_currency'
                then purchase_value_account_currency
            when 'impressions' then impressions
            when 'link_clicks' then link_clicks
            when 'outbound_clicks' then outbound_clicks
            when 'landing_page_views' then landing_page_views
            when 'add_to_cart' then add_to_cart
            when 'checkouts_initiated' then checkouts_initiated
            when 'purchases' then purchases
        end as top_count,
        case $bottom
            when 'spend' then spend
            when 'purchase_value' then purchase_value
        end as bottom_converted,
        case $bottom
            when 'spend' then spend_account_currency
            when 'purchase_value' then purchase_value_account_currency
        end as bottom_original,
        case $bottom
            when 'spend_account_currency' then spend_account_currency
            when 'purchase_value_account_currency'
                then purchase_value_account_currency
            when 'impressions' then impressions
            when 'link_clicks' then link_clicks
            when 'outbound_clicks' then outbound_clicks
            when 'landing_page_views' then landing_page_views
            when 'add_to_cart' then add_to_cart
            when 'checkouts_initiated' then checkouts_initiated
            when 'purchases' then purchases
        end as bottom_count
    from let_in
    where
        -- In a mixture of rules each rule is one reader's or the other's.
        (bits_a | bits_b) = 121
        and day_bits > 0

),

ruled_parts as not materialized (

    select
        *,
        case
            when $currency_a = 'account' then top_original else top_converted
        end as top_money_a,
        case when $top = 'clicks' then clicks_a else top_count end
            as top_count_a,
        is_converted or $currency_a <> 'reporting' or not $top_needs_rate
            as is_top_counted_a,
        case
            when $currency_b = 'account' then top_original else top_converted
        end as top_money_b,
        case when $top = 'clicks' then clicks_b else top_count end
            as top_count_b,
        is_converted or $currency_b <> 'reporting' or not $top_needs_rate
            as is_top_counted_b,
        case
            when $currency_a = 'account' then bottom_original else bottom_converted
        end as bottom_money_a,
        case when $bottom = 'clicks' then clicks_a else bottom_count end
            as bottom_count_a,
        is_converted or $currency_a <> 'reporting' or not $bottom_needs_rate
            as is_bottom_counted_a,
        case
            when $currency_b = 'account' then bottom_original else bottom_converted
        end as bottom_money_b,
        case when $bottom = 'clicks' then clicks_b else bottom_count end
            as bottom_count_b,
        is_converted or $currency_b <> 'reporting' or not $bottom_needs_rate
            as is_bottom_counted_b
    from read_parts

),

parts as (

    select
        account_id,
        object_id,
        campaign_id,
        level,
        campaign_name,
        country_code,
        bits_a,
        bits_b,
        day_bits,
        case
            when $top in ('spend', 'purchase_value') then top_money_a
            when is_top_counted_a then cast(top_count_a as decimal(38, 14))
        end as top_aa,
        case
            when $top in ('spend', 'purchase_value') then top_money_a
            when is_top_counted_a then cast(top_count_b as decimal(38, 14))
        end as top_ab,
        case
            when $top in ('spend', 'purchase_value') then top_money_b
            when is_top_counted_b then cast(top_count_a as decimal(38, 14))
        end as top_ba,
        case
            when $top in ('spend', 'purchase_value') then top_money_b
            when is_top_counted_b then cast(top_count_b as decimal(38, 14))
        end as top_bb,
        case
            when $bottom in ('spend', 'purchase_value') then bottom_money_a
            when is_bottom_counted_a then cast(bottom_count_a as decimal(38, 14))
        end as bottom_aa,
        case
            when $bottom in ('spend', 'purchase_value') then bottom_money_a
            when is_bottom_counted_a then cast(bottom_count_b as decimal(38, 14))
        end as bottom_ab,
        case
            when $bottom in ('spend', 'purchase_value') then bottom_money_b
            when is_bottom_counted_b then cast(bottom_count_a as decimal(38, 14))
        end as bottom_ba,
        case
            when $bottom in ('spend', 'purchase_value') then bottom_money_b
            when is_bottom_counted_b then cast(bottom_count_b as decimal(38, 14))
        end as bottom_bb,
        date_day
    from ruled_parts

)

select * from parts
