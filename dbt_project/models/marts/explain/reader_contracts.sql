-- Grain: one row per reader: by which rules it comes to its numbers.
with contracts as (

    select * from {{ ref("readers") }}

),

typed as (

    select
        reader,
        label,
        time_zone,
        partial_days,
        level,
        status,
        status_level,
        status_moment,
        countries,
        currency,
        clicks,
        cast(window_days as bigint) as window_days
    from contracts

)

select * from typed
