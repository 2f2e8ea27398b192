{#
    The listed columns are the grain: no two rows share them. With `by_partition`, only
    the partitions that a build rebuilt are tested; everything in a full refresh.
#}
{% test unique_grain(model, columns, by_partition=false) %}
select
    {{ columns | join(",\n    ") }},
    count(*) as copies
from {{ model }} as tested
{% if by_partition -%}
where {{ is_in_changed_partition("tested") }}
{% endif -%}
group by
    {{ columns | join(",\n    ") }}
having count(*) > 1
{% endtest %}
