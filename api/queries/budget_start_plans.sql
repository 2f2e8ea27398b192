-- Grain: one row per country.
select *
from metrics.budget_start_plans($store, $since, $until)
where cast($country as varchar) is null or country_code = $country
order by country_code
