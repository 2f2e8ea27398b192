-- Grain: one row per store that the caller may see, of one or of all.
with accounts as (

    select *
    from marts.accounts
    where
        (cast($store as varchar) is null or store = $store)
        and (
            cast($visible_stores as varchar[]) is null
            or list_contains(cast($visible_stores as varchar[]), store)
        )

),

stores as (

    select
        store,
        any_value(reporting_currency) as reporting_currency,
        list(distinct timezone_name order by timezone_name) filter (
            where timezone_name is not null
        ) as timezones,
        list(account_id order by account_id) as account_ids,
        any_value(target_roas) as target_roas,
        any_value(break_even_roas) as break_even_roas,
        min(first_day) as first_day,
        max(newest_day) as newest_day,
        -- An account without a reading leaves the store without a day that all have.
        case when count(newest_day) = count(*) then min(newest_day) end as data_through,
        case
            when count(newest_complete_day) = count(*) then min(newest_complete_day)
        end as newest_complete_day
    from accounts
    group by store

)

select * from stores
order by store
