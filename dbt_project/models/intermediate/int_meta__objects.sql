-- Grain: one row per account, object type, object and version, with its place in the
-- hierarchy, budgets in major units and whether it counts as active.
with versions as (

    select * from {{ ref("int_meta__object_versions") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

minor_units as (

    select * from {{ ref("currency_minor_units") }}

),

effective_statuses as (

    select * from {{ ref("effective_statuses") }}

),

current_versions as (

    select *
    from versions
    where valid_to is null

),

-- The campaign of an ad set that carries a budget: then the budget is the campaign's.
budgets as (

    select
        account_id,
        case when object_type = 'campaign' then object_id else parent_id end
            as campaign_id,
        max(
            case
                when
                    object_type = 'campaign'
                    and coalesce(
                        nullif(daily_budget_minor_units, '0'),
                        nullif(lifetime_budget_minor_units, '0')
                    ) is not null
                    then 1
                else 0
            end
        ) as on_campaign,
        max(
            case
                when
                    object_type = 'adset'
                    and coalesce(
                        nullif(daily_budget_minor_units, '0'),
                        nullif(lifetime_budget_minor_units, '0')
                    ) is not null
                    then 1
                else 0
            end
        ) as on_adsets
    from current_versions
    where object_type in ('campaign', 'adset')
    group by
        account_id,
        case when object_type = 'campaign' then object_id else parent_id end

),

placed as (

    select
        store_accounts.store,
        versions.account_id,
        versions.object_id,
        versions.parent_id,
        versions.grandparent_id,
        versions.load_id,

        versions.object_type,
        versions.object_name,
        parents.object_name as parent_name,
        grandparents.object_name as grandparent_name,
        versions.objective,
        versions.optimization_goal,
        versions.bid_strategy,
        versions.attribution_spec,
        versions.status,
        versions.effective_status,
        store_accounts.account_currency,
        case
            when budgets.on_campaign = 1 and budgets.on_adsets = 1 then 'mixed'
            when budgets.on_campaign = 1 then 'campaign'
            when budgets.on_adsets = 1 then 'adset'
            else 'none'
        end as budget_level,

        {{ budget_in_major_units(
            "versions.daily_budget_minor_units", "minor_units.minor_unit"
        ) }} as daily_budget,
        {{ budget_in_major_units(
            "versions.lifetime_budget_minor_units", "minor_units.minor_unit"
        ) }} as lifetime_budget,

        -- A status that is unknown counts as active; an object that Meta no longer
        -- lists cannot deliver.
        coalesce(effective_statuses.is_active, true) and versions.is_present
            as is_active,
        versions.is_present,

        versions.created_at,
        versions.start_at,
        versions.stop_at,
        versions.first_seen_at,
        versions.valid_from,
        versions.valid_to
    from versions
    inner join store_accounts on versions.account_id = store_accounts.account_id
    left join minor_units on store_accounts.account_currency = minor_units.currency
    left join effective_statuses
        on versions.effective_status = effective_statuses.effective_status
    left join current_versions as parents
        on
            versions.account_id = parents.account_id
            and versions.parent_id = parents.object_id
            and versions.object_type <> parents.object_type
    left join current_versions as grandparents
        on
            versions.account_id = grandparents.account_id
            and versions.grandparent_id = grandparents.object_id
            and grandparents.object_type = 'campaign'
    left join budgets
        on
            versions.account_id = budgets.account_id
            and case versions.object_type
                when 'campaign' then versions.object_id
                when 'adset' then versions.parent_id
                else versions.grandparent_id
            end = budgets.campaign_id

)

select * from placed
