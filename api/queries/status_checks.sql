-- Grain: one row per check of a store or account.
select
    store,
    account_id,
    check_name,
    verdict,
    evidence,
    fix
from marts.status_checks
where cast($store as varchar) is null or store = $store
order by store, account_id, check_name
