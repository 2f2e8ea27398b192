{#
    Whether a row belongs to a partition that this build rebuilt; in a full refresh every
    row does. Data tests use it, so that what a cycle tests follows what it changed.
#}
{% macro is_in_changed_partition(relation) -%}
    {%- if flags.FULL_REFRESH -%}
    1 = 1
    {%- else -%}
    exists (
        select 1
        from {{ changed_partitions_relation() }} as changed
        where
            changed.account_id = {{ relation }}.account_id
            and changed.date_day = {{ relation }}.date_day
    )
    {%- endif -%}
{%- endmacro %}
