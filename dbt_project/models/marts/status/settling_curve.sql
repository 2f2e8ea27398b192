-- Grain: one row per account and age in days, 0 to 27: the share of a day's purchases
-- that is known when so many of the account's days have passed since.
-- Chain ladder: for each age the growth to the next one, over all days of the last five
-- weeks that were seen at both (younger days lack their future, older ones the readings
-- in between), and the share is one over the product of the growths still to come.
{% set settled_after_days = 28 -%}
with store_accounts as (

    select * from {{ ref("int_meta__store_accounts") }}

),

visible_windows as (

    select * from {{ ref("int_meta__visible_windows") }}

),

day_versions as (

    select * from {{ ref("int_meta__day_versions") }}

),

insights as (

    select * from {{ ref("meta_insights") }}

),

restatements as (

    select * from {{ ref("restatements") }}

),

ages as (

    {% for age in range(settled_after_days + 1) -%}
    select {{ age }} as age_days
    {% if not loop.last -%}
    union all
    {% endif -%}
    {% endfor %}

),

newest as (

    select
        account_id,
        max(requested_at) as newest_read_at,
        max(date_day) as newest_day
    from visible_windows
    where level = 'account' and breakdown = 'none'
    group by account_id

),

first_readings as (

    select
        account_id,
        date_day,
        min(read_at) as first_read_at
    from day_versions
    where level = 'account'
    group by account_id, date_day

),

days as (

    select
        first_readings.account_id,
        first_readings.date_day,
        first_readings.first_read_at,
        newest.newest_read_at,
        store_accounts.store,
        store_accounts.timezone_name,
        coalesce(insights.purchases, 0) as purchases
    from first_readings
    inner join newest on first_readings.account_id = newest.account_id
    inner join store_accounts
        on first_readings.account_id = store_accounts.account_id
    left join insights
        on
            first_readings.account_id = insights.account_id
            and first_readings.date_day = insights.date_day
            and insights.level = 'account'
            and insights.is_total
    where
        first_readings.date_day
        > {{ dbt.dateadd("day", -35, "newest.newest_day") }}

),

aged as (

    select
        days.*,
        ages.age_days,
        {{ end_of_day(
            dbt.dateadd("day", "ages.age_days", "days.date_day"), "days.timezone_name"
        ) }} as age_ends_at
    from days
    cross join ages

),

-- What was known when an age ended: what is known now, without what came later.
known as (

    select
        aged.store,
        aged.account_id,
        aged.date_day,
        aged.age_days,
        aged.purchases - coalesce(sum(restatements.purchases_change), 0) as purchases
    from aged
    left join restatements
        on
            aged.account_id = restatements.account_id
            and aged.date_day = restatements.date_day
            and restatements.level = 'account'
            and aged.age_ends_at < restatements.read_at
    where
        aged.age_ends_at >= aged.first_read_at
        and aged.age_ends_at <= aged.newest_read_at
    group by
        aged.store, aged.account_id, aged.date_day, aged.age_days, aged.purchases

),

grown as (

    select
        known.store,
        known.account_id,
        known.age_days,
        count(*) as day_count,
        sum(known.purchases) as purchases,
        sum(later.purchases) as purchases_a_day_later
    from known
    inner join known as later
        on
            known.account_id = later.account_id
            and known.date_day = later.date_day
            and known.age_days + 1 = later.age_days
    group by known.store, known.account_id, known.age_days

),

-- All growths still to come, or the share is not known.
compounded as (

    select
        *,
        sum(
            case
                when purchases > 0 and purchases_a_day_later > 0
                    then
                        ln(
                            cast(purchases_a_day_later as {{ type_double() }})
                            / purchases
                        )
            end
        ) over (
            partition by account_id
            order by age_days desc
            rows between unbounded preceding and current row
        ) as growth_to_come,
        count(
            case when purchases > 0 and purchases_a_day_later > 0 then 1 end
        ) over (
            partition by account_id
            order by age_days desc
            rows between unbounded preceding and current row
        ) as growths_to_come
    from grown

),

typed as (

    select
        store,
        account_id,
        cast(age_days as bigint) as age_days,
        cast(day_count as bigint) as day_count,
        cast(purchases as bigint) as purchases,
        cast(purchases_a_day_later as bigint) as purchases_a_day_later,
        cast(
            case
                when growths_to_come = {{ settled_after_days }} - age_days
                    then exp(-growth_to_come)
            end
            as {{ type_double() }}
        ) as settled_share
    from compounded

)

select * from typed
