-- Grain: one row per step from A's rules to B's, in order: the mask after it, what the
-- metric was before and is after it, and by how much that and its parts differ.
-- A ratio that is not defined somewhere on the way: its step has no delta, and the next
-- one with a value has that since the last. The effects of top and bottom are the mean
-- of both orders of changing them, so that they are the same seen from B.
with chain as (

    select
        unnest(cast($masks as integer[])) as mask,
        unnest(range(len(cast($masks as integer[])))) as step

),

states as (

    select
        chain.step,
        chain.mask,
        at_step.row_count,
        at_step.top_part,
        at_step.bottom_part,
        at_step.metric_value,
        last_value(at_step.metric_value ignore nulls) over (
            order by chain.step
            rows between unbounded preceding and 1 preceding
        ) as known_before,
        lag(chain.mask) over (order by chain.step) as mask_before,
        lag(at_step.row_count) over (order by chain.step) as row_count_before,
        lag(at_step.top_part) over (order by chain.step) as top_before,
        lag(at_step.bottom_part) over (order by chain.step) as bottom_before,
        lag(at_step.metric_value) over (order by chain.step) as value_before
    from chain
    inner join explain_values as at_step
        on chain.mask = at_step.top_mask and chain.mask = at_step.bottom_mask

),

stepped as (

    select
        states.*,
        states.top_part - states.top_before as top_delta,
        states.bottom_part - states.bottom_before as bottom_delta,
        states.metric_value - states.known_before as delta,
        states.metric_value - states.value_before as own_delta,
        new_top.metric_value as value_with_new_top,
        new_bottom.metric_value as value_with_new_bottom
    from states
    left join explain_values as new_top
        on
            states.mask = new_top.top_mask
            and states.mask_before = new_top.bottom_mask
    left join explain_values as new_bottom
        on
            states.mask_before = new_bottom.top_mask
            and states.mask = new_bottom.bottom_mask
    where states.step > 0

),

split as (

    select
        *,
        cast(
            0.5 * (
                (value_with_new_top - value_before)
                + (metric_value - value_with_new_bottom)
            ) as decimal(38, 14)
        ) as top_effect
    from stepped

)

select
    * exclude (own_delta, known_before, value_with_new_top, value_with_new_bottom),
    own_delta - top_effect as bottom_effect,
    max_by(metric_value, step) over ()
    - min_by(value_before, step) over ()
    - sum(delta) over () as residual
from split
order by step
