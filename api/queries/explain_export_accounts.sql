-- Grain: one row per account of the store: whether it is one of the export's. Makes the
-- view explain_exported_accounts: one row, the ids of those that its campaigns are of;
-- null where none of its campaigns is known: then it may be of any.
create or replace temporary view explain_exported_accounts as
select list(distinct account_id) filter (where account_id is not null) as ids
from explain_export;

select
    accounts.account_id,
    accounts.account_currency,
    exported.ids is null
    or list_contains(exported.ids, accounts.account_id) as is_exported
from marts.accounts
cross join explain_exported_accounts as exported
where accounts.store = $store
order by accounts.account_id
