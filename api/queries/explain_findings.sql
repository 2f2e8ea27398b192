-- Grain: one row per check and thing that it found in the days, country and campaigns
-- asked for, but in no account left out, the largest first, `row_limit` of each;
-- `found_count` counts all of them.
with facts as not materialized (

    select *
    from marts.explain_rows
    where
        store = $store
        and not list_contains(cast($left_out as varchar[]), account_id)
        and level = 'campaign'
        and date_day between cast($first_day as date) and cast($last_day as date)
        and (cast($country as varchar) is null or country_code = $country)
        and (
            cast($campaign_ids as varchar[]) is null
            or list_contains(cast($campaign_ids as varchar[]), campaign_id)
        )

),

-- A gap is of an object's whole day: no country narrows it.
gaps as (

    select
        'level_gaps' as check_name,
        account_id,
        parent_id as object_id,
        child_level as level,
        cast(null as varchar) as object_name,
        cause,
        spend_account_currency,
        purchases,
        date_day
    from marts.level_gaps
    where
        store = $store
        and not list_contains(cast($left_out as varchar[]), account_id)
        and date_day between cast($first_day as date) and cast($last_day as date)
        and (
            cast($campaign_ids as varchar[]) is null
            or list_contains(cast($campaign_ids as varchar[]), parent_id)
        )

),

vanished as (

    select
        'vanished_objects' as check_name,
        facts.account_id,
        facts.object_id,
        'campaign' as level,
        max(listed.object_name) as object_name,
        'not_listed' as cause,
        sum(facts.spend_account_currency) as spend_account_currency,
        sum(facts.purchases) as purchases,
        max(facts.date_day) as date_day
    from facts
    inner join marts.object_tree as listed
        on
            facts.account_id = listed.account_id
            and facts.object_id = listed.object_id
            and facts.store = listed.store
            and listed.object_type = 'campaign'
    where not listed.is_present
    group by facts.account_id, facts.object_id

),

unconverted as (

    select
        'currency_coverage' as check_name,
        account_id,
        cast(null as varchar) as object_id,
        'campaign' as level,
        account_currency as object_name,
        'no_rate' as cause,
        sum(spend_account_currency) as spend_account_currency,
        sum(purchases) as purchases,
        date_day
    from facts
    where spend is null
    group by account_id, account_currency, date_day

),

unioned as (

    select * from gaps

    union all

    select * from vanished

    union all

    select * from unconverted

),

ranked as (

    select
        *,
        count(*) over (partition by check_name) as found_count,
        row_number() over (
            partition by check_name
            order by
                abs(spend_account_currency) desc,
                abs(purchases) desc,
                date_day desc,
                account_id asc,
                object_id asc,
                level asc
        ) as found_rank
    from unioned

)

select * from ranked
where found_rank <= $row_limit
order by check_name, found_rank
