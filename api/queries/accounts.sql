-- Grain: one row per account, of one store or of all that the caller may see.
select
    store,
    account_id,
    account_name,
    account_currency,
    reporting_currency,
    timezone_name,
    account_status,
    target_roas,
    break_even_roas,
    first_day,
    newest_day,
    newest_complete_day,
    cast(timezone(timezone_name, cast($now as timestamptz)) as date) as today,
    created_at
from marts.accounts
where
    (cast($store as varchar) is null or store = $store)
    and (
        cast($visible_stores as varchar[]) is null
        or list_contains(cast($visible_stores as varchar[]), store)
    )
order by store, account_id
