-- Grain: no row. Makes the views explain_facts and explain_days of one snapshot and
-- of an export (explain_export.sql), as explain_facts.sql does of one snapshot. Rows of
-- both are given to both; three rules tell which count. 512: B leaves out ours that the
-- export lacks. 1024: A leaves out the export's that we lack. 2048: of what both have A
-- takes our numbers, B the export's. Accounts of which it has no campaign are left out,
-- their days too (explain_export_accounts.sql).
create or replace temporary view explain_facts as
with exported_keys as (

    select
        campaign_id,
        country_code,
        case when has_day then date_day end as date_day
    from explain_export

),

ours as (

    select
        facts.*,
        true as is_in_a,
        true as is_in_b,
        false as is_exported,
        3584 as source_bits_a,
        case when exported_keys.campaign_id is null then 3072 else 1536 end
            as source_bits_b
    from marts.explain_rows as facts
    left join exported_keys
        on
            facts.campaign_id = exported_keys.campaign_id
            and facts.country_code
            = coalesce(exported_keys.country_code, facts.country_code)
            and facts.date_day = coalesce(exported_keys.date_day, facts.date_day)
    cross join explain_exported_accounts as exported
    where exported.ids is null or list_contains(exported.ids, facts.account_id)

),

-- No status, day or country of theirs leaves a row out: it is what Ads Manager shows.
theirs as (

    select
        store,
        account_id,
        campaign_id,
        campaign_id as object_id,
        campaign_name,
        'campaign' as level,
        country_code,
        spend_account_currency,
        purchase_value_account_currency,
        impressions,
        clicks,
        link_clicks,
        outbound_clicks,
        landing_page_views,
        add_to_cart,
        checkouts_initiated,
        purchases,
        false as is_partial_day,
        true as is_active,
        true as was_active,
        true as is_campaign_active,
        true as was_campaign_active,
        date_day,
        true as is_in_a,
        true as is_in_b,
        true as is_exported,
        case when is_in_ours then 1536 else 2560 end as source_bits_a,
        3584 as source_bits_b
    from explain_export

)

select * from ours

union all by name

select * from theirs;

create or replace temporary view explain_days as
select
    account_days.store,
    account_days.account_id,
    true as is_in_a,
    false as is_in_b,
    account_days.date_day
from marts.account_days
cross join explain_exported_accounts as exported
where exported.ids is null or list_contains(exported.ids, account_days.account_id)

union all

-- What the export says is known, whatever we have read.
select
    store,
    account_id,
    false as is_in_a,
    true as is_in_b,
    date_day
from explain_export;
