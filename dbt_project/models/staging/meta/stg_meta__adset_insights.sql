-- Grain: one row per load, ad set, day, breakdown and country.
{{ stage_insights("adset") }}
