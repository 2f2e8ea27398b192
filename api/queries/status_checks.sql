-- Grain: one row per check of a store or account that the caller may see.
select
    store,
    account_id,
    check_name,
    verdict,
    evidence,
    fix
from marts.status_checks
where
    (cast($store as varchar) is null or store = $store)
    and (
        cast($visible_stores as varchar[]) is null
        or list_contains(cast($visible_stores as varchar[]), store)
    )
order by store, account_id, check_name
