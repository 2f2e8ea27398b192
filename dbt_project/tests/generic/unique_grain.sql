{#
    The listed columns are the grain: no two rows share them. Incremental models are
    tested on the partitions that a build rebuilt, everything in a full refresh.
#}
{% test unique_grain(model, columns) %}
select
    {{ columns | join(",\n    ") }},
    count(*) as copies
from {{ model }}
group by
    {{ columns | join(",\n    ") }}
having count(*) > 1
{% endtest %}
