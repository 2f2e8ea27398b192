-- Grain: no row. Makes the views explain_facts and explain_days of two snapshots, A's
-- and B's, as explain_facts.sql does of one. What is the same in both is one row, so a
-- row of one alone is what changed: a number, a status, or that it is there at all.
create or replace temporary view explain_facts as
with facts as (

    select
        *,
        true as is_in_a,
        false as is_in_b
    from a.marts.explain_rows

    union all

    select
        *,
        false as is_in_a,
        true as is_in_b
    from b.marts.explain_rows

)

select
    * exclude (campaign_name, is_in_a, is_in_b),
    -- A name is no number: renamed is not changed.
    max(campaign_name) as campaign_name,
    bool_or(is_in_a) as is_in_a,
    bool_or(is_in_b) as is_in_b,
    false as is_exported,
    3584 as source_bits_a,
    3584 as source_bits_b
from facts
group by all;

create or replace temporary view explain_days as
select
    *,
    true as is_in_a,
    false as is_in_b
from a.marts.account_days

union all

select
    *,
    false as is_in_a,
    true as is_in_b
from b.marts.account_days
