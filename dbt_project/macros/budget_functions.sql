{#
    The budget reader's formulas as functions in schema `metrics`, for any store and
    window: what a published snapshot carries to the API. They name no database, as the
    file is copied and opened under another name, and can be made only once their tables
    stand; a run that has not built them yet leaves them out.
#}
{% macro create_budget_functions() -%}
    {{ return(adapter.dispatch("create_budget_functions")()) }}
{%- endmacro %}

{# Only a published snapshot carries them. #}
{% macro default__create_budget_functions() %}{% endmacro %}

{% macro budget_relations() -%}
    {{ return({
        "accounts": "marts.accounts",
        "budget_priors": "marts.budget_priors",
        "dashboard_campaigns": "marts.dashboard_campaigns",
        "dashboard_daily": "marts.dashboard_daily",
        "meta_level_totals": "core.meta_level_totals",
        "meta_objects": "core.meta_objects",
    }) }}
{%- endmacro %}

{% macro asked_window() -%}
asked_windows as (

    select
        cast(asked_store as varchar) as store,
        cast(since as date) as since_day,
        cast(until as date) as until_day

)
{%- endmacro %}

{% macro duckdb__create_budget_functions() -%}
    {%- set relations = budget_relations() -%}
    {%- set missing = [] -%}
    {%- if execute -%}
        {%- for name in relations.values() -%}
            {%- set schema, identifier = name.split(".") -%}
            {%- if adapter.get_relation(target.database, schema, identifier) is none -%}
                {%- do missing.append(name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if missing -%}
    select 'budget functions wait for {{ missing | join(", ") }}'
    {%- else -%}
    create or replace macro metrics.budget_priors_for(asked_store, until) as table
    with newest as (

        select max(as_of_day) as as_of_day
        from marts.budget_priors
        where store = asked_store and as_of_day <= cast(until as date)

    )

    select budget_priors.*
    from marts.budget_priors
    inner join newest on budget_priors.as_of_day = newest.as_of_day
    where budget_priors.store = asked_store;

    create or replace macro metrics.budget_rows(asked_store, since, until) as table
    with {{ asked_window() }},

    {{ budget_rows(relations) }}

    select * from budget_rows;

    create or replace macro metrics.budget_start_plans(asked_store, since, until)
    as table
    with {{ asked_window() }},

    {{ budget_evidence(relations) }},

    {{ budget_pooling() }},

    {{ budget_start_plans() }}

    select * from budget_start_plans;

    create or replace macro metrics.budget_trust(asked_store, since, until) as table
    with {{ asked_window() }},

    {{ budget_evidence(relations) }},

    {{ budget_pooling() }},

    {{ budget_trust() }}

    select * from budget_trust;

    create or replace macro metrics.budget_reallocation(asked_store, since, until)
    as table
    with budget_rows as (

        select * from metrics.budget_rows(asked_store, since, until)

    ),

    {{ budget_reallocation() }}

    select * from budget_reallocation;

    create or replace macro metrics.budget_reallocation_totals(
        asked_store, since, until
    ) as table
    with budget_rows as (

        select * from metrics.budget_rows(asked_store, since, until)

    ),

    {{ budget_reallocation() }}

    select * from reallocation_totals
    {%- endif -%}
{%- endmacro %}
