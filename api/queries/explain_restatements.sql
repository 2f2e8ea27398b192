-- Grain: one row per campaign and day of those compared that has other numbers in B's
-- snapshot than in A's, the largest first, `row_limit` of them; `found_count` counts
-- all. Only days that both have read: those of B alone are new, not other.
with read_in_both as (

    select
        one.account_id,
        one.date_day
    from a.marts.account_days as one
    inner join b.marts.account_days as other
        on
            one.store = other.store
            and one.account_id = other.account_id
            and one.date_day = other.date_day
    where one.store = $store

),

signed as (

    select
        *,
        -1 as sign
    from a.marts.explain_rows

    union all

    select
        *,
        1 as sign
    from b.marts.explain_rows

),

asked as (

    select *
    from signed
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

compared as (

    select asked.*
    from asked
    inner join read_in_both
        on
            asked.account_id = read_in_both.account_id
            and asked.date_day = read_in_both.date_day

),

-- By country, since one may have lost what another gained.
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
    from compared
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

ranked as (

    select
        *,
        count(*) over () as found_count,
        row_number() over (
            order by
                abs(spend_account_currency) desc,
                abs(purchases) desc,
                date_day desc,
                account_id asc,
                object_id asc
        ) as found_rank
    from restated

)

select * from ranked
where found_rank <= $row_limit
order by found_rank
