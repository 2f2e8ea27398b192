-- Grain: one row per dimension: by what metrics may be cut, and where it stands. Made of
-- the registry, so it reads no table.
with registered as (

    {{ dimension_definitions() }}

)

select * from registered
