-- Grain: no row. Makes the table explain_signatures: one row per set of rules that rows
-- of explain_marked share, with the sums of their parts. `value_bits`: 1 where currency
-- changes a part of theirs, 2 where definition does.
create or replace temporary table explain_signatures as
with marked as (

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
    from explain_marked

),

signatures as (

    select
        bits_a,
        bits_b,
        day_bits,
        value_bits,
        count(*) as row_count,
        sum(top_aa) as top_aa,
        sum(top_ab) as top_ab,
        sum(top_ba) as top_ba,
        sum(top_bb) as top_bb,
        sum(bottom_aa) as bottom_aa,
        sum(bottom_ab) as bottom_ab,
        sum(bottom_ba) as bottom_ba,
        sum(bottom_bb) as bottom_bb
    from marked
    group by bits_a, bits_b, day_bits, value_bits

)

select * from signatures
