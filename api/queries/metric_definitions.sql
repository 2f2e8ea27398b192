-- Grain: one row per metric, of those asked for or of all.
select
    * exclude (inputs),
    coalesce(string_split(inputs, ', '), []) as inputs,
    '/lineage#!/' || split_part(node, '.', 1) || '/' || node as lineage
from marts.metric_definitions
where
    cast($names as varchar[]) is null
    or list_contains(cast($names as varchar[]), name)
order by name
