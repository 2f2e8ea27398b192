{#
    Prior and own evidence brought together, as CTEs that follow those of
    `budget_pooling`. Ends in `posteriors`: one row per window and unit, with the rate
    (purchases per unit of spend), order value and ROAS to expect and their shapes.
#}
{% macro budget_posterior() -%}
{%- set assumed = budget_assumptions() -%}
cell_weights as (

    select
        *,
        case
            when sum(exposure) over whole_campaign > 0
                then exposure / sum(exposure) over whole_campaign
            else 1.0 / count(*) over whole_campaign
        end as share
    from cell_priors
    window whole_campaign as (partition by account_id, campaign_id)

),

-- A campaign is expected to do what its countries do, its own data left out of each.
country_mixes as (

    select
        account_id,
        campaign_id,
        sum(share * country_factor) as country_factor,
        sum(power(share, 2)) as concentration,
        sum(power(share, 2) * country_uncertainty) as country_uncertainty,
        sum(share * country_order_value) as country_order_value,
        sum(power(share, 2) * country_order_variance) as country_order_variance
    from cell_weights
    group by account_id, campaign_id

),

campaign_mixes as (

    select
        units.*,
        units.history_purchases + units.window_purchases as own_purchases,
        store_rates.campaign_rate as store_rate,
        store_rates.spread,
        -- Without a known country the store alone speaks, with a country's doubt.
        coalesce(country_mixes.country_factor, 1) as country_factor,
        coalesce(country_mixes.concentration, 1) as concentration,
        coalesce(country_mixes.country_uncertainty, {{ assumed.country_variance }})
            as country_uncertainty,
        coalesce(
            country_mixes.country_order_value
            * store_rates.campaign_order_value / store_rates.cell_order_value,
            store_rates.campaign_order_value
        ) as prior_order_value,
        coalesce(
            country_mixes.country_order_variance,
            {{ assumed.order_value_country_variance }}
        ) as country_order_variance
    from units
    inner join store_rates on units.store = store_rates.store
    left join country_mixes
        on
            units.account_id = country_mixes.account_id
            and units.campaign_id = country_mixes.campaign_id
    where units.level = 'campaign'

),

campaign_priors as (

    select
        *,
        store_rate * country_factor as prior_rate,
        1 / (
            {{ assumed.campaign_variance }}
            + {{ assumed.cell_variance }} * concentration
            + country_uncertainty
        ) as strength,
        {{ assumed.order_value_campaign_variance }}
        + {{ assumed.order_value_cell_variance }} * concentration
        + country_order_variance as order_value_variance
    from campaign_mixes

),

-- An ad set's parent is its campaign without the ad set's own spend and purchases.
adset_parents as (

    select
        units.*,
        units.history_purchases + units.window_purchases as own_purchases,
        campaign_priors.store_rate,
        campaign_priors.spread,
        campaign_priors.country_factor,
        campaign_priors.strength
        + greatest(
            campaign_priors.own_purchases
            - units.history_purchases - units.window_purchases,
            0
        ) as parent_shape,
        campaign_priors.strength / campaign_priors.prior_rate
        + greatest(campaign_priors.exposure - units.exposure, 0) as parent_exposure,
        (
            greatest(campaign_priors.order_value - units.order_value, 0)
            + campaign_priors.spread / campaign_priors.order_value_variance
            * campaign_priors.prior_order_value
        ) / (
            greatest(
                campaign_priors.own_purchases
                - units.history_purchases - units.window_purchases,
                0
            )
            + campaign_priors.spread / campaign_priors.order_value_variance
        ) as prior_order_value,
        {{ assumed.order_value_cell_variance }} + 1 / (
            1 / campaign_priors.order_value_variance
            + greatest(
                campaign_priors.own_purchases
                - units.history_purchases - units.window_purchases,
                0
            ) / campaign_priors.spread
        ) as order_value_variance
    from units
    inner join campaign_priors
        on
            units.account_id = campaign_priors.account_id
            and units.campaign_id = campaign_priors.campaign_id
    where units.level = 'adset'

),

priors_by_unit as (

    select
        'campaign' as level,
        account_id,
        campaign_id,
        cast(null as {{ dbt.type_string() }}) as adset_id,
        cast(null as {{ dbt.type_string() }}) as country_code,
        store_rate,
        country_factor,
        1.0 as campaign_factor,
        strength,
        prior_order_value,
        order_value_variance,
        spread
    from campaign_priors

    union all

    select
        'campaign_country' as level,
        cell_priors.account_id,
        cell_priors.campaign_id,
        cast(null as {{ dbt.type_string() }}) as adset_id,
        cell_priors.country_code,
        cell_priors.cell_rate as store_rate,
        cell_priors.country_factor,
        cell_priors.campaign_factor,
        1 / (
            {{ assumed.cell_variance }}
            + cell_priors.campaign_uncertainty
            + cell_priors.country_uncertainty
        ) as strength,
        cell_priors.prior_order_value,
        cell_priors.order_value_variance,
        store_rates.spread
    from cell_priors
    inner join store_rates on cell_priors.store = store_rates.store

    union all

    select
        'adset' as level,
        account_id,
        campaign_id,
        adset_id,
        cast(null as {{ dbt.type_string() }}) as country_code,
        store_rate,
        country_factor,
        parent_shape / parent_exposure / (store_rate * country_factor)
            as campaign_factor,
        1 / ({{ assumed.adset_variance }} + 1 / parent_shape) as strength,
        prior_order_value,
        order_value_variance,
        spread
    from adset_parents

),

evidenced as (

    select
        units.*,
        units.history_purchases + units.window_purchases as own_purchases,
        priors_by_unit.store_rate,
        priors_by_unit.country_factor,
        priors_by_unit.campaign_factor,
        priors_by_unit.store_rate
        * priors_by_unit.country_factor
        * priors_by_unit.campaign_factor as prior_rate,
        priors_by_unit.strength,
        priors_by_unit.prior_order_value,
        priors_by_unit.order_value_variance,
        priors_by_unit.spread
    from units
    left join priors_by_unit
        on
            units.level = priors_by_unit.level
            and units.account_id = priors_by_unit.account_id
            and units.campaign_id = priors_by_unit.campaign_id
            and units.adset_id is not distinct from priors_by_unit.adset_id
            and units.country_code is not distinct from priors_by_unit.country_code
    where units.is_in_window

),

means as (

    select
        *,
        strength / (strength + exposure * prior_rate) as prior_weight,
        (strength + own_purchases) / (strength / prior_rate + exposure) as rate,
        strength + own_purchases as rate_shape,
        (order_value + spread / order_value_variance * prior_order_value)
        / (own_purchases + spread / order_value_variance) as order_value_mean,
        1 / (1 / order_value_variance + own_purchases / spread)
            as order_value_uncertainty
    from evidenced

),

-- The days to come differ from the rate by more than chance alone: the forecast
-- variance. The quantiles' approximation needs a shape of at least 1.
posteriors as (

    select
        *,
        rate * order_value_mean as mean_roas,
        greatest(1 / (1 / rate_shape + {{ assumed.forecast_variance }}), 1)
            as cac_shape,
        greatest(
            1 / (
                1 / rate_shape
                + {{ assumed.forecast_variance }}
                + order_value_uncertainty
            ),
            1
        ) as roas_shape
    from means

)
{%- endmacro %}
