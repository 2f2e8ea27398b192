-- Grain: no row. Makes the views explain_facts and explain_days: the rows and read days
-- that both readers were given, each with whether A and whether B was. Here both are
-- given one snapshot.
create or replace temporary view explain_facts as
select
    *,
    true as is_in_a,
    true as is_in_b
from marts.explain_rows;

create or replace temporary view explain_days as
select
    *,
    true as is_in_a,
    true as is_in_b
from marts.account_days;
