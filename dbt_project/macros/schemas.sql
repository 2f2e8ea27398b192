{# A folder's schema is used as it is written, not appended to the target's. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}

{# Postgres has one database: what stands in another one elsewhere is a schema of it. #}
{% macro postgres__generate_database_name(custom_database_name=none, node=none) -%}
    {{ return(target.database) }}
{%- endmacro %}

{#
    A raw table, or its columns without a row where nothing was loaded yet, so that a
    build on an empty warehouse makes empty tables. Types come from the source's yml.
#}
{% macro source_or_empty(source_name, table_name) -%}
    {%- set relation = source(source_name, table_name) -%}
    {%- if not execute or load_relation(relation) is not none -%}
        {{ relation }}
    {%- else -%}
        {%- set described = graph.sources.values()
            | selectattr("source_name", "equalto", source_name)
            | selectattr("name", "equalto", table_name) | first -%}
        (
            select
            {%- for column in described.columns.values() %}
                cast(null as {{ column.data_type }}) as {{ column.name }}
                {{- "," if not loop.last }}
            {%- endfor %}
            where false
        )
    {%- endif -%}
{%- endmacro %}
