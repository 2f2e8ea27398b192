-- Grain: one row per campaign.
select *
from metrics.budget_reallocation($store, $since, $until)
order by account_id, campaign_id
