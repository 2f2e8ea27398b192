-- Grain: one row per account of the store: whether the export has a campaign of it, or
-- has none that is known, and may be of any.
with exported as (

    select list(distinct account_id) filter (where account_id is not null) as ids
    from explain_export

)

select
    accounts.account_id,
    accounts.account_currency,
    exported.ids is null
    or list_contains(exported.ids, accounts.account_id) as is_exported
from marts.accounts
cross join exported
where accounts.store = $store
order by accounts.account_id
