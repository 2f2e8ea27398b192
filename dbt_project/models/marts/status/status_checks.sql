-- Grain: one row per store, account and check: why two numbers may differ, in the order
-- in which to look. How fresh the data is depends on the clock and is not here.
with store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

level_gaps as (

    select * from {{ ref("level_gaps") }}

),

insights as (

    select * from {{ ref("meta_insights") }}

),

campaigns as (

    select * from {{ ref("dashboard_campaigns") }}

),

objects as (

    select * from {{ ref("meta_objects") }}

),

minor_units as (

    select * from {{ ref("currency_minor_units") }}

),

-- The days both readers show by default, and some more.
recent as (

    select
        account_id,
        max(date_day) as newest_day,
        cast({{ dbt.dateadd("day", -29, "max(date_day)") }} as date) as oldest_day
    from visible_windows
    group by account_id

),

split_days as (

    select
        visible_windows.account_id,
        visible_windows.date_day
    from visible_windows
    inner join recent on visible_windows.account_id = recent.account_id
    where visible_windows.date_day >= recent.oldest_day
    group by visible_windows.account_id, visible_windows.date_day
    having
        count(distinct visible_windows.load_id) > 1
        or count(distinct visible_windows.level) < 4

),

not_comparable as (

    select
        account_id,
        count(*) as day_count
    from split_days
    group by account_id

),

gaps as (

    select
        level_gaps.account_id,
        count(*) as gap_count,
        count(distinct level_gaps.date_day) as day_count,
        sum(abs(level_gaps.spend_account_currency)) as spend,
        min(level_gaps.parent_level || ' ' || level_gaps.parent_id) as example
    from level_gaps
    inner join recent on level_gaps.account_id = recent.account_id
    left join split_days
        on
            level_gaps.account_id = split_days.account_id
            and level_gaps.date_day = split_days.date_day
    where
        level_gaps.date_day >= recent.oldest_day
        and split_days.account_id is null
    group by level_gaps.account_id

),

campaign_rows as (

    select insights.*
    from insights
    inner join recent on insights.account_id = recent.account_id
    where
        insights.level = 'campaign'
        and insights.date_day >= recent.oldest_day

),

countries as (

    select
        account_id,
        sum(case when is_total then spend_account_currency else 0 end) as total_spend,
        sum(case when not is_total then spend_account_currency else 0 end)
            as countries_spend,
        sum(case when country_code = 'ZZ' then spend_account_currency else 0 end)
            as residual_spend,
        sum(case when is_total and fx_status = 'missing' then 1 else 0 end)
            as rows_without_rate,
        sum(
            case
                when is_total and fx_status = 'missing' then spend_account_currency
                else 0
            end
        ) as spend_without_rate
    from campaign_rows
    group by account_id

),

statuses as (

    select
        campaign_rows.account_id,
        sum(
            case
                when campaigns.is_active then 0
                else campaign_rows.spend_account_currency
            end
        ) as hidden_spend,
        count(
            distinct case when not campaigns.is_active then campaigns.campaign_id end
        ) as hidden_campaigns,
        count(
            distinct case when campaigns.status is null then campaigns.campaign_id end
        ) as unlisted_campaigns
    from campaign_rows
    inner join campaigns
        on
            campaign_rows.account_id = campaigns.account_id
            and campaign_rows.campaign_id = campaigns.campaign_id
    where campaign_rows.is_total
    group by campaign_rows.account_id

),

hierarchy as (

    select
        account_id,
        sum(
            case
                when object_type <> 'campaign' and parent_name is null then 1
                else 0
            end
        ) as orphans,
        sum(case when object_name is null then 1 else 0 end) as nameless,
        sum(case when is_present then 0 else 1 end) as vanished,
        sum(
            case
                when object_type = 'campaign' and budget_level <> 'none' then 1
                else 0
            end
        ) as budgeted_campaigns,
        min(
            case
                when object_type <> 'campaign' and parent_name is null
                    then object_type || ' ' || object_id
            end
        ) as example,
        count(*) as object_count
    from objects
    group by account_id

),

-- No rows is not zero differences: an account that was never read has no verdict.
-- Casts fix the places that an amount is written with.
facts as (

    select
        store_accounts.store,
        store_accounts.account_id,
        store_accounts.account_name,
        store_accounts.account_currency,
        minor_units.minor_unit,
        recent.oldest_day,
        recent.newest_day,
        coalesce(gaps.gap_count, 0) as gap_count,
        coalesce(gaps.day_count, 0) as gap_days,
        cast(coalesce(gaps.spend, 0) as decimal(38, 4)) as gap_spend,
        gaps.example as gap_example,
        coalesce(not_comparable.day_count, 0) as split_days,
        cast(coalesce(countries.total_spend, 0) as decimal(38, 4)) as total_spend,
        cast(coalesce(countries.countries_spend, 0) as decimal(38, 4))
            as countries_spend,
        cast(coalesce(countries.residual_spend, 0) as decimal(38, 4)) as residual_spend,
        coalesce(countries.rows_without_rate, 0) as rows_without_rate,
        cast(coalesce(countries.spend_without_rate, 0) as decimal(38, 4))
            as spend_without_rate,
        cast(coalesce(statuses.hidden_spend, 0) as decimal(38, 4)) as hidden_spend,
        coalesce(statuses.hidden_campaigns, 0) as hidden_campaigns,
        coalesce(statuses.unlisted_campaigns, 0) as unlisted_campaigns,
        coalesce(hierarchy.orphans, 0) as orphans,
        coalesce(hierarchy.nameless, 0) as nameless,
        coalesce(hierarchy.vanished, 0) as vanished,
        coalesce(hierarchy.budgeted_campaigns, 0) as budgeted_campaigns,
        coalesce(hierarchy.object_count, 0) as object_count,
        hierarchy.example as orphan_example
    from store_accounts
    left join recent on store_accounts.account_id = recent.account_id
    left join gaps on store_accounts.account_id = gaps.account_id
    left join not_comparable on store_accounts.account_id = not_comparable.account_id
    left join countries on store_accounts.account_id = countries.account_id
    left join statuses on store_accounts.account_id = statuses.account_id
    left join hierarchy on store_accounts.account_id = hierarchy.account_id
    left join minor_units on store_accounts.account_currency = minor_units.currency

),

