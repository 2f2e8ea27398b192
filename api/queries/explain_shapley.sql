-- Grain: one row per rule that differs: its share of the difference when every order of
-- changing the rules counts alike. A share is weighted_sum over orders, both exact, as
-- most quotients have no last place. There is none where some mixture has no value.
with subsets as (

    select
        top_mask as mask,
        metric_value,
        cast(bit_count(top_mask) as integer) as rule_count
    from explain_values
    where top_mask = bottom_mask and top_mask & $last_mask = top_mask

),

rules as (

    select unnest(cast($rules as integer[])) as rule_bit

),

orders as (

    select
        cast(count(*) as integer) as rule_count,
        cast(factorial(cast(count(*) as integer)) as decimal(38, 0)) as order_count
    from rules

),

-- In how many orders the rules of the subset come first, then this one.
marginal as (

    select
        rules.rule_bit,
        cast(
            factorial(smaller.rule_count)
            * factorial(orders.rule_count - smaller.rule_count - 1)
            as decimal(38, 0)
        ) as weight,
        larger.metric_value - smaller.metric_value as delta
    from rules
    cross join orders
    inner join subsets as smaller on smaller.mask & rules.rule_bit = 0
    inner join subsets as larger on smaller.mask | rules.rule_bit = larger.mask

),

weighed as (

    select
        rule_bit,
        case when count(delta) = count(*) then sum(weight * delta) end as weighted_sum
    from marginal
    group by rule_bit

)

select
    weighed.rule_bit,
    orders.order_count,
    weighed.weighted_sum,
    metrics.ratio(weighed.weighted_sum, orders.order_count) as rule_share
from weighed
cross join orders
order by weighed.rule_bit
