-- Grain: one row per load, ad, day, breakdown and country.
{{ stage_insights("ad") }}
