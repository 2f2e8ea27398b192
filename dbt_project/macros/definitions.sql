{#
    The registry as rows. Metrics, measures and dimensions stand in the yml of
    `models/marts/definitions`; a number that is none of them, such as an estimate, is
    described at its column, whose `meta` then has a unit.
#}
{% macro metric_definitions() -%}
    {%- if not execute -%}
        {{ metric_row({"meta": {}}) }}
    {%- else -%}
        {%- set selects, seen = [], [] -%}
        {%- for metric in graph.metrics.values() -%}
            {%- do selects.append(metric_row(registered_metric(metric))) -%}
            {%- do seen.append(metric.name) -%}
        {%- endfor -%}
        {%- for node in graph.nodes.values()
            if node.resource_type == "model" -%}
            {%- for column in node.columns.values()
                if column.meta.unit and column.name not in seen -%}
                {%- do selects.append(metric_row({
                    "name": column.name,
                    "label": column.meta.label,
                    "type": "modelled",
                    "description": column.description,
                    "meta": column.meta,
                    "model": node.schema ~ "." ~ node.name,
                    "column": column.name,
                    "node": node.unique_id,
                })) -%}
                {%- do seen.append(column.name) -%}
            {%- endfor -%}
        {%- endfor -%}
        {{ selects | join("\n\n    union all\n\n    ") }}
    {%- endif -%}
{%- endmacro %}

{# A metric of the registry, with its measure and its formula in words of SQL. #}
{% macro registered_metric(metric) -%}
    {%- set asked = metric.type_params -%}
    {%- set told = {
        "name": metric.name,
        "label": metric.label,
        "type": metric.type,
        "description": metric.description,
        "meta": metric.meta,
        "node": metric.unique_id,
    } -%}
    {%- if metric.type == "simple" -%}
        {%- for semantic_model in graph.semantic_models.values() -%}
            {%- for measure in semantic_model.measures
                if measure.name == asked.measure.name -%}
                {%- set column = measure.expr or measure.name -%}
                {%- do told.update({
                    "agg": measure.agg,
                    "measure": measure.name,
                    "non_additive_dimension":
                        (measure.non_additive_dimension or {}).get("name"),
                    "formula": column ~ " of one " ~ measure.non_additive_dimension.name
                        if measure.non_additive_dimension else
                        measure.agg ~ "(" ~ column ~ ")" ~ filter_text(asked.measure),
                    "model": semantic_model.node_relation.schema_name
                        ~ "." ~ semantic_model.node_relation.alias,
                    "column": column,
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- elif metric.type == "ratio" -%}
        {%- set part, whole = asked.numerator.name, asked.denominator.name -%}
        {%- do told.update({
            "formula": part ~ " / " ~ whole, "inputs": part ~ ", " ~ whole
        }) -%}
    {%- else -%}
        {%- do told.update({
            "formula": modules.re.sub(
                "metrics\\.ratio\\((\\w+), (\\w+)\\)", "\\1 / \\2", asked.expr
            ),
            "inputs": asked.metrics | map(attribute="name") | join(", "),
        }) -%}
    {%- endif -%}
    {{ return(told) }}
{%- endmacro %}

{# What MetricFlow filters a measure by, with columns by their own names. #}
{% macro filter_text(measure) -%}
    {%- for where in (measure.filter or {}).get("where_filters", []) -%}
        {{ " where " if loop.first else " and " }}
        {{- modules.re.sub(
            "\\{+ *Dimension\\('\\w+?__(\\w+)'\\) *\\}+", "\\1", where.where_sql_template
        ) -}}
    {%- endfor -%}
{%- endmacro %}

{% macro metric_row(told) -%}
    select
        {{ text_or_null(told.name) }} as name,
        {{ text_or_null(told.label) }} as label,
        {{ text_or_null(told.meta.ads_manager_label) }} as ads_manager_label,
        {{ text_or_null(told.type) }} as type,
        {{ text_or_null(told.description) }} as description,
        {{ text_or_null(told.agg) }} as agg,
        {{ text_or_null(told.measure) }} as measure,
        {{ text_or_null(told.non_additive_dimension) }} as non_additive_dimension,
        {{ text_or_null(told.formula) }} as formula,
        {{ text_or_null(told.inputs) }} as inputs,
        {{ text_or_null(told.meta.unit) }} as unit,
        {{ text_or_null(told.meta.good_direction) }} as good_direction,
        {{ text_or_null(told.meta.caveats) }} as caveats,
        {{ text_or_null(told.model) }} as model,
        {{ text_or_null(told.column) }} as column_name,
        {{ text_or_null(told.node) }} as node
        {%- for part in ("days", "objects", "countries") %},
        {{ "true" if part in (told.meta.adds_up_over or []) else "false" }}
            as adds_up_over_{{ part }}
        {%- endfor %}
{%- endmacro %}

{# Dimensions and entities; the first model that names one is its home. #}
{% macro dimension_definitions() -%}
    {%- if not execute -%}
        {{ dimension_row({}, {}, "") }}
    {%- else -%}
        {%- set selects, seen = [], [] -%}
        {%- for semantic_model in graph.semantic_models.values() -%}
            {%- for kind in ("entities", "dimensions") -%}
                {%- for dimension in semantic_model[kind]
                    if dimension.name not in seen -%}
                    {%- set type = "entity" if kind == "entities" else dimension.type -%}
                    {%- do selects.append(
                        dimension_row(dimension, semantic_model, type)
                    ) -%}
                    {%- do seen.append(dimension.name) -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
        {{ selects | join("\n\n    union all\n\n    ") }}
    {%- endif -%}
{%- endmacro %}

{% macro dimension_row(dimension, semantic_model, type) -%}
    {%- set relation = semantic_model.node_relation or {} -%}
    select
        {{ text_or_null(dimension.name) }} as name,
        {{ text_or_null(dimension.label) }} as label,
        {{ text_or_null(type) }} as type,
        {{ text_or_null(dimension.description) }} as description,
        {{ text_or_null(relation.schema_name ~ "." ~ relation.alias) }} as model,
        {{ text_or_null(dimension.expr or dimension.name) }} as column_name,
        {{ text_or_null((semantic_model.depends_on or {"nodes": [none]}).nodes[0]) }}
            as node
{%- endmacro %}

{% macro text_or_null(value) -%}
    {%- if value -%}
        '{{ value | replace("'", "''") }}'
    {%- else -%}
        cast(null as {{ dbt.type_string() }})
    {%- endif -%}
{%- endmacro %}
