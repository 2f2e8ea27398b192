{#
    Each action in a sentence with its figures, as CTEs of `budget_rows`. Ends in
    `reasons`.
#}
{% macro budget_reasons() -%}
{%- set assumed = budget_assumptions() -%}
phrases as (

    select
        *,
        'ROAS ' || {{ in_words("mean_roas") }} || ' (80 % range '
        || {{ in_words("roas_p10") }} || ' to ' || {{ in_words("roas_p90") }} || '), '
        || {{ in_words("100 * probability_roas", 0) }} || ' % likely to reach the '
        || case target_source
            when 'configured' then 'target of ' else 'store''s own 60-day ROAS of '
        end
        || {{ in_words("target_roas") }} || '.' as target_phrase,
        'CAC ' || {{ in_words("posterior_cac") }} || ': the account says '
        || {{ in_words("prior_cac") }} || ' (weight '
        || {{ in_words("100 * prior_weight", 0) }} || ' %), its own days '
        || case
            when exposure = 0 then 'say nothing yet'
            when own_purchases = 0
                then 'brought no purchase for ' || {{ in_words("evidence_spend") }}
            else 'say ' || {{ in_words("own_cac") }}
        end || '.' as cac_phrase,
        'Another unit of spend returns '
        || {{ in_words(assumed.elasticity ~ " * mean_roas") }}
        || ' against a break-even ROAS of '
        || {{ in_words("break_even_roas") }} || '.' as marginal_phrase,
        'Its spend should have brought '
        || {{ in_words("exposure * prior_rate", 1) }}
        || ' purchases so far and the account weighs '
        || {{ in_words("100 * prior_weight", 0) }}
        || ' %: too little of its own to judge.' as insufficient_phrase
    from forecast

),

reasons as (

    select
        *,
        case
            when missing_reason = 'no_complete_day'
                then 'No complete day has been read yet: nothing to judge by.'
            when missing_reason = 'no_convertible_spend'
                then
                    'No spend on complete days with an exchange rate: nothing to'
                    || ' judge by.'
            when missing_reason = 'no_purchases'
                then
                    'The store has no purchase on complete days: no rate to measure'
                    || ' against.'
            when missing_reason = 'no_purchase_value'
                then 'No purchase value is reported: ROAS is not known.'
            when sufficiency = 'insufficient'
                then insufficient_phrase || ' ' || target_phrase
            when
                break_even_roas is not null
                and action = 'Cut'
                and mean_roas >= target_roas
                then
                    'The target is met and the margin is not: ' || marginal_phrase
                    || ' ' || target_phrase || ' ' || cac_phrase
            when break_even_roas is not null
                then marginal_phrase || ' ' || target_phrase || ' ' || cac_phrase
            else target_phrase || ' ' || cac_phrase
        end as reason
    from phrases

)
{%- endmacro %}
