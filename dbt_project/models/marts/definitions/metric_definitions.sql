-- Grain: one row per metric: what it is, how it is made, over what it adds up and where
-- it stands. Made of the registry, so it reads no table.
with registered as (

    {{ metric_definitions() }}

)

select * from registered
