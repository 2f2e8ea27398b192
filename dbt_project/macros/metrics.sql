{#
    The one home of every ratio: functions in schema `metrics`, called by marts and, in a
    published snapshot, by the API. A ratio takes sums, never averages, and is null where
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
        "roas", ["purchase_value", "spend"], "metrics.ratio(purchase_value, spend)"
    ) }}
    {{ define("cac", ["spend", "purchases"], "metrics.ratio(spend, purchases)") }}
    {{ define(
        "aov",
        ["purchase_value", "purchases"],
        "metrics.ratio(purchase_value, purchases)"
    ) }}
    {{ define(
        "ctr", ["clicks", "impressions"], "100 * metrics.ratio(clicks, impressions)"
    ) }}
    {{ define("cpc", ["spend", "clicks"], "metrics.ratio(spend, clicks)") }}
    {{ define(
        "cpm", ["spend", "impressions"], "1000 * metrics.ratio(spend, impressions)"
    ) }}
    {{ define(
        "conversion_rate",
        ["purchases", "clicks"],
        "100 * metrics.ratio(purchases, clicks)"
    ) }}
    {{ define(
        "change",
        ["now_value", "before_value"],
        "100 * metrics.ratio(now_value - before_value, before_value)"
    ) }}
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

{% macro postgres__define_metric(name, arguments, formula) -%}
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
