{#
    What engines do differently and no other file is about. DuckDB is the product's
    engine; Postgres and Spark build the same models from the same raw rows.
#}

{# A floating point number of eight bytes: ratios, never money. #}
{% macro type_double() -%}
    {{ return(adapter.dispatch("type_double")()) }}
{%- endmacro %}

{% macro default__type_double() %}double precision{% endmacro %}

{% macro spark__type_double() %}double{% endmacro %}

{# A moment in UTC. #}
{% macro type_moment() -%}
    {{ return(adapter.dispatch("type_moment")()) }}
{%- endmacro %}

{% macro default__type_moment() %}timestamp with time zone{% endmacro %}

{% macro spark__type_moment() %}timestamp{% endmacro %}

{#
    How a table of partitions is kept. Spark cannot delete rows of a plain Parquet table,
    and overwriting partitions would leave an emptied day, so there it is built anew.
#}
{% macro kept_by_partition() -%}
    {{ return(adapter.dispatch("kept_by_partition")()) }}
{%- endmacro %}

{% macro default__kept_by_partition() -%}
    {{ return("incremental") }}
{%- endmacro %}

{% macro spark__kept_by_partition() -%}
    {{ return("table") }}
{%- endmacro %}

{# What must stand before the models: functions that an engine lacks. #}
{% macro prepare_engine() -%}
    {{ return(adapter.dispatch("prepare_engine")()) }}
{%- endmacro %}

{% macro default__prepare_engine() %}{% endmacro %}

{#
    Load ids and names are ordered as text, and the newest or last one holds: under a
    collation that skips dots or case it would be another. `staging.moment` is null where a cast would fail.
#}
{% macro postgres__prepare_engine() -%}
    {%- if execute -%}
        {%- if not run_query("select 'B' < 'a'").columns[0].values()[0] -%}
            {{ exceptions.raise_compiler_error(
                "The database orders text by a language, Pathways needs collation C: "
                ~ "create database ... template template0 lc_collate 'C'."
            ) }}
        {%- endif -%}
    {%- endif -%}
    create schema if not exists staging;
    create or replace function staging.moment(moment_text text)
    returns timestamp with time zone
    language plpgsql stable
    set timezone = 'UTC' as $$
    begin
        return cast(moment_text as timestamp with time zone);
    exception when others then
        return null;
    end
    $$
{%- endmacro %}

{# A profile of another project would cut places of sums and products, silently. #}
{% macro spark__prepare_engine() -%}
    {%- if execute -%}
        {%- for setting, value in {
            "spark.sql.decimalOperations.allowPrecisionLoss": "false",
            "spark.sql.session.timeZone": "UTC",
        }.items() -%}
            {%- set found = run_query("set " ~ setting).columns[1].values()[0] -%}
            {%- if found != value -%}
                {{ exceptions.raise_compiler_error(
                    setting ~ " is " ~ found ~ ", Pathways needs " ~ value
                    ~ ": see server_side_parameters in profiles.yml."
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{# dbt-spark's own leaves the order out. #}
{% macro spark__listagg(measure, delimiter_text, order_by_clause, limit_num) -%}
    listagg({{ measure }}, {{ delimiter_text }}) within group ({{ order_by_clause }})
{%- endmacro %}

{# Contracts name types as DuckDB and Postgres do. #}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set spelled = {
        "varchar": "string",
        "double precision": type_double(),
        "timestamp with time zone": type_moment(),
    } -%}
    select
    {%- for column in columns.values() %}
        cast(null as {{ spelled.get(column["data_type"], column["data_type"]) }})
            as {{ column["name"] }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
