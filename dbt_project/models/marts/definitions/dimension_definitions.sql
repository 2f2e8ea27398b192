-- Grain: one row per dimension: what metrics may be cut by, and where it stands. Made
-- of the registry, so it reads no table.
with registered as (

    {{ dimension_definitions() }}

)

select * from registered
