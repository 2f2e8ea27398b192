-- Grain: no row. Fails where a snapshot lacks a table that the other queries read.
select 1 as is_whole
from marts.accounts
cross join marts.account_days
cross join marts.level_days
cross join marts.dashboard_daily
cross join marts.dashboard_campaigns
cross join marts.object_tree
cross join marts.status_checks
cross join marts.explain_rows
cross join marts.reader_contracts
cross join core.meta_daily_metrics
cross join core.meta_adset_metrics
cross join core.meta_ad_metrics
cross join core.meta_level_totals
where metrics.change(1, 1) > 0
-- No row is wanted, only the columns.
limit 0 -- noqa: AM09
