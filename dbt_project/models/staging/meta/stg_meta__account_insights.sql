-- Grain: one row per load, account, day, breakdown and country.
{{ stage_insights("account") }}
