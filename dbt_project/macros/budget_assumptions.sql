{#
    What the budget model assumes and does not estimate: the one home of these numbers.
    Variances are relative (.25: a campaign's purchase rate lies within about half of
    what its store and countries lead to expect). Raise `formula_version` with any of
    them or with the formulas, so that two answers can be told apart.
#}
{% macro budget_assumptions() -%}
    {{ return({
        "formula_version": "reduced-1",
        "half_life_days": 28,
        "country_variance": 0.06,
        "campaign_variance": 0.25,
        "cell_variance": 0.08,
        "adset_variance": 0.08,
        "order_value_country_variance": 0.03,
        "order_value_campaign_variance": 0.02,
        "order_value_cell_variance": 0.004,
        "forecast_variance": 0.025,
        "elasticity": 0.78,
        "scale_probability": 0.7,
        "cut_probability": 0.3,
        "insufficient_prior_weight": 0.7,
        "insufficient_ends_at_target_cacs": 3,
        "change_cost": 0.01,
        "scale_multiple": 1.2,
        "cut_multiple": 0.5,
        "step_percent": 20,
        "lowest_multiple": 0.5,
        "highest_multiple": 1.2,
        "test_purchases": 11.5,
        "test_days": 4,
    }) }}
{%- endmacro %}
