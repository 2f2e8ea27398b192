-- Grain: one row per row of the level, in no order: money and moments as in the API's
-- JSON.
select
    columns($text_names),
    regexp_replace(
        cast(columns($money_names) as varchar),
        '([.][0-9][0-9]([0-9]*[1-9]|))0*$',
        '\1'
    ),
    replace(replace(cast(columns($time_names) as varchar), ' ', 'T'), '+00', 'Z'),
    columns($other_names)
from queries.level_rows
-- Too many are refused, whichever they are.
limit $row_limit -- noqa: AM09
