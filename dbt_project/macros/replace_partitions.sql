{#
    Incremental strategy: delete exactly the changed (account_id, date_day), then insert
    what was built for them. A day that became empty goes too, and cost follows the
    change, not the table.
#}
{% macro get_incremental_replace_partitions_sql(arg_dict) %}
    {%- set target = arg_dict["target_relation"] -%}
    {%- set columns = arg_dict["dest_columns"] | map(attribute="quoted") | join(", ") -%}
    delete from {{ target }} as built
    where exists (
        select 1
        from {{ changed_partitions_relation() }} as changed
        where
            changed.account_id = built.account_id
            and changed.date_day = built.date_day
    );

    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ arg_dict["temp_relation"] }}
{% endmacro %}

{# By name: each model that uses the strategy depends on it through its own SQL. #}
{% macro changed_partitions_relation() -%}
    {{ api.Relation.create(
        database=generate_database_name("warehouse"),
        schema="intermediate",
        identifier="int_meta__changed_partitions"
    ) }}
{%- endmacro %}

{#
    The (account_id, date_day) built last time with their fingerprint; nothing where a
    full refresh is asked for or a relation that the partitions feed is missing.
#}
{% macro built_partitions(fed) -%}
    {{ return(adapter.dispatch("built_partitions")(fed)) }}
{%- endmacro %}

{# Built anew each time. #}
{% macro spark__built_partitions(fed) -%}
    {{ no_built_partitions() }}
{%- endmacro %}

{% macro default__built_partitions(fed) -%}
    {%- set marks = api.Relation.create(
        database=target.database, schema="core", identifier="built_partitions"
    ) -%}
    {%- set missing = [] -%}
    {%- if execute -%}
        {%- for identifier, schema in fed.items() -%}
            {%- set relation = adapter.get_relation(target.database, schema, identifier) -%}
            {%- if relation is none -%}{%- do missing.append(identifier) -%}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if execute and not flags.FULL_REFRESH and not missing -%}
        select account_id, date_day, fingerprint from {{ marks }}
    {%- else -%}
        {{ no_built_partitions() }}
    {%- endif -%}
{%- endmacro %}

{% macro no_built_partitions() -%}
    select
        cast(null as {{ dbt.type_string() }}) as account_id,
        cast(null as date) as date_day,
        cast(null as {{ dbt.type_string() }}) as fingerprint
    where false
{%- endmacro %}
