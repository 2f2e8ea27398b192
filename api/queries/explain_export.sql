-- Grain: no row. Makes the table explain_export: one row per campaign, day and country
-- of an export, with its account and whether our rows of these days have the same. An
-- export that does not split by day or country has null there.
create or replace temporary table explain_export as
with exported as (

    select
        unnest(cast($exported_campaign_id as varchar[])) as campaign_id,
        unnest(cast($exported_campaign_name as varchar[])) as campaign_name,
        unnest(cast($exported_countries as varchar[])) as country_code,
        unnest(cast($exported_spend as decimal(18, 4)[])) as spend_account_currency,
        unnest(cast($exported_purchase_value as decimal(18, 4)[]))
            as purchase_value_account_currency,
        unnest(cast($exported_impressions as bigint[])) as impressions,
        unnest(cast($exported_clicks as bigint[])) as clicks,
        unnest(cast($exported_link_clicks as bigint[])) as link_clicks,
        unnest(cast($exported_outbound_clicks as bigint[])) as outbound_clicks,
        unnest(cast($exported_landing_page_views as bigint[])) as landing_page_views,
        unnest(cast($exported_add_to_cart as bigint[])) as add_to_cart,
        unnest(cast($exported_checkouts_initiated as bigint[])) as checkouts_initiated,
        unnest(cast($exported_purchases as bigint[])) as purchases,
        unnest(cast($exported_days as date[])) as date_day

),

ours as (

    select
        campaign_id,
        case when $has_countries then country_code end as country_code,
        case when $has_days then date_day end as date_day
    from marts.explain_rows
    where
        store = $store
        and level = 'campaign'
        and date_day between cast($since as date) and cast($until as date)
    group by
        campaign_id,
        case when $has_countries then country_code end,
        case when $has_days then date_day end

),

-- Where it is known, whose campaign it is: a campaign is of one account.
accounts as (

    select
        object_id as campaign_id,
        min(account_id) as account_id
    from marts.object_tree
    where store = $store and object_type = 'campaign'
    group by object_id

    union

    select
        campaign_id,
        min(account_id) as account_id
    from marts.explain_rows
    where store = $store and level = 'campaign'
    group by campaign_id

),

matched as (

    select
        $store as store,
        accounts.account_id,
        exported.*,
        ours.campaign_id is not null as is_in_ours
    from exported
    left join accounts on exported.campaign_id = accounts.campaign_id
    left join ours
        on
            exported.campaign_id = ours.campaign_id
            and exported.country_code is not distinct from ours.country_code
            and exported.date_day is not distinct from ours.date_day

)

select
    * exclude (date_day),
    -- Of a whole window: its last day stands for it.
    coalesce(date_day, cast($until as date)) as date_day,
    date_day is not null as has_day
from matched
