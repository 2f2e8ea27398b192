{# Receipts that raw no longer holds: old readings are thinned out there. #}
{% macro forget_thinned_receipts() -%}
    {{ return(adapter.dispatch("forget_thinned_receipts")()) }}
{%- endmacro %}

{# Where the table is built anew, it never held them. #}
{% macro spark__forget_thinned_receipts() %}{% endmacro %}

{% macro default__forget_thinned_receipts() -%}
    {%- set key = ["load_id", "account_id", "resource", "level", "breakdown"] -%}
    delete from {{ this }} as known
    where not exists (
        select 1
        from {{ ref("stg_meta__receipts") }} as held
        where
            coalesce(held.date_day, date '1970-01-01')
            = coalesce(known.date_day, date '1970-01-01')
            {% for column in key -%}
            and coalesce(held.{{ column }}, '') = coalesce(known.{{ column }}, '')
            {% endfor %}
    )
{%- endmacro %}
