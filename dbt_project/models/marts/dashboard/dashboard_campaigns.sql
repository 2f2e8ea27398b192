-- Grain: one row per store, account and campaign, as it is now. A campaign that has
-- metrics but was never listed is here too, its status unknown.
with objects as (

    select * from {{ ref("meta_objects") }}

),

insights as (

    select * from {{ ref("meta_insights") }}

),

store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

campaigns as (

    select *
    from objects
    where object_type = 'campaign'

),

measured as (

    select
        account_id,
        campaign_id,
        max(reported_campaign_name) as reported_campaign_name
    from insights
    where level = 'campaign' and is_total
    group by account_id, campaign_id

),

joined as (

    select
        store_accounts.store,
        store_accounts.account_id,
        coalesce(campaigns.object_id, measured.campaign_id) as campaign_id,
        coalesce(campaigns.object_name, measured.reported_campaign_name)
            as campaign_name,
        campaigns.status,
        campaigns.effective_status,
        campaigns.objective,
        store_accounts.account_currency,
        store_accounts.reporting_currency,
        campaigns.budget_level,
        cast(campaigns.daily_budget as decimal(18, 4)) as daily_budget,
        cast(campaigns.lifetime_budget as decimal(18, 4)) as lifetime_budget,
        -- Never listed is not known, and what is not known counts as active.
        cast(coalesce(campaigns.is_active, true) as boolean) as is_active,
        cast(coalesce(campaigns.is_present, false) as boolean) as is_present
    from campaigns
    full outer join measured
        on
            campaigns.account_id = measured.account_id
            and campaigns.object_id = measured.campaign_id
    inner join store_accounts
        on
            coalesce(campaigns.account_id, measured.account_id)
            = store_accounts.account_id

)

select * from joined