checks as (

    select
        store,
        account_id,
        'level_parity' as check_name,
        case
            when newest_day is null then 'not_comparable'
            when gap_count > 0 then 'fail'
            when split_days > 0 then 'not_comparable'
            else 'ok'
        end as verdict,
        case
            when newest_day is null then 'Nothing was read yet.'
            when gap_count > 0
                then
                    gap_count || ' sums of children differ from their parent on '
                    || gap_days || ' days since ' || oldest_day || ', by '
                    || gap_spend || ' ' || account_currency || ' of spend; first: '
                    || gap_example || '.'
            when split_days > 0
                then
                    split_days || ' days since ' || oldest_day
                    || ' have levels that were not read in one load.'
            else
                'Ads, ad sets, campaigns and account agree on every day since '
                || oldest_day || '.'
        end as evidence,
        case
            when gap_count > 0
                then
                    'Read these days again: pathways sync --since --until.'
                    || ' See marts.level_gaps.'
            when split_days > 0 then 'The next runs read them together.'
        end as fix
    from facts

    union all

    select
        store,
        account_id,
        'country_conservation' as check_name,
        case
            when newest_day is null then 'not_comparable'
            when total_spend <> countries_spend then 'fail'
            else 'ok'
        end as verdict,
        case
            when newest_day is null then 'Nothing was read yet.'
            else
                'Countries add up to ' || countries_spend || ' of ' || total_spend
                || ' ' || account_currency || ' since ' || oldest_day || '; '
                || residual_spend || ' of it Meta gave to no country (ZZ).'
        end as evidence,
        case
            when total_spend <> countries_spend
                then 'Run: pathways build --full-refresh.'
        end as fix
    from facts

    union all

    select
        store,
        account_id,
        'currency_coverage' as check_name,
        case
            when newest_day is null then 'not_comparable'
            when rows_without_rate > 0 then 'fail'
            else 'ok'
        end as verdict,
        case
            when newest_day is null then 'Nothing was read yet.'
            when rows_without_rate > 0
                then
                    rows_without_rate || ' campaign days since ' || oldest_day
                    || ' have no exchange rate; ' || spend_without_rate || ' '
                    || account_currency || ' of spend are left out of converted sums.'
            else 'Every amount since ' || oldest_day || ' has an exchange rate.'
        end as evidence,
        case
            when rows_without_rate > 0
                then
                    'Check sources.fx in the configuration, or add a peg to'
                    || ' currency_pegs.csv.'
        end as fix
    from facts

    union all

    select
        store,
        account_id,
        'budget_unit' as check_name,
        case when minor_unit is null then 'warn' else 'ok' end as verdict,
        case
            when minor_unit is null
                then
                    'The minor unit of ' || account_currency || ' is not known: '
                    || budgeted_campaigns || ' campaigns of account '
                    || coalesce(account_name || ' (' || account_id || ')', account_id)
                    || ' have budgets that are left empty.'
            else 'Budgets are in units of ' || account_currency || '.'
        end as evidence,
        case
            when minor_unit is null
                then
                    'Add ' || account_currency || ' to seed currency_minor_units, from'
                    || ' Meta''s page on currencies.'
        end as fix
    from facts

    union all

    select
        store,
        account_id,
        'status_mix' as check_name,
        case
            when newest_day is null then 'not_comparable'
            when hidden_spend <> 0 or unlisted_campaigns > 0 then 'warn'
            else 'ok'
        end as verdict,
        case
            when newest_day is null then 'Nothing was read yet.'
            else
                'Since ' || oldest_day || ', ' || hidden_campaigns
                || ' campaigns that are not active now spent ' || hidden_spend
                || ' ' || account_currency || '; the dashboard hides them by default,'
                || ' AI Budget counts them. ' || unlisted_campaigns
                || ' campaigns were never listed.'
        end as evidence,
        case
            when hidden_spend <> 0 then 'Compare with include_inactive=true.'
        end as fix
    from facts

    union all

    select
        store,
        account_id,
        'hierarchy' as check_name,
        case
            when object_count = 0 and newest_day is null then 'not_comparable'
            when orphans > 0 or nameless > 0 then 'fail'
            else 'ok'
        end as verdict,
        case
            when object_count = 0 then 'The account lists no objects.'
            when orphans > 0 or nameless > 0
                then
                    orphans || ' of ' || object_count
                    || ' objects have no known parent ('
                    || coalesce(orphan_example, 'none') || ' first), ' || nameless
                    || ' have no name.'
            else
                'All ' || object_count || ' objects have a name and a known parent; '
                || vanished || ' are no longer listed.'
        end as evidence,
        case
            when orphans > 0 or nameless > 0
                then 'The daily whole listing finds parents; see marts.object_tree.'
        end as fix
    from facts

)

select * from checks
