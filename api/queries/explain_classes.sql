-- Grain: one row per class of rows: in A, in B or both, which rules leave them out, and
-- which give them other values. No row is in two; together they are the difference.
with signatures as (

    select
        *,
        bits_a = 3705 and day_bits & 1 = 1 as is_in_a,
        bits_b = 3705 and day_bits & 8 = 8 as is_in_b,
        -- Bits of both are 3705: what one leaves out the other lets in.
        xor(3705, bits_a) as left_out_by_a,
        xor(3705, bits_b) as left_out_by_b
    from explain_signatures

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
    from signatures

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
    from classed
    group by class_name, rules_of_a, rules_of_b, value_rules

)

select * from summed
order by class_name, rules_of_a, rules_of_b, value_rules
