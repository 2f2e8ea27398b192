{#
    What to do with each unit, as CTEs that follow those of `budget_posterior`. Ends in
    `decisions`: one row per window and unit, its action beside the one that it would
    have with a bar a tenth lower or higher.
#}
{% macro budget_decision(relations) -%}
{%- set assumed = budget_assumptions() -%}
campaign_names as (

    select * from {{ relations.dashboard_campaigns }}

),

adset_names as (

    select * from {{ relations.meta_objects }} where object_type = 'adset'

),

estimates as (

    select
        posteriors.*,
        windows.reporting_currency,
        campaign_names.campaign_name,
        campaign_names.account_currency,
        adset_names.object_name as adset_name,
        case
            when posteriors.level = 'adset' then adset_names.effective_status
            else campaign_names.effective_status
        end as effective_status_now,
        case
            when posteriors.level = 'adset' then coalesce(adset_names.is_active, true)
            else coalesce(campaign_names.is_active, true) -- never listed: not known
        end as is_active,
        windows.target_source,
        windows.target_roas,
        windows.break_even_roas,
        windows.store_aov / nullif(windows.target_roas, 0) as target_cac,
        case
            when windows.as_of_day is null then 'no_complete_day'
            when coalesce(store_rates.exposure, 0) = 0 then 'no_convertible_spend'
            when posteriors.prior_rate is null then 'no_purchases'
            when posteriors.mean_roas is null then 'no_purchase_value'
        end as missing_reason,
        windows.as_of_day,
        windows.prior_since_day
    from posteriors
    inner join windows on posteriors.store = windows.store
    left join store_rates on posteriors.store = store_rates.store
    left join campaign_names
        on
            posteriors.account_id = campaign_names.account_id
            and posteriors.campaign_id = campaign_names.campaign_id
    left join adset_names
        on
            posteriors.account_id = adset_names.account_id
            and posteriors.adset_id = adset_names.object_id

),

bars as (

    select 0.9 as bar_multiple

    union all

    select 1.0 as bar_multiple

    union all

    select 1.1 as bar_multiple

),

scored as (

    select
        estimates.*,
        bars.bar_multiple,
        {{ gamma_score(
            "estimates.mean_roas",
            "estimates.roas_shape",
            "(bars.bar_multiple * estimates.target_roas)"
        ) }} as roas_score,
        {{ gamma_score(
            "estimates.rate",
            "estimates.cac_shape",
            "(bars.bar_multiple / estimates.target_cac)"
        ) }} as cac_score,
        {{ gamma_score(
            "(" ~ assumed.elasticity ~ " * estimates.mean_roas)",
            "estimates.roas_shape",
            "(bars.bar_multiple * estimates.break_even_roas)"
        ) }} as marginal_score,
        estimates.mean_roas / (bars.bar_multiple * estimates.break_even_roas)
            as return_on_break_even
    from estimates
    cross join bars

),

likely as (

    select
        *,
        {{ normal_probability("roas_score") }} as probability_roas,
        {{ normal_probability("cac_score") }} as probability_cac,
        case
            when break_even_roas is not null
                then {{ normal_probability("marginal_score") }}
        end as probability_marginal,
        return_on_break_even
        * (power({{ assumed.scale_multiple }}, {{ assumed.elasticity }}) - 1)
        - ({{ assumed.scale_multiple }} - 1)
        - {{ assumed.change_cost }} as gain_of_scaling,
        return_on_break_even
        * (power({{ assumed.cut_multiple }}, {{ assumed.elasticity }}) - 1)
        - ({{ assumed.cut_multiple }} - 1)
        - {{ assumed.change_cost }} as gain_of_cutting
    from scored

),

-- With a break-even ROAS the move of highest expected value; without one, how sure we
-- are of the target.
judged as (

    select
        *,
        case
            when mean_roas is null then null
            when break_even_roas is not null and gain_of_scaling > 0 then 'Scale'
            when break_even_roas is not null and gain_of_cutting > 0 then 'Cut'
            when break_even_roas is not null then 'Hold'
            when probability_roas >= {{ assumed.scale_probability }} then 'Scale'
            when probability_roas <= {{ assumed.cut_probability }} then 'Cut'
            when probability_roas is not null then 'Hold'
        end as verdict
    from likely

),

-- What is enough is judged by the purchases that the spend should have brought, never
-- by those it brought: spend without a sale is evidence.
weighed as (

    select
        *,
        case
            when verdict is null then 'insufficient'
            when prior_weight <= {{ assumed.insufficient_prior_weight }} then 'enough'
            when
                verdict = 'Cut'
                and evidence_spend
                >= {{ assumed.insufficient_ends_at_target_cacs }}
                * target_cac / bar_multiple
                then 'enough'
            else 'insufficient'
        end as sufficiency
    from judged

),

actions as (

    select
        *,
        case when sufficiency = 'enough' then verdict else 'Insufficient Data' end
            as action
    from weighed

),

other_actions as (

    select
        account_id,
        level,
        campaign_id,
        adset_id,
        country_code,
        max(case when bar_multiple = 0.9 then action end) as action_at_lower_target,
        max(case when bar_multiple = 1.1 then action end) as action_at_higher_target
    from actions
    group by account_id, level, campaign_id, adset_id, country_code

),

decisions as (

    select
        actions.*,
        other_actions.action_at_lower_target,
        other_actions.action_at_higher_target,
        case actions.action
            when 'Scale' then {{ assumed.step_percent }}
            when 'Cut' then -{{ assumed.step_percent }}
            else 0
        end as step_percent
    from actions
    inner join other_actions
        on
            actions.account_id = other_actions.account_id
            and actions.level = other_actions.level
            and actions.campaign_id = other_actions.campaign_id
            and actions.adset_id is not distinct from other_actions.adset_id
            and actions.country_code is not distinct from other_actions.country_code
    where actions.bar_multiple = 1.0

)
{%- endmacro %}
