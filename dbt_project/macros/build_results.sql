{#
    What the last dbt run did, beside what it built, and the newest load in it: publishing
    refuses a build whose run did not end, left nodes out or failed a test, and calls it
    by that load. Only DuckDB's file is published.
#}
{% macro note_run_started() -%}
    {{ return(adapter.dispatch("note_run_started")()) }}
{%- endmacro %}

{% macro default__note_run_started() %}{% endmacro %}

{% macro duckdb__note_run_started() -%}
    create schema if not exists marts;
    create or replace table marts.build_results as
    select
        '{{ invocation_id }}' as invocation_id,
        '{{ flags.WHICH }}' as command,
        cast(null as varchar) as load_id,
        cast({{ (invocation_args_dict.get("select") or []) | length
            + (invocation_args_dict.get("exclude") or []) | length }} > 0 as boolean)
            as is_selection,
        cast(null as varchar) as node,
        cast(null as varchar) as resource_type,
        'started' as status,
        cast(null as bigint) as failures,
        cast(null as varchar) as message,
        cast('{{ run_started_at.isoformat() }}' as timestamptz) as started_at
{%- endmacro %}

{% macro note_run_ended(results) -%}
    {{ return(adapter.dispatch("note_run_ended")(results)) }}
{%- endmacro %}

{% macro default__note_run_ended(results) %}{% endmacro %}

{% macro duckdb__note_run_ended(results) -%}
    {%- if execute -%}
    {%- set loads = results | selectattr("node.name", "equalto", "stg_meta__loads") | list -%}
    insert into marts.build_results by name
    select
        invocation_id,
        command,
        load_id,
        is_selection,
        unnest([
            {%- for result in results -%}
            '{{ result.node.name }}'{{ ", " if not loop.last }}
            {%- endfor -%}
        ]) as node,
        unnest([
            {%- for result in results -%}
            '{{ result.node.resource_type }}'{{ ", " if not loop.last }}
            {%- endfor -%}
        ]) as resource_type,
        unnest([
            {%- for result in results -%}
            '{{ result.status }}'{{ ", " if not loop.last }}
            {%- endfor -%}
        ]) as status,
        unnest([
            {%- for result in results -%}
            {{ result.failures if result.failures is not none else "null" }}{{ ", " if not loop.last }}
            {%- endfor -%}
        ]::bigint[]) as failures,
        unnest([
            {%- for result in results -%}
            '{{ (result.message or "") | replace("'", "''") }}'{{ ", " if not loop.last }}
            {%- endfor -%}
        ]) as message,
        started_at
    from marts.build_results
    where status = 'started';
    update marts.build_results
    set
        {%- if loads %}
        load_id = (select max(load_id) from {{ loads[0].node.relation_name }} where is_completed),
        {%- endif %}
        status = 'ended'
    where status = 'started'
    {%- endif -%}
{%- endmacro %}
