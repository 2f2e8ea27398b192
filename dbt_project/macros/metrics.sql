{#
    The one home of every ratio: functions in schema `metrics`, called by marts and, in a
    published snapshot, by the API. They are made from the registry of metrics
    (_definitions__metrics.yml). A ratio takes sums, never averages, and is null where
    its divisor is 0 or unknown.
#}
{% macro create_metrics() -%}
    {{ return(adapter.dispatch("create_metrics")()) }}
{%- endmacro %}

{# Name, arguments and formula of each; a later one may call an earlier one. #}
{% macro define_metrics(define) -%}
    {{ define(
        "ratio",
        ["part", "whole"],
        "case when whole > 0 then cast(part as " ~ type_double()
        ~ ") / cast(whole as " ~ type_double() ~ ") end"
    ) }}
    {{ define(
        "change",
        ["now_value", "before_value"],
        "100 * metrics.ratio(now_value - before_value, before_value)"
    ) }}
    {#- Nothing is known of the registry while dbt still reads the project. -#}
    {%- if execute -%}
        {%- for metric in graph.metrics.values() -%}
            {%- set asked = metric.type_params -%}
            {%- if metric.type == "ratio" -%}
                {%- set part, whole = asked.numerator.name, asked.denominator.name -%}
                {{ define(
                    metric.name,
                    [part, whole],
                    "metrics.ratio(" ~ part ~ ", " ~ whole ~ ")"
                ) }}
            {%- elif metric.type == "derived" -%}
                {{ define(
                    metric.name,
                    asked.metrics | map(attribute="name") | list,
                    asked.expr
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__create_metrics() -%}
    create schema if not exists metrics;
    {{ define_metrics(duckdb__define_metric) }}
{%- endmacro %}

{% macro duckdb__define_metric(name, arguments, formula) -%}
    create or replace macro metrics.{{ name }}({{ arguments | join(", ") }}) as
        {{ formula }};
{%- endmacro %}

{% macro postgres__create_metrics() -%}
    create schema if not exists metrics;
    {{ define_metrics(postgres__define_metric) }}
{%- endmacro %}

{# Dropped first: Postgres lets no function rename its arguments. #}
{% macro postgres__define_metric(name, arguments, formula) -%}
    drop function if exists metrics.{{ name }}(
        {{ (["double precision"] * (arguments | length)) | join(", ") }}
    );
    create or replace function metrics.{{ name }}(
        {{ arguments | join(" double precision, ") }} double precision
    ) returns double precision language sql immutable as $$ select {{ formula }} $$;
{%- endmacro %}

{# Spark takes one statement a call. #}
{% macro spark__create_metrics() -%}
    {%- if execute -%}
        {%- do run_query("create schema if not exists metrics") -%}
        {%- do define_metrics(spark__define_metric) -%}
    {%- endif -%}
{%- endmacro %}

{% macro spark__define_metric(name, arguments, formula) -%}
    {%- do run_query(
        "create or replace function metrics." ~ name ~ "("
        ~ arguments | join(" double, ") ~ " double) returns double return " ~ formula
    ) -%}
{%- endmacro %}
