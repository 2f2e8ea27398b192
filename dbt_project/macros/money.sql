{# Types of money: what Meta sends, and its exact product with a rate of ten places. #}
{% macro type_money() %}decimal(18, 4){% endmacro %}
{% macro type_converted_money() %}decimal(38, 14){% endmacro %}
{% macro type_rate() %}decimal(20, 10){% endmacro %}

{#
    A budget of Meta's in major units of the account's currency. "0" means that the
    budget lives on another level, so it is null; without a known minor unit it is null
    as well, never a guess. The unit is cast since an older warehouse holds the seed as
    floating point until a full refresh.
#}
{% macro budget_in_major_units(minor_units, minor_unit) -%}
    cast(
        nullif(cast({{ minor_units }} as decimal(18, 0)), 0)
        * cast({{ minor_unit }} as {{ type_money() }})
        as {{ type_money() }}
    )
{%- endmacro %}

{#
    A quotient of rates, rounded to its places. Postgres casts through 15 digits unless
    through text, which has all that a double knows.
#}
{% macro rounded_rate(quotient) -%}
    {{ return(adapter.dispatch("rounded_rate")(quotient)) }}
{%- endmacro %}

{% macro default__rounded_rate(quotient) -%}
    cast({{ quotient }} as {{ type_rate() }})
{%- endmacro %}

{% macro postgres__rounded_rate(quotient) -%}
    cast(cast({{ quotient }} as text) as {{ type_rate() }})
{%- endmacro %}
