-- Grain: one row per account (null: all) and country (null: all), of the newest
-- complete day of the window or before it; of one country, that and all together.
select *
from metrics.budget_priors_for($store, $until)
where
    cast($country as varchar) is null
    or country_code is null
    or country_code = $country
order by account_id nulls first, country_code nulls first
