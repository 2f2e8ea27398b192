{#
    Meta's lists of {action_type, value}, kept as JSON text in raw. Values are read as
    text and cast: some engines turn "404" into null when asked for a number.
#}

{# The value of one action type in a list; null when the type is absent. #}
{% macro action_value(actions, action_type) -%}
    {{ return(adapter.dispatch("action_value")(actions, action_type)) }}
{%- endmacro %}

{% macro duckdb__action_value(actions, action_type) -%}
    list_sum(
        list_transform(
            list_filter(
                from_json(
                    {{ actions }}, '[{"action_type": "VARCHAR", "value": "VARCHAR"}]'
                ),
                lambda item: item.action_type = {{ action_type }}
            ),
            lambda item: cast(coalesce(item.value, '0') as decimal(18, 4))
        )
    )
{%- endmacro %}

{% macro postgres__action_value(actions, action_type) -%}
    (
        select sum(cast(coalesce(item ->> 'value', '0') as {{ type_money() }}))
        from jsonb_array_elements(cast({{ actions }} as jsonb)) as listed (item)
        where item ->> 'action_type' = {{ action_type }}
    )
{%- endmacro %}

{% macro spark__action_value(actions, action_type) -%}
    aggregate(
        filter(
            from_json(
                {{ actions }}, 'array<struct<action_type: string, value: string>>'
            ),
            item -> item.action_type = {{ action_type }}
        ),
        cast(null as decimal(38, 4)),
        (total, item) -> cast(
            coalesce(total, 0) + cast(coalesce(item.value, '0') as {{ type_money() }})
            as decimal(38, 4)
        )
    )
{%- endmacro %}

{# Whether a list holds an action type, whatever its value. #}
{% macro has_action(actions, action_type) -%}
    {{ return(adapter.dispatch("has_action")(actions, action_type)) }}
{%- endmacro %}

{% macro duckdb__has_action(actions, action_type) -%}
    coalesce(
        list_contains(
            list_transform(
                from_json({{ actions }}, '[{"action_type": "VARCHAR"}]'),
                lambda item: item.action_type
            ),
            {{ action_type }}
        ),
        false
    )
{%- endmacro %}

{% macro postgres__has_action(actions, action_type) -%}
    exists (
        select 1
        from jsonb_array_elements(cast({{ actions }} as jsonb)) as listed (item)
        where item ->> 'action_type' = {{ action_type }}
    )
{%- endmacro %}

{% macro spark__has_action(actions, action_type) -%}
    coalesce(
        exists(
            from_json({{ actions }}, 'array<struct<action_type: string>>'),
            item -> item.action_type = {{ action_type }}
        ),
        false
    )
{%- endmacro %}

{#
    How often an action type was counted; absent from a list that was asked for is 0.
    Rounded first: some engines cut a fraction off in a cast.
#}
{% macro count_of_action(actions, action_type) -%}
    cast(
        round(coalesce({{ action_value(actions, action_type) }}, 0), 0)
        as {{ dbt.type_bigint() }}
    )
{%- endmacro %}

{#
    An ad set's attribution specification in one line, whatever the order Meta gives it
    in: `CLICK_THROUGH 7, VIEW_THROUGH 1`. Null where there is none.
#}
{% macro attribution_windows(attribution_spec) -%}
    {{ return(adapter.dispatch("attribution_windows")(attribution_spec)) }}
{%- endmacro %}

{% macro duckdb__attribution_windows(attribution_spec) -%}
    array_to_string(
        list_sort(
            list_transform(
                from_json(
                    {{ attribution_spec }},
                    '[{"event_type": "VARCHAR", "window_days": "VARCHAR"}]'
                ),
                lambda item: concat_ws(' ', item.event_type, item.window_days)
            )
        ),
        ', '
    )
{%- endmacro %}

{% macro postgres__attribution_windows(attribution_spec) -%}
    (
        select string_agg(listed.item, ', ' order by listed.item)
        from (
            select concat_ws(' ', item ->> 'event_type', item ->> 'window_days')
            from jsonb_array_elements(cast({{ attribution_spec }} as jsonb)) as raw (item)
        ) as listed (item)
    )
{%- endmacro %}

{% macro spark__attribution_windows(attribution_spec) -%}
    array_join(
        array_sort(
            transform(
                from_json(
                    {{ attribution_spec }},
                    'array<struct<event_type: string, window_days: string>>'
                ),
                item -> concat_ws(' ', item.event_type, item.window_days)
            )
        ),
        ', '
    )
{%- endmacro %}
