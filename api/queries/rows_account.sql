-- Grain: one row per store, account and day, without a country, oldest day first, from
-- behind the cursor's row on.
select *
from core.meta_level_totals
where
    store = $store
    and date_day between cast($since as date) and cast($until as date)
    and (cast($object_id as varchar) is null or account_id = $object_id)
    and level = 'account'
    and (
        cast($after_day as date) is null
        or (date_day, account_id)
        > (cast($after_day as date), cast($after_account as varchar))
    )
order by date_day, account_id
limit $row_limit
