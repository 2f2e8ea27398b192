-- Grain: no row. Makes the functions by which a row is judged and a part of it taken,
-- by the rules of the one reader or of the other.

-- Whether a status is judged as it is now: for `mixed` on the last 61 days.
create or replace temporary macro is_judged_now(moment, date_day, today) as
case moment
    when 'now' then true when 'day' then false else date_day > today - 61
end;

-- Of the object or of its campaign, now or on the day.
create or replace temporary macro judged_by(
    status_level, is_now, own_now, own_then, campaign_now, campaign_then
) as
case
    when status_level = 'own' and is_now then own_now
    when status_level = 'own' then own_then
    when is_now then campaign_now
    else campaign_then
end;

create or replace temporary macro status_bit(rule, is_active, status) as
case
    when rule = 'all' then 32
    when rule = 'active' and is_active then 32
    when rule = 'ref_active' and status is null then 32
    when rule = 'ref_active' and status in ('ACTIVE', 'UNKNOWN') then 32
    else 0
end;

create or replace temporary macro country_bit(rule, country_code, with_orders) as
case
    when rule = 'all' then 64
    when country_code = 'ZZ' then 0
    when rule = 'no_residual' then 64
    when country_code = 'unknown' then 0
    when rule = 'known' then 64
    when list_contains(with_orders, country_code) then 64
    else 0
end;

create or replace temporary macro day_bit(date_day, since, until, bit) as
case when date_day between since and until then bit else 0 end;

-- In a mixture of rules each rule is A's or, where the mask has its bit, B's. 3705: all
-- rules but those about days, which day_bits tells, and those that change parts.
create or replace temporary macro is_let_in(bits_a, bits_b, day_bits, mask) as
((bits_b & mask) | (bits_a & ~mask)) = 3705
and (day_bits >> ((mask >> 1) & 3)) & 1 = 1;

-- Which part a mixture takes, by its rules for currency (128) and definition (256).
create or replace temporary macro part_by(mask, part_aa, part_ab, part_ba, part_bb) as
case mask & 384
    when 0 then part_aa when 128 then part_ba when 256 then part_ab else part_bb
end;

create or replace temporary macro is_money(part) as
part in ('spend', 'purchase_value');

create or replace temporary macro money_of(part, spend, purchase_value) as
case part when 'spend' then spend when 'purchase_value' then purchase_value end;

create or replace temporary macro number_of(
    part,
    spend_account_currency,
    purchase_value_account_currency,
    impressions,
    link_clicks,
    outbound_clicks,
    landing_page_views,
    add_to_cart,
    checkouts_initiated,
    purchases
) as
case part
    when 'spend_account_currency' then spend_account_currency
    when 'purchase_value_account_currency' then purchase_value_account_currency
    when 'impressions' then impressions
    when 'link_clicks' then link_clicks
    when 'outbound_clicks' then outbound_clicks
    when 'landing_page_views' then landing_page_views
    when 'add_to_cart' then add_to_cart
    when 'checkouts_initiated' then checkouts_initiated
    when 'purchases' then purchases
end;

create or replace temporary macro clicks_by(
    rule, clicks, link_clicks, outbound_clicks
) as
case rule
    when 'link' then link_clicks when 'outbound' then outbound_clicks else clicks
end;

create or replace temporary macro part_of(part, money, number, is_counted) as
case
    when is_money(part) then money
    when is_counted then cast(number as decimal(38, 14))
end;
