{#
    The one home of every ratio: functions in schema `metrics`, called by marts and, in a
    published snapshot, by the API. A ratio takes sums, never averages, and is null where
    its divisor is 0 or unknown.
#}
{% macro create_metrics() -%}
    {{ return(adapter.dispatch("create_metrics")()) }}
{%- endmacro %}

{% macro duckdb__create_metrics() -%}
    create schema if not exists metrics;
    create or replace macro metrics.ratio(part, whole) as
        case when whole > 0 then cast(part as double) / cast(whole as double) end;
    create or replace macro metrics.roas(purchase_value, spend) as
        metrics.ratio(purchase_value, spend);
    create or replace macro metrics.cac(spend, purchases) as
        metrics.ratio(spend, purchases);
    create or replace macro metrics.aov(purchase_value, purchases) as
        metrics.ratio(purchase_value, purchases);
    create or replace macro metrics.ctr(clicks, impressions) as
        100 * metrics.ratio(clicks, impressions);
    create or replace macro metrics.cpc(spend, clicks) as
        metrics.ratio(spend, clicks);
    create or replace macro metrics.cpm(spend, impressions) as
        1000 * metrics.ratio(spend, impressions);
    create or replace macro metrics.conversion_rate(purchases, clicks) as
        100 * metrics.ratio(purchases, clicks);
    create or replace macro metrics.change(now_value, before_value) as
        100 * metrics.ratio(now_value - before_value, before_value);
{%- endmacro %}
