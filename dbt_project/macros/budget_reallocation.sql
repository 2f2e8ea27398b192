{#
    The same total spend shared out anew over active campaigns, as CTEs that follow a
    CTE `budget_rows`. Returns diminish with an elasticity below 1, so the best shares
    follow ROAS to the power 1 / (1 - elasticity), held between bounds. The total at a
    level of spending is a line with a bend at each campaign's bounds: the level that
    keeps the total lies on the line between two bends, found exactly.

    Ends in `budget_reallocation`, one row a campaign, and `reallocation_totals`.
#}
{% macro budget_reallocation() -%}
{%- set assumed = budget_assumptions() -%}
{%- set lowest = assumed.lowest_multiple -%}
{%- set highest = assumed.highest_multiple -%}
{%- set multiple -%}
least(greatest(levels.level * movable.pull, {{ lowest }}), {{ highest }})
{%- endset -%}
running as (

    select
        *,
        coalesce(is_active and daily_spend > 0 and posterior_roas > 0, false)
            as is_movable -- without an estimate it keeps what it has
    from budget_rows
    where level = 'campaign'

),

-- Relative to the best campaign, so that the power neither overflows nor vanishes.
movable as (

    select
        *,
        cast(daily_spend as double) as money,
        power(
            posterior_roas / max(posterior_roas) over (partition by store),
            1 / (1 - {{ assumed.elasticity }})
        ) as pull
    from running
    where is_movable

),

levels as (

    select
        store,
        {{ lowest }} / pull as level
    from movable

    union

    select
        store,
        {{ highest }} / pull as level
    from movable

),

spent_at_levels as (

    select
        levels.store,
        levels.level,
        sum(movable.money * {{ multiple }}) as spent
    from levels
    inner join movable on levels.store = movable.store
    group by levels.store, levels.level

),

totals as (

    select
        store,
        sum(daily_spend) as total,
        sum(money) as money
    from movable
    group by store

),

brackets as (

    select
        spent_at_levels.store,
        max(case when spent <= totals.money then level end) as level_below,
        max(case when spent <= totals.money then spent end) as spent_below,
        min(case when spent > totals.money then level end) as level_above,
        min(case when spent > totals.money then spent end) as spent_above,
        max(totals.total) as total,
        max(totals.money) as money
    from spent_at_levels
    inner join totals on spent_at_levels.store = totals.store
    group by spent_at_levels.store

),

solved as (

    select
        store,
        total,
        coalesce(
            level_below
            + (level_above - level_below)
            * (money - spent_below) / (spent_above - spent_below),
            level_below -- at its last bend all campaigns are at their upper bound
        ) as level
    from brackets

),

shared_out as (

    select
        movable.*,
        levels.total,
        {{ multiple }} as multiple
    from movable
    inner join solved as levels on movable.store = levels.store

),

bounded as (

    select
        *,
        case
            when multiple <= {{ lowest }} + 1e-9 then 'lowest'
            when multiple >= {{ highest }} - 1e-9 then 'highest'
        end as active_bound,
        cast(money * multiple as decimal(18, 4)) as rounded_spend
    from shared_out

),

-- What rounding leaves over goes to the largest campaign that no bound holds.
ordered as (

    select
        *,
        total - sum(rounded_spend) over (partition by store) as left_over,
        row_number() over (
            partition by store
            order by
                case when active_bound is null then 0 else 1 end,
                daily_spend desc,
                campaign_id
        ) as place
    from bounded

),

budget_reallocation as (

    select
        cast(running.store as varchar) as store,
        cast(running.account_id as varchar) as account_id,
        cast(running.campaign_id as varchar) as campaign_id,

        cast(running.campaign_name as varchar) as campaign_name,
        cast(running.reporting_currency as varchar) as reporting_currency,
        cast(ordered.active_bound as varchar) as active_bound,
        cast(
            case
                when running.is_movable then null
                when not running.is_active then 'not_active'
                when coalesce(running.daily_spend, 0) <= 0 then 'no_complete_spend'
                else 'no_estimate'
            end as varchar
        ) as left_out_reason,

        cast(running.posterior_roas as double) as posterior_roas,
        cast(round(ordered.multiple, 6) as double) as multiple,
        cast(running.daily_spend as decimal(18, 4)) as daily_spend,
        cast(
            ordered.rounded_spend
            + case
                when ordered.place = 1 and abs(ordered.left_over) < 0.01
                    then ordered.left_over
                else 0
            end as decimal(18, 4)
        ) as proposed_daily_spend,
        cast(
            round(
                {{ assumed.elasticity }} * running.posterior_roas
                * power(ordered.multiple, {{ assumed.elasticity }} - 1),
                6
            ) as double
        ) as proposed_marginal_roas,
        cast(running.daily_spend * running.posterior_roas as decimal(18, 4))
            as expected_daily_value,
        cast(
            running.daily_spend * running.posterior_roas
            * power(ordered.multiple, {{ assumed.elasticity }})
            as decimal(18, 4)
        ) as proposed_daily_value
    from running
    left join ordered
        on
            running.account_id = ordered.account_id
            and running.campaign_id = ordered.campaign_id

),

reallocation_totals as (

    select
        store,

        max(reporting_currency) as reporting_currency,
        'attributed, with returns that diminish at one elasticity for all campaigns'
            as meaning,

        count(proposed_daily_spend) as campaigns_moved,
        count(left_out_reason) as campaigns_left_out,
        count(case when active_bound = 'lowest' then 1 end) as campaigns_at_lowest,
        count(case when active_bound = 'highest' then 1 end) as campaigns_at_highest,
        cast({{ lowest }} as double) as lowest_multiple,
        cast({{ highest }} as double) as highest_multiple,
        cast({{ assumed.elasticity }} as double) as elasticity,
        cast(
            sum(case when left_out_reason is null then daily_spend end)
            as decimal(18, 4)
        ) as total_daily_spend,
        cast(sum(proposed_daily_spend) as decimal(18, 4)) as proposed_total_daily_spend,
        cast(
            sum(case when left_out_reason is null then daily_spend end)
            - sum(proposed_daily_spend)
            as decimal(18, 4)
        ) as unallocated_daily_spend,
        cast(
            sum(case when left_out_reason is null then expected_daily_value end)
            as decimal(18, 4)
        ) as expected_daily_value,
        cast(sum(proposed_daily_value) as decimal(18, 4)) as proposed_daily_value
    from budget_reallocation
    group by store

)
{%- endmacro %}
