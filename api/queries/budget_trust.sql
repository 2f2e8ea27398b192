-- Grain: one row, of the store and window.
select *
from metrics.budget_trust($store, $since, $until)
