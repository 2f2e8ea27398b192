-- Grain: one row per asked campaign id that the store has.
select distinct campaign_id
from marts.dashboard_campaigns
where
    store = $store
    and list_contains(cast($campaign_ids as varchar[]), campaign_id)
order by campaign_id
