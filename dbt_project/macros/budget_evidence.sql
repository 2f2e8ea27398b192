{#
    The measured side of the budget model, as CTEs that follow a CTE `asked_windows`
    (store, since_day, until_day): one row per window and unit, which is a campaign, a
    campaign in a country or an ad set.

    `relations` names what is read: budget_priors, dashboard_daily, meta_level_totals,
    accounts, dashboard_campaigns, meta_objects.
#}
{% macro budget_evidence(relations) -%}
{%- set assumed = budget_assumptions() -%}
targets as (

    select
        store,
        max(reporting_currency) as reporting_currency,
        max(target_roas) as target_roas,
        max(break_even_roas) as break_even_roas
    from {{ relations.accounts }}
    group by store

),

store_priors as (

    select *
    from {{ relations.budget_priors }}
    where account_id is null and country_code is null

),

complete_windows as (

    select
        asked_windows.store,
        asked_windows.since_day,
        asked_windows.until_day,
        max(store_priors.as_of_day) as as_of_day
    from asked_windows
    left join store_priors
        on
            asked_windows.store = store_priors.store
            and asked_windows.until_day >= store_priors.as_of_day
    group by
        asked_windows.store,
        asked_windows.since_day,
        asked_windows.until_day

),

-- Evidence reaches back over the prior days, and over the whole window where that is
-- longer.
windows as (

    select
        complete_windows.store,
        targets.reporting_currency,
        case
            when targets.target_roas is not null then 'configured'
            when store_priors.roas is not null then 'store_prior'
        end as target_source,
        -- Without a target of its own a store is measured against its own past.
        coalesce(cast(targets.target_roas as {{ type_double() }}), store_priors.roas)
            as target_roas,
        cast(targets.break_even_roas as {{ type_double() }}) as break_even_roas,
        store_priors.aov as store_aov,
        complete_windows.since_day,
        complete_windows.until_day,
        complete_windows.as_of_day,
        cast(
            {{ dbt.dateadd(
                "day", 1 - var("prior_days"), "complete_windows.as_of_day"
            ) }} as date
        ) as prior_since_day
    from complete_windows
    left join targets on complete_windows.store = targets.store
    left join store_priors
        on
            complete_windows.store = store_priors.store
            and complete_windows.as_of_day = store_priors.as_of_day

),

rows_by_unit as (

    select
        'campaign' as level,
        store,
        account_id,
        campaign_id,
        cast(null as {{ dbt.type_string() }}) as adset_id,
        cast(null as {{ dbt.type_string() }}) as country_code,
        attribution_setting,
        spend,
        spend_account_currency,
        purchases,
        purchase_value,
        is_partial_day,
        date_day
    from {{ relations.dashboard_daily }}

    union all

    select
        'campaign_country' as level,
        store,
        account_id,
        campaign_id,
        cast(null as {{ dbt.type_string() }}) as adset_id,
        country_code,
        attribution_setting,
        spend,
        spend_account_currency,
        purchases,
        purchase_value,
        is_partial_day,
        date_day
    from {{ relations.dashboard_daily }}
    where country_code not in ('ZZ', 'unknown')

    union all

    select
        'adset' as level,
        store,
        account_id,
        campaign_id,
        adset_id,
        cast(null as {{ dbt.type_string() }}) as country_code,
        attribution_setting,
        spend,
        spend_account_currency,
        purchases,
        purchase_value,
        is_partial_day,
        date_day
    from {{ relations.meta_level_totals }}
    where level = 'adset'

),

-- Evidence is what can be trusted as it stands: complete days, and rows with a rate.
-- A day still running counts in the raw numbers of the window only.
rows_in_reach as (

    select
        rows_by_unit.*,
        windows.since_day,
        windows.until_day,
        cast(rows_by_unit.spend as {{ type_double() }}) as exposure,
        cast(rows_by_unit.purchase_value as {{ type_double() }}) as order_value,
        power(
            0.5,
            ({{ dbt.datediff("rows_by_unit.date_day", "windows.as_of_day", "day") }})
            / {{ assumed.half_life_days }}.0
        ) as weight,
        rows_by_unit.date_day >= windows.since_day as is_in_window,
        rows_by_unit.spend is not null as has_rate,
        coalesce(
            rows_by_unit.spend is not null
            and not rows_by_unit.is_partial_day
            and rows_by_unit.date_day <= windows.as_of_day,
            false -- no complete day yet: nothing is evidence
        ) as is_evidence
    from rows_by_unit
    inner join windows
        on
            rows_by_unit.store = windows.store
            and rows_by_unit.date_day <= windows.until_day
            and (
                rows_by_unit.date_day >= windows.prior_since_day
                or rows_by_unit.date_day >= windows.since_day
            )

),

units as (

    select
        store,
        account_id,
        campaign_id,
        adset_id,
        level,
        country_code,
        since_day,
        until_day,

        case
            when
                min(case when is_in_window then attribution_setting end)
                <> max(case when is_in_window then attribution_setting end)
                then 'mixed'
            when
                count(case when is_in_window then attribution_setting end)
                = count(case when is_in_window then 1 end)
                then min(case when is_in_window then attribution_setting end)
        end as attribution_setting,
        sum(case when is_in_window then spend end) as spend,
        sum(case when is_in_window and has_rate then purchases end) as purchases,
        sum(case when is_in_window then purchase_value end) as purchase_value,
        count(distinct case when is_in_window and spend > 0 then date_day end)
            as active_days,
        count(case when is_in_window and not has_rate then 1 end) as unconvertible_rows,
        sum(case when is_in_window and not has_rate then spend_account_currency end)
            as unconvertible_spend_account_currency,
        max(case when is_in_window and is_partial_day then 1 else 0 end) = 1
            as has_partial_day,
        max(case when is_in_window then 1 else 0 end) = 1 as is_in_window,

        sum(case when is_in_window and is_evidence then spend end) as complete_spend,
        count(
            distinct case
                when is_in_window and is_evidence and spend > 0 then date_day
            end
        ) as complete_active_days,

        -- Sums over no evidence are truly nothing: 0, not unknown.
        coalesce(sum(case when is_evidence then exposure end), 0) as evidence_spend,
        greatest(coalesce(sum(case when is_evidence then weight * exposure end), 0), 0)
            as exposure,
        greatest(
            coalesce(
                sum(
                    case when is_evidence and is_in_window then weight * purchases end
                ),
                0
            ),
            0
        ) as window_purchases,
        greatest(
            coalesce(
                sum(
                    case
                        when is_evidence and not is_in_window then weight * purchases
                    end
                ),
                0
            ),
            0
        ) as history_purchases,
        greatest(
            coalesce(sum(case when is_evidence then weight * order_value end), 0), 0
        ) as order_value,

        -- For the spread of order values between days: days with a purchase alone.
        count(case when is_evidence and purchases > 0 then 1 end) as selling_days,
        sum(
            case
                when is_evidence and purchases > 0
                    then cast(purchases as {{ type_double() }})
            end
        ) as sold_purchases,
        sum(case when is_evidence and purchases > 0 then order_value end) as sold_value,
        sum(
            case
                when is_evidence and purchases > 0
                    then power(order_value, 2) / cast(purchases as {{ type_double() }})
            end
        ) as sold_squares
    from rows_in_reach
    group by
        store,
        account_id,
        campaign_id,
        adset_id,
        level,
        country_code,
        since_day,
        until_day

)
{%- endmacro %}
