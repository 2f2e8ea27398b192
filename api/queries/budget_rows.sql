-- Grain: one row per level, account, campaign, ad set and country. A country narrows
-- the rows of campaigns in countries alone.
select *
from metrics.budget_rows($store, $since, $until)
where
    cast($country as varchar) is null
    or country_code is null
    or country_code = $country
order by level, spend desc nulls last, account_id, campaign_id, adset_id, country_code
