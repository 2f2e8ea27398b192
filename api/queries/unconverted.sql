-- Grain: one row per account currency with rows of the window that lack a rate.
select
    account_currency,
    count(*) as unconverted_rows,
    sum(spend_account_currency) as unconverted_spend,
    sum(purchases) as unconverted_purchases,
    sum(purchase_value_account_currency) as unconverted_purchase_value
from marts.dashboard_daily
where
    store = $store
    and date_day between cast($since as date) and cast($until as date)
    and spend is null
group by account_currency
order by account_currency
