-- Grain: one row: whether some day of A's and of B's window was read.
select
    coalesce(
        bool_or(is_in_a and date_day between $since_aa and $until_aa), false
    ) as is_read_a,
    coalesce(
        bool_or(is_in_b and date_day between $since_bb and $until_bb), false
    ) as is_read_b
from explain_days
where store = $store
