-- Grain: one row: what A and B show, and the difference.
with values_a as (

    select *
    from explain_values
    where top_mask = 0 and bottom_mask = 0

),

values_b as (

    select *
    from explain_values
    where top_mask = $last_mask and bottom_mask = $last_mask

),

ends as (

    select
        a.row_count as row_count_a,
        b.row_count as row_count_b,
        a.top_part as top_a,
        b.top_part as top_b,
        a.bottom_part as bottom_a,
        b.bottom_part as bottom_b,
        case when a.is_known then a.metric_value end as value_a,
        case when b.is_known then b.metric_value end as value_b,
        a.is_known as is_known_a,
        b.is_known as is_known_b
    from values_a as a
    cross join values_b as b

)

select
    * replace (
        -- A window without a day that was read is not known, whatever it adds up to.
        case when $is_read_a then value_a end as value_a,
        case when $is_read_b then value_b end as value_b
    ),
    cast($is_read_a as boolean) as is_read_a,
    cast($is_read_b as boolean) as is_read_b,
    case when $is_read_a and $is_read_b then value_b - value_a end as difference
from ends
