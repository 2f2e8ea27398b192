{#
    The statistics of the budget model as plain SQL expressions. Arguments are column
    names or short expressions; no engine's own functions beyond power, exp, sqrt.
#}

{#
    What a Gamma distribution with this mean and shape falls below in 10, 50 or 90 % of
    cases (Wilson and Hilferty 1931). Under 1 % off from shape 2 on; callers hold the
    shape at 1 or above.
#}
{% macro gamma_quantile(mean, shape, percent) -%}
    {%- set z = {10: -1.2815515655, 50: 0, 90: 1.2815515655}[percent] -%}
    {{ mean }} * power(
        1 - 1 / (9 * {{ shape }}) + ({{ z }}) / (3 * sqrt({{ shape }})), 3
    )
{%- endmacro %}

{# How many standard deviations a Gamma distribution lies above a bar. #}
{% macro gamma_score(mean, shape, bar) -%}
    (1 - 1 / (9 * {{ shape }}) - power({{ bar }} / {{ mean }}, 1.0 / 3))
    * 3 * sqrt({{ shape }})
{%- endmacro %}

{#
    The standard normal distribution function of a column (Abramowitz and Stegun
    26.2.17, error under 1e-7). Beyond 8 deviations it is 0 or 1 in any case.
#}
{% macro normal_probability(score) -%}
    {%- set size = "least(abs(" ~ score ~ "), 8)" -%}
    {%- set slope = "(1 / (1 + 0.2316419 * " ~ size ~ "))" -%}
    {%- set tail -%}
    exp(-{{ size }} * {{ size }} / 2) / sqrt(2 * pi()) * {{ slope }} * (
        0.319381530 + {{ slope }} * (
            -0.356563782 + {{ slope }} * (
                1.781477937 + {{ slope }} * (-1.821255978 + {{ slope }} * 1.330274429)
            )
        )
    )
    {%- endset -%}
    case when {{ score }} >= 0 then 1 - {{ tail }} when {{ score }} < 0 then {{ tail }} end
{%- endmacro %}

{#
    How much a group's own purchases tell of its factor: as many purchases as expected
    of it, less where few of its members make up most of it.
#}
{% macro group_information(expected, squares, variance) -%}
    1 / (
        1 / greatest({{ expected }}, 1e-9)
        + ({{ variance }}) * {{ squares }} / power(greatest({{ expected }}, 1e-9), 2)
    )
{%- endmacro %}

{# A group's factor: its own ratio of observed to expected, drawn towards 1. #}
{% macro pooled_factor(variance, information, observed, expected) -%}
    (
        1 / {{ variance }}
        + {{ information }} * {{ observed }} / greatest({{ expected }}, 1e-9)
    ) / (1 / {{ variance }} + {{ information }})
{%- endmacro %}

{# An estimate as it is shown. #}
{% macro in_six_places(estimate) -%}
    {{ return(adapter.dispatch("in_six_places")(estimate)) }}
{%- endmacro %}

{% macro default__in_six_places(estimate) -%}
    cast(round({{ estimate }}, 6) as {{ type_double() }})
{%- endmacro %}

{# Postgres rounds numerics only to places. #}
{% macro postgres__in_six_places(estimate) -%}
    cast(
        round(cast(cast({{ estimate }} as text) as numeric), 6)
        as {{ type_double() }}
    )
{%- endmacro %}

{# A number in a sentence. #}
{% macro in_words(number, places=2) -%}
    cast(cast({{ number }} as decimal(38, {{ places }})) as {{ dbt.type_string() }})
{%- endmacro %}
