-- Grain: one row per dimension, of those asked for or of all.
select
    *,
    '/lineage#!/' || split_part(node, '.', 1) || '/' || node as lineage
from marts.dimension_definitions
where
    cast($names as varchar[]) is null
    or list_contains(cast($names as varchar[]), name)
order by name
