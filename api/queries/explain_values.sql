-- Grain: no row. Makes the table explain_values: one row per pair of mixtures, the top
-- part taken by the one and the bottom part by the other. A mixture is a mask: where a
-- bit is set B's rule holds, else A's. Ratios have ten places, so that differences of
-- them are exact.
create or replace temporary table explain_values as
with pairs as (

    select
        unnest(cast($top_masks as integer[])) as top_mask,
        unnest(cast($bottom_masks as integer[])) as bottom_mask

),

masks as (

    select top_mask as mask
    from pairs

    union

    select bottom_mask as mask
    from pairs

),

mixed as (

    select
        masks.mask,
        signatures.row_count,
        part_by(
            masks.mask,
            signatures.top_aa,
            signatures.top_ab,
            signatures.top_ba,
            signatures.top_bb
        ) as top_part,
        part_by(
            masks.mask,
            signatures.bottom_aa,
            signatures.bottom_ab,
            signatures.bottom_ba,
            signatures.bottom_bb
        ) as bottom_part
    from masks
    inner join explain_signatures as signatures
        on
            is_let_in(
                signatures.bits_a,
                signatures.bits_b,
                signatures.day_bits,
                masks.mask
            )

),

-- A sum is of the rows whose part is known, as everywhere. Of none it is 0 here, so
-- that steps add up; `is_known` tells it from nothing.
summed as (

    select
        masks.mask,
        coalesce(sum(mixed.row_count), 0) as row_count,
        coalesce(sum(mixed.top_part), 0) as top_part,
        coalesce(sum(mixed.bottom_part), 0) as bottom_part,
        count(mixed.mask) = 0 or count(mixed.top_part) > 0 as is_known
    from masks
    left join mixed on masks.mask = mixed.mask
    group by masks.mask

),

paired as (

    select
        pairs.top_mask,
        pairs.bottom_mask,
        tops.row_count,
        tops.top_part,
        tops.is_known,
        bottoms.bottom_part
    from pairs
    inner join summed as tops on pairs.top_mask = tops.mask
    inner join summed as bottoms on pairs.bottom_mask = bottoms.mask

),

named as (

    select
        *,
        case when $top_name = 'revenue' then top_part end as revenue,
        case
            when $top_name = 'spend' then top_part
            when $bottom_name = 'spend' then bottom_part
        end as spend,
        case
            when $top_name = 'orders' then top_part
            when $bottom_name = 'orders' then bottom_part
        end as orders,
        case when $top_name = 'clicks' then top_part end as clicks,
        case when $bottom_name = 'impressions' then bottom_part end as impressions,
        case when $bottom_name = 'converted_clicks' then bottom_part end
            as converted_clicks,
        case when $bottom_name = 'converted_impressions' then bottom_part end
            as converted_impressions
    from paired

),

rated as (

    select
        *,
        case $metric
            when 'aov' then metrics.aov(revenue, orders)
            when 'cac' then metrics.cac(spend, orders)
            when 'roas' then metrics.roas(revenue, spend)
            when 'ctr' then metrics.ctr(clicks, impressions)
            when 'cpc' then metrics.cpc(spend, converted_clicks)
            when 'cpm' then metrics.cpm(spend, converted_impressions)
            when 'conversion_rate'
                then metrics.conversion_rate(orders, converted_clicks)
        end as ratio
    from named

),

valued as (

    select
        top_mask,
        bottom_mask,
        row_count,
        cast(top_part as decimal(38, 14)) as top_part,
        cast(bottom_part as decimal(38, 14)) as bottom_part,
        is_known,
        case
            when $bottom_name is null then cast(top_part as decimal(38, 14))
            else cast(cast(ratio as decimal(38, 10)) as decimal(38, 14))
        end as metric_value
    from rated

)

select * from valued
