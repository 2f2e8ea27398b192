-- Grain: one row per load, campaign, day, breakdown and country.
{{ stage_insights("campaign") }}
