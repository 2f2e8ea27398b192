-- Grain: no row. Makes the table explain_signatures: one row per set of rules that rows
-- of explain_marked share, with the sums of their parts.
create or replace temporary table explain_signatures as
with signatures as (

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
    from explain_marked
    group by bits_a, bits_b, day_bits, value_bits

)

select * from signatures
