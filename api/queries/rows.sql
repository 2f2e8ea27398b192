-- Grain: one row per row of the level, oldest day first, from behind the cursor's row
-- on. Rows of accounts have no country.
select *
from queries.level_rows
where
    cast($after_day as date) is null
    or (date_day, account_id, object_id, coalesce(country_code, ''))
    > (
        cast($after_day as date),
        cast($after_account as varchar),
        cast($after_object as varchar),
        cast($after_country as varchar)
    )
order by date_day, account_id, object_id, country_code
limit $row_limit
