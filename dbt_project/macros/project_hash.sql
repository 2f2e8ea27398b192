{#
    A digest of the rules themselves, so that a changed model, macro or seed rebuilds
    every partition. Computed where the files are, as `dbt build` runs from the root.
#}
{% macro project_hash() -%}
    {{ return(adapter.dispatch("project_hash")()) }}
{%- endmacro %}

{% macro duckdb__project_hash() -%}
    {%- set files = "['dbt_project/models/**/*.sql', 'dbt_project/macros/*.sql', 'dbt_project/seeds/*.csv', 'dbt_project.yml']" -%}
    {%- if execute -%}
        {%- set digest = run_query(
            "select md5(string_agg(md5(content), '' order by filename)) "
            ~ "from read_text(" ~ files ~ ")"
        ) -%}
        '{{ digest.columns[0].values()[0] }}'
    {%- else -%}
        ''
    {%- endif -%}
{%- endmacro %}

{#
    Where dbt cannot read files through the engine: from what it parsed. Variables of
    dbt_project.yml are not among it; their effect on rates and windows is.
#}
{% macro default__project_hash() -%}
    {%- set parts = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() | sort(attribute="unique_id")
            if node.package_name == project_name
            and node.resource_type in ("model", "seed") -%}
            {%- do parts.append(node.checksum.checksum) -%}
        {%- endfor -%}
        {%- for name, macro in context[project_name].items() | sort -%}
            {%- do parts.append(macro.macro.macro_sql) -%}
        {%- endfor -%}
    {%- endif -%}
    '{{ local_md5(parts | join) }}'
{%- endmacro %}
