{# A moment of Meta's (`2026-03-01T00:00:00+0300`, `Z` or `+03:00`) in UTC; null where
   it is none. #}
{% macro meta_moment(column) -%}
    {{ return(adapter.dispatch("meta_moment")(column)) }}
{%- endmacro %}

{% macro duckdb__meta_moment(column) -%}
    try_cast({{ column }} as timestamptz)
{%- endmacro %}

{% macro postgres__meta_moment(column) -%}
    staging.moment({{ column }})
{%- endmacro %}

{% macro spark__meta_moment(column) -%}
    try_cast({{ column }} as timestamp)
{%- endmacro %}

{# The day of a place at a moment. #}
{% macro local_day(moment, timezone_name) -%}
    {{ return(adapter.dispatch("local_day")(moment, timezone_name)) }}
{%- endmacro %}

{% macro default__local_day(moment, timezone_name) -%}
    cast(timezone({{ timezone_name }}, {{ moment }}) as date)
{%- endmacro %}

{% macro spark__local_day(moment, timezone_name) -%}
    cast(from_utc_timestamp({{ moment }}, {{ timezone_name }}) as date)
{%- endmacro %}

{# The moment at which an account's day ends. #}
{% macro end_of_day(date_day, timezone_name) -%}
    {{ return(adapter.dispatch("end_of_day")(date_day, timezone_name)) }}
{%- endmacro %}

{% macro default__end_of_day(date_day, timezone_name) -%}
    timezone({{ timezone_name }}, cast({{ date_day }} + interval '1 day' as timestamp))
{%- endmacro %}

{% macro spark__end_of_day(date_day, timezone_name) -%}
    to_utc_timestamp(cast(date_add({{ date_day }}, 1) as timestamp), {{ timezone_name }})
{%- endmacro %}
