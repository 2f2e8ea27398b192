{# A moment of Meta's (`2026-03-01T00:00:00+0300`, `Z` or `+03:00`) in UTC; null where
   it is none. #}
{% macro meta_moment(column) -%}
    {{ return(adapter.dispatch("meta_moment")(column)) }}
{%- endmacro %}

{% macro duckdb__meta_moment(column) -%}
    try_cast({{ column }} as timestamptz)
{%- endmacro %}

{# The day of a place at a moment. #}
{% macro local_day(moment, timezone_name) -%}
    {{ return(adapter.dispatch("local_day")(moment, timezone_name)) }}
{%- endmacro %}

{% macro duckdb__local_day(moment, timezone_name) -%}
    cast(timezone({{ timezone_name }}, {{ moment }}) as date)
{%- endmacro %}

{# The moment at which an account's day ends. #}
{% macro end_of_day(date_day, timezone_name) -%}
    {{ return(adapter.dispatch("end_of_day")(date_day, timezone_name)) }}
{%- endmacro %}

{% macro duckdb__end_of_day(date_day, timezone_name) -%}
    timezone({{ timezone_name }}, cast({{ date_day }} + interval 1 day as timestamp))
{%- endmacro %}
