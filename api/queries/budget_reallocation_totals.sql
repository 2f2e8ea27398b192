-- Grain: one row, of the store.
select *
from metrics.budget_reallocation_totals($store, $since, $until)
