-- Grain: one row per class of rows: in A, in B or both, which rules leave them out, and
-- which give them other values. No row is in two; together they are the difference.
-- What both have of a campaign, day and country of an export (2048) is one row.
with told as (

    select
        null as campaign_id,
        null as country_code,
        *,
        null as date_day
    from explain_signatures
    where bits_a & bits_b & 2048 > 0

    union all by name

    select
        campaign_id,
        case when $has_countries then country_code end as country_code,
        bits_a,
        bits_b,
        day_bits,
        value_bits,
        1 as row_count,
        top_aa,
        top_bb,
        bottom_aa,
        bottom_bb,
        case when $has_days then date_day end as date_day
    from explain_marked
    where bits_a & bits_b & 2048 = 0

),

judged as (

    select
        *,
        bits_a & bits_b & 2048 = 0 as is_matched,
        bits_b & 2048 = 0 as is_read,
        bits_a = 3705 and day_bits & 1 = 1 as is_in_a,
        bits_b = 3705 and day_bits & 8 = 8 as is_in_b,
        -- Bits of both are 3705: what one leaves out the other lets in.
        xor(3705, bits_a) as left_out_by_a,
        xor(3705, bits_b) as left_out_by_b
    from told

),

-- A day that A leaves out: by its window if B's would let it in at A's today, by its
-- today if B's would with A's window, by both if it takes both.
named as (

    select
        *,
        left_out_by_a
        + case
            when day_bits & 1 = 1 then 0
            when day_bits & 6 = 6 then 6
            when day_bits & 6 = 0 then 6
            else day_bits & 6
        end as rules_of_a,
        left_out_by_b
        + case
            when day_bits & 8 = 8 then 0
            when day_bits & 6 = 6 then 6
            when day_bits & 6 = 0 then 6
            -- B leaves out what A's window lets in at B's today: by its window.
            else xor(6, day_bits & 6)
        end as rules_of_b
    from judged

),

classed as (

    select
        case
            when is_in_a and is_in_b and value_bits > 0 then 'both_other_value'
            when is_in_a and is_in_b then 'both_same_value'
            when is_in_a then 'a_only'
            when is_in_b then 'b_only'
            else 'neither'
        end as class_name,
        rules_of_a,
        rules_of_b,
        case when is_in_a and is_in_b then value_bits * 128 else 0 end as value_rules,
        row_count,
        case when is_in_a then coalesce(top_aa, 0) else 0 end as top_a,
        case when is_in_b then coalesce(top_bb, 0) else 0 end as top_b,
        case when is_in_a then coalesce(bottom_aa, 0) else 0 end as bottom_a,
        case when is_in_b then coalesce(bottom_bb, 0) else 0 end as bottom_b
    from named
    where not is_matched

),

-- `read`: our rows by B's rules, but for the numbers. Without a row, or a part that is
-- known, a sum is 0, as in every class.
matched as (

    select
        bool_or(is_in_a) as is_in_a,
        bool_or(is_in_b) as is_in_b,
        bit_or(case when is_read then rules_of_a else 0 end) as rules_of_a,
        bit_or(case when is_read then rules_of_b else 0 end) as rules_of_b,
        bit_or(case when is_in_a then value_bits * 128 else 0 end) as value_rules,
        coalesce(sum(case when is_in_a then top_aa end), 0) as top_a,
        coalesce(sum(case when is_in_b then top_bb end), 0) as top_b,
        coalesce(sum(case when is_in_a then bottom_aa end), 0) as bottom_a,
        coalesce(sum(case when is_in_b then bottom_bb end), 0) as bottom_b,
        coalesce(sum(case when rules_of_b = 2048 then top_bb end), 0) as top_read,
        coalesce(sum(case when rules_of_b = 2048 then bottom_bb end), 0) as bottom_read
    from named
    where is_matched
    group by campaign_id, country_code, date_day

),

matched_classed as (

    select
        case
            when is_in_a and is_in_b and top_a = top_b and bottom_a = bottom_b
                then 'both_same_value'
            when is_in_a and is_in_b then 'both_other_value'
            when is_in_a then 'a_only'
            when is_in_b then 'b_only'
            else 'neither'
        end as class_name,
        case when is_in_a then 0 else rules_of_a end as rules_of_a,
        case when is_in_b then 0 else rules_of_b end as rules_of_b,
        case
            when not is_in_a or not is_in_b then 0
            when top_a = top_b and bottom_a = bottom_b then 0
            when top_read = top_b and bottom_read = bottom_b
                then value_rules | rules_of_a | (rules_of_b & ~2048)
            else value_rules | rules_of_a | rules_of_b
        end as value_rules,
        1 as row_count,
        top_a,
        top_b,
        bottom_a,
        bottom_b
    from matched

),

united as (

    select * from classed

    union all

    select * from matched_classed

),

summed as (

    select
        class_name,
        rules_of_a,
        rules_of_b,
        value_rules,
        sum(row_count) as row_count,
        sum(top_a) as top_a,
        sum(top_b) as top_b,
        sum(top_b) - sum(top_a) as top_delta,
        sum(bottom_a) as bottom_a,
        sum(bottom_b) as bottom_b,
        sum(bottom_b) - sum(bottom_a) as bottom_delta
    from united
    group by class_name, rules_of_a, rules_of_b, value_rules

)

select * from summed
order by class_name, rules_of_a, rules_of_b, value_rules
