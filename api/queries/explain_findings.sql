-- Grain: one row per check and thing that it found in the days, country and campaigns
-- asked for, the largest first, `row_limit` of each; `found_count` counts all of them.
with given as not materialized (

    select *
    from explain_facts
    where
        store = $store
        and level = 'campaign'
        and date_day between cast($first_day as date) and cast($last_day as date)
        and (cast($country as varchar) is null or country_code = $country)
        and (
            cast($campaign_ids as varchar[]) is null
            or list_contains(cast($campaign_ids as varchar[]), campaign_id)
        )

),

facts as not materialized (

    select *
    from given
    where is_in_b and not is_exported

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

read_in_both as (

    select
        account_id,
        date_day
    from explain_days
    where store = $store
    group by account_id, date_day
    having bool_or(is_in_a) and bool_or(is_in_b)

),

-- What is the same in both snapshots is one row of both.
signed as (

    select
        given.account_id,
        given.object_id,
        given.campaign_name,
        given.country_code,
        case when given.is_in_b then 1 else -1 end as sign,
        given.spend,
        given.purchase_value,
        given.spend_account_currency,
        given.purchase_value_account_currency,
        given.purchases,
        given.impressions,
        given.clicks,
        given.link_clicks,
        given.outbound_clicks,
        given.landing_page_views,
        given.add_to_cart,
        given.checkouts_initiated,
        given.date_day
    from given
    inner join read_in_both
        on
            given.account_id = read_in_both.account_id
            and given.date_day = read_in_both.date_day
    where given.is_in_a <> given.is_in_b

),

changes as (

    select
        account_id,
        object_id,
        max(campaign_name) as object_name,
        sum(sign * spend_account_currency) as spend_account_currency,
        sum(sign * purchases) as purchases,
        sum(sign * spend_account_currency) <> 0
        or sum(sign * purchase_value_account_currency) <> 0
        or sum(sign * purchases) <> 0
        or sum(sign * impressions) <> 0
        or sum(sign * clicks) <> 0
        or sum(sign * link_clicks) <> 0
        or sum(sign * outbound_clicks) <> 0
        or sum(sign * landing_page_views) <> 0
        or sum(sign * add_to_cart) <> 0
        or sum(sign * checkouts_initiated) <> 0 as is_read_again,
        sum(sign * spend) <> 0
        or sum(sign * purchase_value) <> 0 as is_converted_anew,
        date_day
    from signed
    group by account_id, object_id, country_code, date_day

),

restated as (

    select
        'restatements' as check_name,
        account_id,
        object_id,
        'campaign' as level,
        max(object_name) as object_name,
        case when bool_or(is_read_again) then 'read_again' else 'other_rate' end
            as cause,
        sum(spend_account_currency) as spend_account_currency,
        sum(purchases) as purchases,
        date_day
    from changes
    where is_read_again or is_converted_anew
    group by account_id, object_id, date_day

),

unioned as (

    select * from gaps

    union all

    select * from vanished

    union all

    select * from unconverted

    union all

    select * from restated

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
