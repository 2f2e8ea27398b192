-- Grain: no row. Makes the table explain_marked: one row per fact that some mixture of
-- the rules of both readers lets in, with a bit for each rule that does.
-- Bits: 1 as of, 8 partial day, 16 level, 32 status, 64 country; 512, 1024 and 2048
-- are of an export (explain_facts_of_export.sql). Window and time zone (2 and 4) are
-- judged together: day_bits has 1 for A's window at A's today, 2 for B's window at A's,
-- 4 for A's at B's, 8 for B's at B's. Currency (128) and definition (256) let every row
-- in and change its parts: `_ab` is by A's currency and B's definition. A ratio has a
-- top and a bottom part, any other metric a top. `value_bits`: 1 where currency changes
-- a part of the row, 2 where definition does.
create or replace temporary table explain_marked as
with facts as not materialized (

    select
        *,
        spend is not null as is_converted,
        is_judged_now($status_moment_a, date_day, cast($today_a as date))
            as is_status_now_a,
        is_judged_now($status_moment_b, date_day, cast($today_b as date))
            as is_status_now_b
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
        judged_by(
            $status_level_a,
            is_status_now_a,
            is_active,
            was_active,
            is_campaign_active,
            was_campaign_active
        ) as is_active_a,
        judged_by(
            $status_level_b,
            is_status_now_b,
            is_active,
            was_active,
            is_campaign_active,
            was_campaign_active
        ) as is_active_b,
        judged_by(
            $status_level_a,
            is_status_now_a,
            object_effective_status_now,
            object_effective_status,
            effective_status_now,
            effective_status
        ) as status_a,
        judged_by(
            $status_level_b,
            is_status_now_b,
            object_effective_status_now,
            object_effective_status,
            effective_status_now,
            effective_status
        ) as status_b
    from facts

),

judged as not materialized (

    select
        *,
        day_bit(date_day, $since_aa, $until_aa, 1)
        + day_bit(date_day, $since_ba, $until_ba, 2)
        + day_bit(date_day, $since_ab, $until_ab, 4)
        + day_bit(date_day, $since_bb, $until_bb, 8) as day_bits,
        source_bits_a
        + case when is_in_a then 1 else 0 end
        + case when $partial_days_a = 'include' or not is_partial_day then 8 else 0 end
        + case when level = $level_a then 16 else 0 end
        + status_bit($status_a, is_active_a, status_a) as bits_a,
        source_bits_b
        + case when is_in_b then 1 else 0 end
        + case when $partial_days_b = 'include' or not is_partial_day then 8 else 0 end
        + case when level = $level_b then 16 else 0 end
        + status_bit($status_b, is_active_b, status_b) as bits_b
    from statuses

),

-- Which countries a reader shows follows from its own rules, not from the other's.
-- 3641: all but the country itself.
orders_a as not materialized (

    select country_code
    from judged
    where
        $countries_a = 'with_orders'
        and bits_a = 3641
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
        and bits_b = 3641
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
            + country_bit(
                $countries_a, country_code, (select shown_a.codes from shown_a)
            ) as bits_a,
            bits_b
            + country_bit(
                $countries_b, country_code, (select shown_b.codes from shown_b)
            ) as bits_b
        )
    from judged

),

-- Money, converted or original, or a count.
read_parts as not materialized (

    select
        *,
        clicks_by($clicks_a, clicks, link_clicks, outbound_clicks) as clicks_a,
        clicks_by($clicks_b, clicks, link_clicks, outbound_clicks) as clicks_b,
        money_of($top, spend, purchase_value) as top_converted,
        money_of($top, spend_account_currency, purchase_value_account_currency)
            as top_original,
        number_of(
            $top,
            spend_account_currency,
            purchase_value_account_currency,
            impressions,
            link_clicks,
            outbound_clicks,
            landing_page_views,
            add_to_cart,
            checkouts_initiated,
            purchases
        ) as top_count,
        money_of($bottom, spend, purchase_value) as bottom_converted,
        money_of($bottom, spend_account_currency, purchase_value_account_currency)
            as bottom_original,
        number_of(
            $bottom,
            spend_account_currency,
            purchase_value_account_currency,
            impressions,
            link_clicks,
            outbound_clicks,
            landing_page_views,
            add_to_cart,
            checkouts_initiated,
            purchases
        ) as bottom_count
    from let_in
    where
        -- In a mixture of rules each rule is one reader's or the other's.
        (bits_a | bits_b) = 3705
        and day_bits > 0

),

ruled_parts as not materialized (

    select
        *,
        case when $currency_a = 'account' then top_original else top_converted end
            as top_money_a,
        case when $currency_b = 'account' then top_original else top_converted end
            as top_money_b,
        case when $top = 'clicks' then clicks_a else top_count end as top_count_a,
        case when $top = 'clicks' then clicks_b else top_count end as top_count_b,
        is_converted or $currency_a <> 'reporting' or not $top_needs_rate
            as is_top_counted_a,
        is_converted or $currency_b <> 'reporting' or not $top_needs_rate
            as is_top_counted_b,
        case
            when $currency_a = 'account' then bottom_original else bottom_converted
        end as bottom_money_a,
        case
            when $currency_b = 'account' then bottom_original else bottom_converted
        end as bottom_money_b,
        case when $bottom = 'clicks' then clicks_a else bottom_count end
            as bottom_count_a,
        case when $bottom = 'clicks' then clicks_b else bottom_count end
            as bottom_count_b,
        is_converted or $currency_a <> 'reporting' or not $bottom_needs_rate
            as is_bottom_counted_a,
        is_converted or $currency_b <> 'reporting' or not $bottom_needs_rate
            as is_bottom_counted_b
    from read_parts

),

parts as not materialized (

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
        part_of($top, top_money_a, top_count_a, is_top_counted_a) as top_aa,
        part_of($top, top_money_a, top_count_b, is_top_counted_a) as top_ab,
        part_of($top, top_money_b, top_count_a, is_top_counted_b) as top_ba,
        part_of($top, top_money_b, top_count_b, is_top_counted_b) as top_bb,
        part_of($bottom, bottom_money_a, bottom_count_a, is_bottom_counted_a)
            as bottom_aa,
        part_of($bottom, bottom_money_a, bottom_count_b, is_bottom_counted_a)
            as bottom_ab,
        part_of($bottom, bottom_money_b, bottom_count_a, is_bottom_counted_b)
            as bottom_ba,
        part_of($bottom, bottom_money_b, bottom_count_b, is_bottom_counted_b)
            as bottom_bb,
        date_day
    from ruled_parts

),

valued as (

    select
        *,
        -- A coalesce: a part that is not known is no part of a sum.
        case
            when
                coalesce(top_aa, 0) = coalesce(top_ba, 0)
                and coalesce(top_ab, 0) = coalesce(top_bb, 0)
                and coalesce(bottom_aa, 0) = coalesce(bottom_ba, 0)
                and coalesce(bottom_ab, 0) = coalesce(bottom_bb, 0)
                then 0
            else 1
        end
        + case
            when
                coalesce(top_aa, 0) = coalesce(top_ab, 0)
                and coalesce(top_ba, 0) = coalesce(top_bb, 0)
                and coalesce(bottom_aa, 0) = coalesce(bottom_ab, 0)
                and coalesce(bottom_ba, 0) = coalesce(bottom_bb, 0)
                then 0
            else 2
        end as value_bits
    from parts

)

select * from valued
