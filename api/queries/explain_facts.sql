-- Grain: no row. Makes the views explain_facts and explain_days: the rows and read days
-- that both readers were given, each with whether A and whether B was, and the bits of
-- an export's rules, 3584, which let all in here. Here both are given one snapshot.
create or replace temporary view explain_facts as
select
    *,
    true as is_in_a,
    true as is_in_b,
    false as is_exported,
    3584 as source_bits_a,
    3584 as source_bits_b
from marts.explain_rows;

create or replace temporary view explain_days as
select
    *,
    true as is_in_a,
    true as is_in_b
from marts.account_days;
