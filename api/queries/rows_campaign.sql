-- Grain: one row per store, account, day, campaign and country, oldest day first, from
-- behind the cursor's row on.
select *
from core.meta_daily_metrics
where
    store = $store
    and date_day between cast($since as date) and cast($until as date)
    and (cast($object_id as varchar) is null or campaign_id = $object_id)
    and (cast($country as varchar) is null or country_code = $country)
    and (
        cast($campaign_ids as varchar[]) is null
        or list_contains(cast($campaign_ids as varchar[]), campaign_id)
    )
    and (
        cast($after_day as date) is null
        or (date_day, account_id, campaign_id, country_code)
        > (
            cast($after_day as date),
            cast($after_account as varchar),
            cast($after_object as varchar),
            cast($after_country as varchar)
        )
    )
order by date_day, account_id, campaign_id, country_code
limit $row_limit
