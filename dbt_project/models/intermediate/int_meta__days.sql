-- Grain: one row per day that was read for some account: what MetricFlow, where it is
-- used, joins metrics to.
with visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

days as (

    select date_day
    from visible_windows
    group by date_day

)

select * from days
